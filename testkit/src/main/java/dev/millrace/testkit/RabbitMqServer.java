package dev.millrace.testkit;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A real RabbitMQ on a free port, with its files in a temporary directory.
///
/// Runs what `rabbitmq-server` is installed on this machine, under a name and with a port mapper of
/// its own, so that any number of them stay apart. Users are as RabbitMQ comes: `guest` with
/// password `guest`.
public final class RabbitMqServer implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

    private final Path directory;
    private final int port = freePort();
    private final int distributionPort = freePort();
    private final int mapperPort = freePort();
    private @Nullable Process mapper;
    private @Nullable Process server;

    private RabbitMqServer(Path directory) {
        this.directory = directory;
    }

    /// A server that has been started for the first time.
    ///
    /// @throws IllegalStateException when it is not installed, saying how to, or does not start
    public static RabbitMqServer launch() {
        try {
            var launched = new RabbitMqServer(Files.createTempDirectory("millrace-rabbitmq-"));
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(launched::kill, "rabbitmq-server-close"));
            launched.start();
            return launched;
        } catch (IOException e) {
            throw new UncheckedIOException("rabbitmq: no temporary directory", e);
        }
    }

    public int port() {
        return port;
    }

    public String address() {
        return "127.0.0.1:" + port;
    }

    /// Starts it again after [#kill()], on the same port and with what it had on disk.
    public void start() {
        Path home = directory.resolve("home");
        try {
            Files.createDirectories(home);
            Files.writeString(
                    directory.resolve("rabbitmq.conf"),
                    "listeners.tcp.1 = 127.0.0.1:" + port + "\n");
            var environment =
                    Map.ofEntries(
                            Map.entry("HOME", home.toString()),
                            Map.entry("RABBITMQ_NODENAME", "millrace" + port + "@localhost"),
                            Map.entry("RABBITMQ_MNESIA_BASE", directory.resolve("mnesia") + ""),
                            Map.entry("RABBITMQ_LOG_BASE", directory.resolve("log") + ""),
                            Map.entry("RABBITMQ_LOGS", "-"),
                            Map.entry("RABBITMQ_CONFIG_FILE", directory.resolve("rabbitmq") + ""),
                            Map.entry(
                                    "RABBITMQ_ENABLED_PLUGINS_FILE",
                                    directory.resolve("plugins") + ""),
                            Map.entry("RABBITMQ_PID_FILE", directory.resolve("pid") + ""),
                            Map.entry("RABBITMQ_NODE_PORT", Integer.toString(port)),
                            Map.entry("RABBITMQ_DIST_PORT", Integer.toString(distributionPort)),
                            Map.entry("ERL_EPMD_PORT", Integer.toString(mapperPort)));
            // In the foreground; left to the server, it would stay behind as a daemon.
            mapper = run(List.of(installed("epmd").toString()), environment, "epmd.log");
            awaitPort(mapper, mapperPort);
            server = run(List.of(serverScript().toString()), environment, "server.log");
            awaitPort(server, port);
        } catch (IOException e) {
            throw new UncheckedIOException("rabbitmq: not started", e);
        }
    }

    private Process run(List<String> command, Map<String, String> environment, String log)
            throws IOException {
        var builder =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(
                                ProcessBuilder.Redirect.appendTo(directory.resolve(log).toFile()));
        builder.environment().putAll(environment);
        return builder.start();
    }

    // The script on the path would change users when run by root.
    private static Path serverScript() throws IOException {
        Path found = installed("rabbitmq-server").toRealPath();
        Path beside = found.resolveSibling("rabbitmq-server");
        return Files.isExecutable(beside) ? beside : found;
    }

    private static Path installed(String program) {
        var folders = new ArrayList<>(List.of(System.getenv("PATH").split(File.pathSeparator)));
        folders.add("/usr/sbin");
        return folders.stream()
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() ->
                        new IllegalStateException(
                                program
                                        + ": not on the PATH (expected: RabbitMQ, installed with"
                                        + " `apt-get install rabbitmq-server`)"));
    }

    private void awaitPort(Process process, int awaited) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!answers(awaited)) {
            if (!process.isAlive() || System.nanoTime() > deadline) {
                throw new IllegalStateException(
                        "rabbitmq: port " + awaited + " does not answer; it said: " + lastWords());
            }
            LockSupport.parkNanos(MILLISECONDS.toNanos(50));
        }
    }

    private String lastWords() throws IOException {
        Path log = directory.resolve("server.log");
        if (!Files.exists(log)) {
            return "nothing";
        }
        String text = Files.readString(log);
        return text.substring(Math.max(0, text.length() - 2_000));
    }

    private static boolean answers(int port) {
        try (var _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    private static int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("rabbitmq: no free port", e);
        }
    }

    /// Ends it at once, as a crash would. Idempotent.
    public void kill() {
        end(server);
        end(mapper);
        server = null;
        mapper = null;
    }

    private static void end(@Nullable Process process) {
        if (process == null) {
            return;
        }
        var all = new ArrayList<>(process.descendants().toList());
        all.add(process.toHandle());
        all.forEach(ProcessHandle::destroyForcibly);
        try {
            process.waitFor(CLOSE_TIMEOUT.toSeconds(), SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Ends it and removes its files. Idempotent.
    @Override
    public void close() {
        kill();
        if (!Files.exists(directory)) {
            return;
        }
        try (var paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("rabbitmq: cannot delete " + directory, e);
        }
    }
}
