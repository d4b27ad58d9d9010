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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

/// What a span costs from the request to the store, as zipkin-storage-kafka was measured: spans of
/// 198 bytes in Zipkin's protobuf, a hundred in a request, at a fixed rate, over four partitions.
///
/// That one does everything in one process: taking in, partitioning, aggregation, storage and
/// links. Here each role has a process, so that each has a figure, and the sum is what compares.
/// Two stores follow at the same time, one the completed traces and one the spans as they come; a
/// deployment has one of them.
final class KafkaStoreCost {

    private static final int PARTITIONS = 4;
    private static final long SEED = 11;
    private static final int CONNECTIONS = 4;
    private static final Duration WARM_UP = Duration.ofSeconds(10);
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofMinutes(8);
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(30);

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
            var collector = stage.role("collector", Map.of(), "collector");
            var aggregator = stage.role("aggregator", Map.of(), "aggregator");
            var traces = stage.store("store-of-traces", "traces", Map.of());
            var spans =
                    stage.store("store-of-spans", "spans", Map.of("storage.kafka.source", "spans"));
            var roles = List.of(collector, aggregator, traces, spans);
            for (var role : roles) {
                role.start();
            }
            long count = Math.max(10_000, (long) (options.spans() * mark.share()));
            send(http, collector, Math.min(count, mark.spansPerSecond() * WARM_UP.toSeconds()));
            awaitStored(traces);
            awaitStored(spans);
            var before = usage(stage, roles);
            long sentBefore = sent;
            long begin = System.nanoTime();
            send(http, collector, count);
            double seconds = (System.nanoTime() - begin) / 1e9;
            awaitStored(traces);
            awaitStored(spans);
            var after = usage(stage, roles);
            long measured = sent - sentBefore;
            figures.add(mark.part(), "spans/s sent", "%,.0f", measured / seconds);
            figures.add(mark.part(), "spans measured", "%,.0f", (double) measured);
            tellCosts(
                    new Costs(
                            perMillion(before, after, collector, measured),
                            perMillion(before, after, aggregator, measured),
                            perMillion(before, after, traces, measured),
                            perMillion(before, after, spans, measured),
                            perMillion(before, after, stage.broker(), measured)));
            tellSizes("completed traces", traces);
            tellSizes("spans as they come", spans);
            figures.add(mark.part(), "load of the machine", "%.1f", ProcessUsage.machineLoad());
            // In order, so that recordings are complete.
            for (var role : roles.reversed()) {
                role.stop();
            }
        }
    }

    /// CPU seconds a million spans.
    private record Costs(
            double collector, double aggregator, double traces, double spans, double broker) {}

    private void tellCosts(Costs costs) {
        String part = mark.part();
        add("collector", costs.collector());
        add("aggregator", costs.aggregator());
        add("store of completed traces", costs.traces());
        add("store of spans as they come", costs.spans());
        tellSum("aggregator and store of completed traces", costs.aggregator() + costs.traces());
        tellSum(
                "collector, aggregator and store of completed traces",
                costs.collector() + costs.aggregator() + costs.traces());
        tellSum(
                "collector, aggregator and store of spans as they come",
                costs.collector() + costs.aggregator() + costs.spans());
        figures.add(
                part,
                "broker: CPU s per million spans, two stores reading",
                "%.2f",
                costs.broker());
    }

    private void add(String what, double cpu) {
        figures.add(mark.part(), what + ": CPU s per million spans", "%.2f", cpu);
    }

    private void tellSum(String what, double cpu) {
        figures.atMost(
                mark.part(), what + ": CPU s per million spans", "%.2f", cpu, mark.cpu() / TIMES);
        figures.add(
                mark.part(),
                what + ": of zipkin-storage-kafka's %.0f, times less".formatted(mark.cpu()),
                "%.1f",
                mark.cpu() / cpu);
    }

    private void tellSizes(String what, MillraceProcess store)
            throws IOException, InterruptedException {
        figures.add(
                mark.part(),
                "store of " + what + ": peak resident memory, MB",
                "%,.0f",
                ProcessUsage.of(store.pid()).peakResidentBytes() / 1e6);
        figures.add(
                mark.part(),
                "store of " + what + ": bytes on disk per span",
                "%.1f",
                bytes(Path.of(store.setting("data-dir"), "kafka-store")) / (double) sent);
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

    private static Map<MillraceProcess, Double> usage(KafkaStage stage, List<MillraceProcess> roles)
            throws IOException {
        var usage = new LinkedHashMap<MillraceProcess, Double>();
        for (var role : roles) {
            usage.put(role, ProcessUsage.of(role.pid()).cpuSeconds());
        }
        usage.put(stage.broker(), ProcessUsage.of(stage.broker().pid()).cpuSeconds());
        return usage;
    }

    private static double perMillion(
            Map<MillraceProcess, Double> before,
            Map<MillraceProcess, Double> after,
            MillraceProcess process,
            long spans) {
        return (after.getOrDefault(process, 0.0) - before.getOrDefault(process, 0.0)) / spans * 1e6;
    }

    // A request is due at its time whatever became of those before it, as long as few are without
    // an
    // answer.
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
