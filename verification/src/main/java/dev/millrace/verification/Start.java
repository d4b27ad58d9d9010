package dev.millrace.verification;

import dev.millrace.server.config.ConfigSources;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// A start of `./millrace up` on an empty data directory, measured.
///
/// @param untilReady from the command to the first answer that it is ready
/// @param megabytes in memory when nothing was sent for a while
record Start(Duration untilReady, long megabytes) {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration BETWEEN_QUESTIONS = Duration.ofMillis(10);
    private static final Duration IDLE = Duration.ofSeconds(5);

    static Start measure(HttpClient client) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("millrace-start");
        int healthPort = FreePorts.next();
        long began = System.nanoTime();
        var process =
                new ProcessBuilder(command(healthPort, directory))
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("log").toFile())
                        .start();
        try {
            awaitReady(client, healthPort, process, directory.resolve("log"));
            var untilReady = Duration.ofNanos(System.nanoTime() - began);
            LockSupport.parkNanos(IDLE.toNanos());
            return new Start(
                    untilReady, ProcessUsage.of(process.pid()).residentBytes() / (1024 * 1024));
        } finally {
            process.destroy();
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            delete(directory);
        }
    }

    private static List<String> command(int healthPort, Path directory) {
        var command = new ArrayList<>(List.of("./millrace", "up"));
        command.addAll(List.of("--set", "data-dir=" + directory.resolve("data")));
        for (String key : ConfigSources.portKeys()) {
            command.addAll(
                    List.of("--set", key + "=" + (key.equals("health.port") ? healthPort : 0)));
        }
        return command;
    }

    private static void awaitReady(HttpClient client, int port, Process process, Path log)
            throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/ready"));
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!answersReady(client, request.build())) {
            if (!process.isAlive() || System.nanoTime() > deadline) {
                throw new IllegalStateException("not ready; its log:\n" + Files.readString(log));
            }
            LockSupport.parkNanos(BETWEEN_QUESTIONS.toNanos());
        }
    }

    private static boolean answersReady(HttpClient client, HttpRequest request)
            throws InterruptedException {
        try {
            return client.send(request, BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException _) {
            return false; // nothing listens yet
        }
    }

    static void delete(Path directory) throws IOException {
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
