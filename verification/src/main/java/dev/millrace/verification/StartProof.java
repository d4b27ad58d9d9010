package dev.millrace.verification;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
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
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Measures how soon `./millrace up` is ready on an empty data directory, and how much memory the
/// idle process takes. Fails when the median start takes longer than 5 s or the memory exceeds 600
/// MB.
public final class StartProof {

    private static final int STARTS = 5;
    private static final Duration LONGEST = Duration.ofSeconds(5);
    private static final long MOST_MEGABYTES = 600;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration BETWEEN_QUESTIONS = Duration.ofMillis(10);
    private static final Duration IDLE = Duration.ofSeconds(5);

    private record Start(Duration untilReady, long megabytes) {}

    private StartProof() {}

    public static void main(String[] arguments) throws Exception {
        var starts = new ArrayList<Start>();
        try (var client = HttpClient.newHttpClient()) {
            for (int i = 1; i <= STARTS; i++) {
                var start = once(client);
                starts.add(start);
                System.out.printf(
                        Locale.ROOT,
                        "start %d: ready after %d ms, %d MB when idle%n",
                        i,
                        start.untilReady.toMillis(),
                        start.megabytes);
            }
        }
        var median = median(starts);
        long most = starts.stream().mapToLong(Start::megabytes).max().orElseThrow();
        System.out.printf(
                Locale.ROOT,
                "median %d ms (promised: at most %d ms), at most %d MB (promised: at most %d MB)%n",
                median.toMillis(),
                LONGEST.toMillis(),
                most,
                MOST_MEGABYTES);
        System.exit(median.compareTo(LONGEST) <= 0 && most <= MOST_MEGABYTES ? 0 : 1);
    }

    private static Duration median(List<Start> starts) {
        return starts.stream().map(Start::untilReady).sorted().toList().get(starts.size() / 2);
    }

    private static Start once(HttpClient client) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("millrace-start");
        int healthPort = freePort();
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
            return new Start(untilReady, residentMegabytes(process));
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
        for (String setting :
                List.of(
                        "data-dir=" + directory.resolve("data"),
                        "health.port=" + healthPort,
                        "metrics.port=0",
                        "broker.port=0",
                        "collector.grpc-port=0",
                        "collector.http-port=0",
                        "query.port=0")) {
            command.add("--set");
            command.add(setting);
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

    private static long residentMegabytes(Process process) throws IOException {
        Path status = Path.of("/proc", Long.toString(process.pid()), "status");
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
            }
        }
        throw new IllegalStateException(status + " names no VmRSS");
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static void delete(Path directory) throws IOException {
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
