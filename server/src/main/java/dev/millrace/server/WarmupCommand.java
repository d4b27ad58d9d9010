package dev.millrace.server;

import dev.millrace.server.config.ConfigSources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `millrace warmup`: starts everything on free ports and an empty directory, and stops again.
///
/// The launcher runs it once after a build, under the JVM's AOT training, so that later starts find
/// their classes loaded and linked. `millrace warmup agent` starts an agent only, for a cache of
/// its own: in one that has everything the agent would be thrice its size.
@Command(
        name = "warmup",
        hidden = true,
        description = "Starts everything once and stops, to train the JVM's AOT cache.")
final class WarmupCommand implements Callable<Integer> {

    private final Clock clock;

    @Parameters(
            paramLabel = "ROLE",
            arity = "0..1",
            converter = UpCommand.ToRole.class,
            description = "Only this.")
    private Set<Role> roles = EnumSet.noneOf(Role.class);

    WarmupCommand(Clock clock) {
        this.clock = clock;
    }

    @Override
    public Integer call() throws Exception {
        Path directory = Files.createTempDirectory("millrace-warmup");
        try {
            boolean agent = roles.contains(Role.AGENT);
            var config =
                    new ConfigSources()
                            .flags(List.of("data-dir=" + directory, "log.level=warn"))
                            // Nobody listens there.
                            .flags(agent ? List.of("agent.collectors=127.0.0.1:1") : List.of())
                            .flags(
                                    ConfigSources.portKeys().stream()
                                            .map(key -> key + "=0")
                                            .toList())
                            .load()
                            .values();
            Logging.apply(config.log());
            var wiring = new Roles(config, roles.isEmpty() ? Role.together() : roles, clock);
            try (var millrace = new Millrace(config, wiring, clock)) {
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
