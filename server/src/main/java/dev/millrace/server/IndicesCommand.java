package dev.millrace.server;

import dev.millrace.model.Tenant;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.Durations;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.elasticsearch.IndexMaintenance;
import dev.millrace.storage.elasticsearch.RolloverLimits;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `millrace indices`: the upkeep of Elasticsearch or OpenSearch, for those who leave none of it to
/// the schedule, or want it now.
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
        var whose = tenant(tenant);
        return with(options, (indices, _) -> indices.prepare(whose));
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
                            description = "Whose (default: those of the tenant default).")
                    @Nullable String tenant,
            @Option(
                            names = "--all-tenants",
                            description = "Those of all tenants that are known to be ours.")
                    boolean allTenants,
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
        var limits = limits(duration("--age", age), documents);
        if (allTenants && tenant != null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--all-tenants: given besides --tenant (expected: one of the two)");
        }
        var one = tenant(tenant == null ? Tenant.DEFAULT.name() : tenant);
        return with(
                options,
                (indices, print) -> {
                    if (!allTenants) {
                        indices.rollOver(one, limits).forEach(print);
                        return;
                    }
                    var rolledOver = indices.rollOver(limits);
                    rolledOver.begun().forEach(print);
                    if (!rolledOver.failures().isEmpty()) {
                        throw new StoreException(
                                StoreException.Kind.UNAVAILABLE,
                                String.join("; ", rolledOver.failures()));
                    }
                });
    }

    private RolloverLimits limits(Duration age, long documents) {
        try {
            return new RolloverLimits(age, documents);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--" + e.getMessage(), e);
        }
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
        return with(options, (indices, print) -> indices.dropBefore(horizon).forEach(print));
    }

    /// Does something to the indices, and prints names of some.
    private int with(ConfigOptions options, BiConsumer<IndexMaintenance, Consumer<String>> work)
            throws ConfigException, StartException {
        var config = StoreConfigs.elasticsearch(options.load(environment).values());
        var out = spec.commandLine().getOut();
        try (var indices = new IndexMaintenance(config)) {
            work.accept(indices, out::println);
            return 0;
        } catch (StoreException e) {
            throw new StartException(String.valueOf(e.getMessage()), e);
        } finally {
            out.flush();
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
