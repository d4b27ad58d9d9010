package dev.millrace.server;

import dev.millrace.server.config.ConfigSources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Comparator;
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
                            .flags(
                                    ConfigSources.portKeys().stream()
                                            .map(key -> key + "=0")
                                            .toList())
                            .load()
                            .values();
            Logging.apply(config.log());
            var roles = new Roles(config, Role.together(), clock);
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
