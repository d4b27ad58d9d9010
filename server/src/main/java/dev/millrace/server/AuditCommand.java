package dev.millrace.server;

import dev.millrace.pipeline.Audit;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.Durations;
import dev.millrace.server.config.MillraceConfig;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `millrace audit`: what became of every span, by a running system's own books.
@Command(
        name = "audit",
        mixinStandardHelpOptions = true,
        versionProvider = Commands.FromJar.class,
        description = {
            "Checks that every span of a running system has exactly one fate, and names the hop"
                    + " where it has none or two.",
            "Reads what Kafka has and changes nothing. Takes the settings the system was started"
                    + " with.",
            "Exits with 0 when the balance closes, and with 1 when it does not."
        })
final class AuditCommand implements Callable<Integer> {

    private final Map<String, String> environment;
    private final Clock clock;

    @Mixin private final ConfigOptions options = new ConfigOptions();

    @Option(
            names = "--since",
            paramLabel = "DURATION",
            defaultValue = "1h",
            description = "How far back to look, such as 10m or 7d (default: ${DEFAULT-VALUE}).")
    private String since = "1h";

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
    private CommandSpec spec;

    AuditCommand(Map<String, String> environment, Clock clock) {
        this.environment = environment;
        this.clock = clock;
    }

    @Override
    public Integer call() throws ConfigException, StartException {
        var config = options.load(environment).values();
        if (config.mode() == MillraceConfig.Mode.DIRECT) {
            throw new StartException(
                    "mode: direct (expected: streaming, which has a log to audit)");
        }
        try {
            var clients = new KafkaClients(PipelineConfigs.kafka(config));
            var from = clock.instant().minus(window());
            var report =
                    Audit.run(
                            clients,
                            PipelineConfigs.topics(config),
                            PipelineConfigs.ingesterSource(config),
                            from);
            var out = spec.commandLine().getOut();
            out.print(report.text());
            out.flush();
            return report.closes() ? 0 : Commands.FAILED;
        } catch (KafkaException e) {
            throw new StartException("Kafka cannot be read: " + e.getMessage(), e);
        }
    }

    private Duration window() {
        try {
            return Durations.parse(since);
        } catch (IllegalArgumentException _) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--since: \"" + since + "\" (expected: a number and ms, s, m, h or d)");
        }
    }
}
