package dev.millrace.server;

import dev.millrace.server.config.ConfigSources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// `millrace warmup`: starts everything on free ports and an empty directory, and stops again.
///
/// The launcher runs it once after a build, under the JVM's AOT training, so that later starts find
/// their classes loaded and linked.
@Command(
        name = "warmup",
        hidden = true,
        description = "Starts everything once and stops, to train the JVM's AOT cache.")
final class WarmupCommand implements Callable<Integer> {

    private static final List<String> FREE_PORTS =
            List.of(
                    "broker.port=0",
                    "collector.grpc-port=0",
                    "collector.http-port=0",
                    "query.port=0",
                    "health.port=0",
                    "metrics.port=0");

    private final Clock clock;

    WarmupCommand(Clock clock) {
        this.clock = clock;
    }

    @Override
    public Integer call() throws Exception {
        Path directory = Files.createTempDirectory("millrace-warmup");
        try {
            var config =
                    new ConfigSources()
                            .flags(List.of("data-dir=" + directory, "log.level=warn"))
                            .flags(FREE_PORTS)
                            .load()
                            .values();
            Logging.apply(config.log());
            var roles = new Roles(config, EnumSet.allOf(Role.class), clock);
            try (var millrace = new Millrace(config, roles, clock)) {
                millrace.start();
            }
        } finally {
            delete(directory);
        }
        return 0;
    }

    private static void delete(Path directory) throws IOException {
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
