package dev.millrace.server;

import dev.millrace.model.Tenant;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.Durations;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.elasticsearch.IndexMaintenance;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `millrace indices`: the upkeep of Elasticsearch or OpenSearch, for those who leave none of it to
/// the store, or want it now.
@Command(
        name = "indices",
        mixinStandardHelpOptions = true,
        versionProvider = Commands.FromJar.class,
        description = {
            "Creates, rolls over and drops the indices of storage.elasticsearch, whatever store is in"
                    + " use.",
        })
final class IndicesCommand implements Runnable {

    private final Map<String, String> environment;
    private final Clock clock;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
    private CommandSpec spec;

    IndicesCommand(Map<String, String> environment, Clock clock) {
        this.environment = environment;
        this.clock = clock;
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "A command is missing: prepare, roll-over or drop.");
    }

    @Command(
            name = "prepare",
            mixinStandardHelpOptions = true,
            description = {
                "Creates the templates and, for the rollover layout, the first indices and aliases"
                        + " that are not there."
            })
    int prepare(
            @Mixin ConfigOptions options,
            @Option(
                            names = "--tenant",
                            paramLabel = "NAME",
                            defaultValue = "default",
                            description = "Whose (default: ${DEFAULT-VALUE}).")
                    String tenant)
            throws ConfigException, StartException {
        return with(
                options,
                maintenance -> {
                    maintenance.prepare(tenant(tenant));
                    return List.of();
                });
    }

    @Command(
            name = "roll-over",
            mixinStandardHelpOptions = true,
            description = {
                "Begins new indices where the present ones are old or large, and prints their names."
            })
    int rollOver(
            @Mixin ConfigOptions options,
            @Option(
                            names = "--tenant",
                            paramLabel = "NAME",
                            defaultValue = "default",
                            description = "Whose (default: ${DEFAULT-VALUE}).")
                    String tenant,
            @Option(
                            names = "--age",
                            paramLabel = "DURATION",
                            defaultValue = "2d",
                            description =
                                    "That old, such as 12h or 2d (default: ${DEFAULT-VALUE}).")
                    String age,
            @Option(
                            names = "--documents",
                            paramLabel = "NUMBER",
                            defaultValue = "100000000",
                            description = "... or that many in them (default: ${DEFAULT-VALUE}).")
                    long documents)
            throws ConfigException, StartException {
        var oldest = duration("--age", age);
        return with(
                options, maintenance -> maintenance.rollOver(tenant(tenant), oldest, documents));
    }

    @Command(
            name = "drop",
            mixinStandardHelpOptions = true,
            description = {
                "Drops the indices of all tenants that hold nothing younger, and prints their names."
            })
    int drop(
            @Mixin ConfigOptions options,
            @Option(
                            names = "--older-than",
                            required = true,
                            paramLabel = "DURATION",
                            description = "The age of the youngest span, such as 14d.")
                    String olderThan)
            throws ConfigException, StartException {
        var horizon = clock.instant().minus(duration("--older-than", olderThan));
        return with(options, maintenance -> maintenance.dropBefore(horizon));
    }

    private int with(ConfigOptions options, Function<IndexMaintenance, List<String>> work)
            throws ConfigException, StartException {
        var config = StoreConfigs.elasticsearch(options.load(environment).values());
        var out = spec.commandLine().getOut();
        try (var maintenance = new IndexMaintenance(config)) {
            work.apply(maintenance).forEach(out::println);
            out.flush();
            return 0;
        } catch (StoreException e) {
            throw new StartException(String.valueOf(e.getMessage()), e);
        }
    }

    private Tenant tenant(String name) {
        try {
            return new Tenant(name);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--tenant: " + e.getMessage(), e);
        }
    }

    private Duration duration(String option, String text) {
        try {
            return Durations.parse(text);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    spec.commandLine(),
                    option + ": \"" + text + "\" (expected: a number and ms, s, m, h or d)",
                    e);
        }
    }
}
