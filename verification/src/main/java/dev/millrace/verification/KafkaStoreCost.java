package dev.millrace.verification;

import dev.millrace.verification.ZipkinTraffic.Shape;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

/// What a span costs from the request to the store, as zipkin-storage-kafka was measured: spans of
/// 198 bytes in Zipkin's protobuf, a hundred in a request, at a fixed rate, over four partitions,
/// with a heap of 2 GB, from ten seconds after the start on.
///
/// As there, one process does everything but the broker's work: taking in, aggregation, storage and
/// links.
final class KafkaStoreCost {

    private static final int PARTITIONS = 4;
    private static final long SEED = 11;
    private static final int CONNECTIONS = 4;
    private static final Duration WARM_UP = Duration.ofSeconds(10);
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofMinutes(8);
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(30);

    private static final String HEAP = "-Xmx2g";

    /// How much better than that one is asked for.
    private static final double TIMES = 10;

    private static final String STORED = "millrace_store_spans_total";

    /// What was measured of zipkin-storage-kafka for a shape, and how.
    ///
    /// @param cpu seconds a million spans
    /// @param share of the spans to send, so that both shapes take as long
    private record Mark(String part, double cpu, long spansPerSecond, double share) {

        static Mark of(Shape shape) {
            return switch (shape) {
                case WHOLE -> new Mark("kafka store, traces whole", 52, 20_000, 1);
                case APART -> new Mark("kafka store, spans apart", 148, 6_000, 0.3);
            };
        }
    }

    private final Path directory;
    private final BenchOptions options;
    private final Figures figures;
    private final Mark mark;
    private final ZipkinTraffic traffic;
    private long sent;

    KafkaStoreCost(Path directory, BenchOptions options, Figures figures, Shape shape) {
        this.directory = directory.resolve("kafka-store-" + shape.name().toLowerCase(Locale.ROOT));
        this.options = options;
        this.figures = figures;
        this.mark = Mark.of(shape);
        this.traffic = new ZipkinTraffic(SEED, shape, Clock.systemUTC());
    }

    void run() throws IOException, InterruptedException {
        try (var stage =
                        new KafkaStage(
                                directory,
                                options,
                                PARTITIONS,
                                Map.of("topics.traces-complete.retention", "7d"));
                var http = HttpClient.newHttpClient()) {
            stage.start();
            var server = stage.storeWithAllRoles("server", "traces", HEAP);
            server.start();
            long count = Math.max(10_000, (long) (options.spans() * mark.share()));
            send(http, server, Math.min(count, mark.spansPerSecond() * WARM_UP.toSeconds()));
            awaitStored(server);
            var before = Usage.of(stage, server);
            long sentBefore = sent;
            long begin = System.nanoTime();
            send(http, server, count * 2 / 3);
            awaitStored(server);
            var between = Usage.of(stage, server);
            long sentBetween = sent;
            send(http, server, count / 3);
            double seconds = (System.nanoTime() - begin) / 1e9;
            awaitStored(server);
            var after = Usage.of(stage, server);
            figures.add(mark.part(), "spans/s sent", "%,.0f", (sent - sentBefore) / seconds);
            figures.add(mark.part(), "spans measured", "%,.0f", (double) sent - sentBefore);
            tellCost(after.minus(before, sent - sentBefore));
            // The compiler has come to rest by then.
            figures.add(
                    mark.part(),
                    "CPU s per million spans, the last third of them",
                    "%.2f",
                    after.minus(between, sent - sentBetween).server());
            tellSizes(server);
            figures.add(mark.part(), "load of the machine", "%.1f", ProcessUsage.machineLoad());
            // In order, so that recordings are complete.
            server.stop();
        }
    }

    /// CPU seconds.
    private record Usage(double server, double broker) {

        static Usage of(KafkaStage stage, MillraceProcess server) throws IOException {
            return new Usage(
                    ProcessUsage.of(server.pid()).cpuSeconds(),
                    ProcessUsage.of(stage.broker().pid()).cpuSeconds());
        }

        /// What was used since, for each million spans.
        Usage minus(Usage before, long spans) {
            return new Usage(
                    (server - before.server) / spans * 1e6, (broker - before.broker) / spans * 1e6);
        }
    }

    private void tellCost(Usage perMillion) {
        String part = mark.part();
        figures.atMost(
                part, "CPU s per million spans", "%.2f", perMillion.server(), mark.cpu() / TIMES);
        figures.add(
                part,
                "of zipkin-storage-kafka's %.0f, times less".formatted(mark.cpu()),
                "%.1f",
                mark.cpu() / perMillion.server());
        figures.add(part, "broker: CPU s per million spans", "%.2f", perMillion.broker());
    }

    private void tellSizes(MillraceProcess server) throws IOException, InterruptedException {
        figures.add(
                mark.part(),
                "peak resident memory, MB",
                "%,.0f",
                ProcessUsage.of(server.pid()).peakResidentBytes() / 1e6);
        figures.add(
                mark.part(),
                "bytes on disk per span",
                "%.1f",
                bytes(Path.of(server.setting("data-dir"), "kafka-store")) / (double) sent);
    }

    private static long bytes(Path folder) throws IOException {
        long bytes = 0;
        try (var files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }

    // A request is due at its time whatever became of those before it, as long as few are without
    // an answer.
    private void send(HttpClient http, MillraceProcess collector, long count)
            throws InterruptedException {
        var target =
                URI.create(
                        "http://127.0.0.1:"
                                + collector.setting("collector.receivers.zipkin.port")
                                + "/api/v2/spans");
        var inFlight = new ArrayDeque<CompletableFuture<HttpResponse<String>>>();
        long begin = System.nanoTime();
        long done = 0;
        while (done < count) {
            long due = begin + (long) (done * 1e9 / mark.spansPerSecond());
            for (long wait = due - System.nanoTime(); wait > 0; wait = due - System.nanoTime()) {
                LockSupport.parkNanos(wait);
            }
            if (inFlight.size() == CONNECTIONS) {
                check(inFlight.removeFirst().join());
            }
            inFlight.addLast(
                    http.sendAsync(
                            HttpRequest.newBuilder(target)
                                    .header("Content-Type", "application/x-protobuf")
                                    .timeout(REQUEST_TIMEOUT)
                                    .version(HttpClient.Version.HTTP_1_1)
                                    .POST(HttpRequest.BodyPublishers.ofByteArray(traffic.next()))
                                    .build(),
                            BodyHandlers.ofString()));
            done += ZipkinTraffic.REQUEST_SPANS;
        }
        inFlight.forEach(one -> check(one.join()));
        sent += done;
    }

    private static void check(HttpResponse<String> answer) {
        if (answer.statusCode() != 202) {
            throw new IllegalStateException(
                    "spans: status "
                            + answer.statusCode()
                            + ", "
                            + answer.body()
                            + " (expected: 202)");
        }
    }

    private void awaitStored(MillraceProcess store) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        for (double stored = store.metric(STORED); stored != sent; stored = store.metric(STORED)) {
            if (stored > sent || System.nanoTime() - begin > PATIENCE.toNanos()) {
                throw new IllegalStateException(
                        "%,.0f spans stored (expected: %,d within %s)%n%s"
                                .formatted(stored, sent, PATIENCE, store.tail()));
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
    }
}
