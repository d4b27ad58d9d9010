package dev.millrace.server;

import dev.millrace.pipeline.DeadLetter;
import dev.millrace.pipeline.DeadLetterReplay;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.Durations;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.storage.api.StoreException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `millrace dead-letters`: what was put aside, and the way back for it.
@Command(
        name = "dead-letters",
        mixinStandardHelpOptions = true,
        versionProvider = Commands.FromJar.class,
        description = {
            "Shows records that could not be understood or were refused, and replays them once what"
                    + " was wrong is mended.",
        })
final class DeadLettersCommand implements Runnable {

    private final Map<String, String> environment;
    private final Clock clock;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
    private CommandSpec spec;

    DeadLettersCommand(Map<String, String> environment, Clock clock) {
        this.environment = environment;
        this.clock = clock;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "A command is missing: list or replay.");
    }

    /// Which of them are meant.
    static final class Choice {

        @Option(
                names = "--reason",
                paramLabel = "TEXT",
                defaultValue = "",
                description = "Only those whose reason contains this, in whatever case.")
        private String reason = "";

        @Option(
                names = "--topic",
                paramLabel = "NAME",
                description = "Only those that came from this topic, by its whole name.")
        private @Nullable String topic;

        @Option(
                names = "--since",
                paramLabel = "DURATION",
                defaultValue = "7d",
                description =
                        "Only those put aside since then, such as 10m or 1d (default:"
                                + " ${DEFAULT-VALUE}).")
        private String since = "7d";

        @Option(
                names = "--until",
                paramLabel = "DURATION",
                defaultValue = "0s",
                description = "Only those put aside longer ago than this, such as 1h.")
        private String until = "0s";

        DeadLetter.Choice at(Instant now, CommandSpec spec) {
            return new DeadLetter.Choice(
                    reason,
                    topic,
                    ago(now, "--since", since, spec),
                    ago(now, "--until", until, spec));
        }

        private static Instant ago(Instant now, String option, String text, CommandSpec spec) {
            try {
                return now.minus(Durations.parse(text));
            } catch (IllegalArgumentException _) {
                throw new ParameterException(
                        spec.commandLine(),
                        option + ": \"" + text + "\" (expected: a number and ms, s, m, h or d)");
            }
        }
    }

    private static void requireTopics(MillraceConfig config) throws StartException {
        if (config.mode() == MillraceConfig.Mode.DIRECT) {
            throw new StartException(
                    "mode: direct (expected: streaming, which has a topic of dead letters)");
        }
    }

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = {
                "Shows dead letters: when, where among them, where from, how large, why.",
                "Reads what Kafka has and changes nothing."
            })
    int list(
            @Mixin ConfigOptions options,
            @Mixin Choice choice,
            @Option(
                            names = "--limit",
                            paramLabel = "N",
                            defaultValue = "1000",
                            description =
                                    "Show no more than this; all are counted (default:"
                                            + " ${DEFAULT-VALUE}).")
                    int limit)
            throws ConfigException, StartException {
        var config = options.load(environment).values();
        requireTopics(config);
        var meant = choice.at(clock.instant(), spec);
        var out = spec.commandLine().getOut();
        var count = new int[2];
        try {
            DeadLetterReplay.list(
                    new KafkaClients(PipelineConfigs.kafka(config)),
                    PipelineConfigs.topics(config),
                    meant,
                    listed -> {
                        if (count[0]++ < limit) {
                            print(listed, out);
                        }
                        if (listed.replayed()) {
                            count[1]++;
                        }
                    });
        } catch (KafkaException e) {
            throw new StartException("Kafka cannot be read: " + e.getMessage(), e);
        }
        out.printf("%,d dead letters, %,d of them replayed%n", count[0], count[1]);
        out.flush();
        return 0;
    }

    private static void print(DeadLetterReplay.Listed listed, PrintWriter out) {
        var letter = listed.letter();
        out.println(
                letter.when()
                        + "  "
                        + letter.place()
                        + "  from "
                        + letter.source()
                        + (letter.part() < 0 ? "" : "." + letter.part())
                        + "  "
                        + (letter.bytes() < 0 ? "not kept" : letter.bytes() + " B")
                        + "  "
                        + letter.reason()
                        + (listed.replayed() ? "  (replayed)" : ""));
    }

    /// Where letters are brought.
    enum Destination {
        /// To the topics they came from.
        TOPIC,
        /// To the store.
        STORE
    }

    @Command(
            name = "replay",
            mixinStandardHelpOptions = true,
            description = {
                "Replays dead letters, each of them once, and counts them at the end.",
                "To the topics they came from, where they are new records; or straight to the store,"
                        + " which must not be in use by another process when it is the embedded"
                        + " one.",
                "Exits with 0 when none was left, and with 1 when some were."
            })
    int replay(
            @Mixin ConfigOptions options,
            @Mixin Choice choice,
            @Option(
                            names = "--to",
                            paramLabel = "WHERE",
                            defaultValue = "topic",
                            description =
                                    "topic or store (default: ${DEFAULT-VALUE}). What came from"
                                            + " traces-complete goes to the store only.")
                    String to)
            throws ConfigException, StartException {
        var config = options.load(environment).values();
        requireTopics(config);
        var meant = choice.at(clock.instant(), spec);
        var clients = new KafkaClients(PipelineConfigs.kafka(config));
        var source = PipelineConfigs.ingesterSource(config);
        var err = spec.commandLine().getErr();
        DeadLetterReplay.Report report;
        try {
            report =
                    switch (destination(to)) {
                        case TOPIC ->
                                DeadLetterReplay.toTopics(
                                        clients,
                                        PipelineConfigs.topics(config),
                                        source,
                                        meant,
                                        count -> err.println(count + " replayed"));
                        case STORE -> {
                            var address = StoreAddress.configured(config);
                            var meters = new SimpleMeterRegistry();
                            try (var store = Stores.open(address, config, meters)) {
                                yield DeadLetterReplay.toStore(
                                        clients,
                                        PipelineConfigs.topics(config),
                                        source,
                                        meant,
                                        store,
                                        count -> err.println(count + " replayed"));
                            }
                        }
                    };
        } catch (KafkaException e) {
            throw new StartException("not all replayed: " + e.getMessage(), e);
        } catch (StoreException e) {
            throw new StartException("not all replayed, the store fails: " + e.getMessage(), e);
        }
        var out = spec.commandLine().getOut();
        out.print(report.text());
        out.flush();
        return report.isComplete() ? 0 : Commands.FAILED;
    }

    private Destination destination(String word) {
        return switch (word) {
            case "topic" -> Destination.TOPIC;
            case "store" -> Destination.STORE;
            default ->
                    throw new ParameterException(
                            spec.commandLine(), "--to: " + word + " (expected: topic or store)");
        };
    }
}
