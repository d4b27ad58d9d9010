package dev.millrace.verification;

import dev.millrace.analysis.DependencyDelta;
import dev.millrace.load.Comparison;
import dev.millrace.load.LoadConfig;
import dev.millrace.load.Truth;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.pipeline.Audit;
import dev.millrace.pipeline.IngesterConfig;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.ledger.Balance;
import dev.millrace.verification.MillraceProcess.Program;
import dev.millrace.verification.StoresReport.Outcome;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/// A whole Millrace under steady load, whose store's server is killed, stopped, frozen and left
/// without disk, one after the other.
///
/// In the end the server must hold every acknowledged span, as it was sent and in one row or
/// document, and Millrace must have kept within its memory all the while.
///
/// The load sends nothing twice by itself, so that a span in two rows is a fault.
final class StoresRun implements AutoCloseable {

    private static final String GROUP = "millrace-ingester";
    private static final String TOPIC = "traces-complete";

    private static final Duration WARM_UP = Duration.ofSeconds(25);
    private static final Duration CALM = Duration.ofSeconds(10);
    private static final Duration AWAY = Duration.ofSeconds(10);
    private static final Duration FROZEN = Duration.ofSeconds(20);
    private static final Duration FULL = Duration.ofSeconds(20);
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final Duration END_WITHIN = Duration.ofSeconds(90);
    private static final Duration LOOK_EVERY = Duration.ofMillis(250);
    private static final Duration HEAP_EVERY = Duration.ofSeconds(4);

    /// What the run lets the ingester hold, and the usual.
    private static final ByteSize IN_FLIGHT = ByteSize.ofMebibytes(64);

    /// What is written is there as it was read and as it is sent.
    private static final double COPIES = 3;

    /// Live heap besides that may come and go: classes loaded late, connections, what was read and
    /// not yet handed over.
    private static final double HEAP_SLACK = 64e6;

    /// What a JVM takes besides its heap of 512 MiB: code, classes, threads, buffers of the
    /// network.
    private static final double RESIDENT_BOUND = 512 * 1024.0 * 1024.0 + 450e6;

    private static final int ASKED = 500;
    private static final double ROUNDING = 1e-6;
    private static final int MOST_DIFFERENCES = 10;

    private final StoreServer server;
    private final long rate;
    private final long seed;
    private final Path truthFile;
    private final MillraceProcess millrace;
    private double heapMost;
    private double residentMost;
    private long heapAt = System.nanoTime();

    /// @param directory an empty one
    /// @param server where Millrace stores; stays the caller's to close
    /// @param rate spans per second
    /// @param seed of the load
    StoresRun(Path directory, Program program, StoreServer server, long rate, long seed) {
        this.server = server;
        this.rate = rate;
        this.seed = seed;
        this.truthFile = directory.resolve("truth");
        var settings = new HashMap<>(server.settings());
        settings.put("aggregator.quiet-period", "2s");
        settings.put("aggregator.max-age", "20s");
        settings.put("aggregator.late-window", "10m");
        settings.put("ingester.batch-delay", "200ms");
        settings.put("ingester.max-in-flight", IN_FLIGHT.toString());
        settings.put("ingester.dependencies.write-interval", "2s");
        settings.put("log.level", "warn");
        this.millrace =
                new MillraceProcess("millrace", directory, program, List.of("up"), settings);
    }

    StoresReport run() throws IOException, InterruptedException {
        millrace.start();
        try (var lane = new LoadLane(load());
                var watch = LagWatch.started(millrace.bootstrapServers(), GROUP, TOPIC)) {
            lane.start();
            pause(WARM_UP);
            double heapBefore = liveHeap();
            var outcomes = new ArrayList<Outcome>();
            for (var fault : StoreFault.values()) {
                outcomes.add(outcome(fault, watch.history()));
            }
            pause(CALM);
            var report = lane.end(END_WITHIN);
            String audit = awaitBooks();
            var truth = Truth.read(truthFile);
            var held = server.spans();
            return new StoresReport(
                    server.name(),
                    rate,
                    outcomes,
                    report,
                    truth.acknowledgedSpans(),
                    truth.compare(traceId -> StoreServer.trace(traceId, held)),
                    held.keySet().stream()
                            .filter(traceId -> !truth.traceIds().contains(traceId))
                            .count(),
                    asked(truth),
                    new TraceLog(millrace.bootstrapServers()).count("dead-letters"),
                    audit,
                    differencesOfFigures(),
                    heapBefore,
                    heapMost,
                    heapBefore + COPIES * IN_FLIGHT.bytes() + HEAP_SLACK,
                    residentMost,
                    RESIDENT_BOUND);
        }
    }

    private LoadConfig load() {
        return LoadConfig.builder(millrace.otlpGrpc())
                .seed(seed)
                .spansPerSecond(rate)
                .concurrency(8)
                .requestTimeout(Duration.ofSeconds(20))
                .late(0, Duration.ZERO)
                .duplicates(0)
                .giants(0, 1)
                .truthFile(truthFile)
                .build();
    }

    private Outcome outcome(StoreFault fault, LagHistory lag)
            throws IOException, InterruptedException {
        long calm = System.nanoTime();
        pause(CALM);
        long lagBefore = lag.mostSince(calm);
        double failuresBefore = failures();
        long began = System.nanoTime();
        String note = inflict(fault);
        long ended = System.nanoTime();
        var normal = lag.downAfter(ended, lagBefore);
        while (normal.isEmpty() && System.nanoTime() - ended < PATIENCE.toNanos()) {
            pause(LOOK_EVERY);
            normal = lag.downAfter(ended, lagBefore);
        }
        var outcome =
                new Outcome(
                        fault,
                        Duration.ofNanos(ended - began),
                        note,
                        lagBefore,
                        lag.mostSince(began),
                        failures() - failuresBefore,
                        normal.isPresent()
                                ? Optional.of(Duration.ofNanos(normal.getAsLong()))
                                : Optional.empty());
        System.out.println(server.name() + ": " + outcome);
        return outcome;
    }

    /// Does it and undoes it.
    ///
    /// @return what is to be said about it
    private String inflict(StoreFault fault) throws IOException, InterruptedException {
        return switch (fault) {
            case KILL -> {
                server.kill();
                pause(AWAY);
                server.start();
                yield "";
            }
            case STOP -> {
                server.stop();
                pause(AWAY);
                server.start();
                yield "";
            }
            case FREEZE -> {
                server.freeze();
                try {
                    pause(FROZEN);
                } finally {
                    server.thaw();
                }
                yield "";
            }
            case DISK -> {
                String does = server.fillDisk();
                pause(FULL);
                yield does + ", " + server.freeDisk();
            }
        };
    }

    private double failures() throws IOException, InterruptedException {
        return millrace.metric("millrace_store_failures_total");
    }

    /// Lets time pass, and looks at the heap in it.
    private void pause(Duration time) throws IOException, InterruptedException {
        long end = System.nanoTime() + time.toNanos();
        do {
            if (System.nanoTime() - heapAt > HEAP_EVERY.toNanos()) {
                heapMost = Math.max(heapMost, liveHeap());
                heapAt = System.nanoTime();
            }
            long left = end - System.nanoTime();
            LockSupport.parkNanos(Math.clamp(left, 0, LOOK_EVERY.toNanos()));
        } while (end - System.nanoTime() > 0);
    }

    /// What Millrace holds in its heap once it has thrown away what it does not need.
    private double liveHeap() throws IOException, InterruptedException {
        var usage = ProcessUsage.of(millrace.pid());
        residentMost = Math.max(residentMost, (double) usage.peakResidentBytes());
        return millrace.liveHeap();
    }

    /// Waits until every span has its fate, or patience is at its end.
    ///
    /// @return what is wrong; empty for nothing
    private String awaitBooks() throws IOException, InterruptedException {
        var clients = new KafkaClients(KafkaConfig.embedded(millrace.bootstrapServers()));
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            var books =
                    Audit.run(
                            clients,
                            TopicsConfig.embedded(),
                            IngesterConfig.Source.TRACES,
                            Instant.EPOCH);
            long pending = books.balances().stream().mapToLong(Balance::pending).sum();
            if (books.closes() && pending == 0) {
                return "";
            }
            if (System.nanoTime() - deadline > 0) {
                return books.text();
            }
            pause(Duration.ofSeconds(1));
        }
    }

    private Comparison asked(Truth truth) {
        try (var http = HttpClient.newHttpClient()) {
            var some = truth.traceIds().stream().limit(ASKED).toList();
            return truth.compare(some, new StoredTraces(http, millrace.query()));
        }
    }

    /// Holds the calls that the server knows of against those in Kafka, once all of these are
    /// there.
    private List<String> differencesOfFigures() throws IOException, InterruptedException {
        var expected = new TreeMap<String, Double>();
        new TraceLog(millrace.bootstrapServers())
                .read(
                        "dependencies",
                        record ->
                                add(
                                        DependencyDelta.decode(Slice.of(record.value())).entries(),
                                        expected));
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            var kept = new TreeMap<String, Double>();
            server.figures().forEach(minute -> add(minute.entries(), kept));
            var differences = differences(expected, kept);
            if (differences.isEmpty() || System.nanoTime() - deadline > 0) {
                return differences;
            }
            pause(Duration.ofSeconds(1));
        }
    }

    private static void add(List<DependencyDelta.Entry> entries, Map<String, Double> calls) {
        for (var entry : entries) {
            calls.merge(
                    entry.minute() + " " + entry.series(), entry.figures().calls(), Double::sum);
        }
    }

    private static List<String> differences(
            Map<String, Double> expected, Map<String, Double> kept) {
        var differences = new ArrayList<String>();
        if (expected.isEmpty()) {
            differences.add("none in Kafka (expected: some)");
        }
        var all = new TreeMap<>(expected);
        kept.forEach(all::putIfAbsent);
        for (String series : all.keySet()) {
            double there = kept.getOrDefault(series, 0.0);
            double wanted = expected.getOrDefault(series, 0.0);
            if (Math.abs(there - wanted) > ROUNDING * Math.max(1, wanted)) {
                differences.add(series + ": " + there + " calls (expected: " + wanted + ")");
            }
        }
        return differences.subList(0, Math.min(MOST_DIFFERENCES, differences.size()));
    }

    @Override
    public void close() {
        millrace.close();
    }
}
