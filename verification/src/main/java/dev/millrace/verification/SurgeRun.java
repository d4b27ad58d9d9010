package dev.millrace.verification;

import dev.millrace.load.LoadConfig;
import dev.millrace.load.LoadConfig.Traffic;
import dev.millrace.model.TraceId;
import dev.millrace.verification.MillraceProcess.Program;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// Steady traffic through broker, collector, aggregator and ingester, each a process of its own,
/// and a [Surge] in the middle of it.
final class SurgeRun implements AutoCloseable {

    private static final long RATE = 4_000;
    private static final Duration QUIET = Duration.ofSeconds(10);
    private static final Duration CALM = Duration.ofSeconds(20);

    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

    /// Seldom, for it stops the aggregator and so delays what is measured.
    private static final Duration HEAP_EVERY = Duration.ofSeconds(5);

    /// Of the launcher's 512 MB; more would leave too little room for garbage.
    private static final double HEAP_BOUND = 400e6;

    private static final TraceId GIANT = new TraceId(0x67_69_61_6e_74L, 1);

    private final long rate;
    private final Duration quiet;
    private final Duration calm;
    private final long seed;
    private final MillraceProcess broker;
    private final MillraceProcess collector;
    private final MillraceProcess aggregator;
    private final MillraceProcess ingester;
    private double heapMost;
    private double loadMost;
    private volatile boolean watching = true;

    /// @param directory an empty one
    /// @param rate of the steady traffic, spans per second
    /// @param quiet the aggregator's quiet period
    /// @param calm how long nothing but the steady traffic comes, before and after
    SurgeRun(Path directory, Program program, long rate, Duration quiet, Duration calm, long seed) {
        this.rate = rate;
        this.quiet = quiet;
        this.calm = calm;
        this.seed = seed;
        broker = process(directory, "broker", program, Map.of());
        var at =
                Map.of(
                        "broker.port",
                        broker.setting("broker.port"),
                        "aggregator.quiet-period",
                        quiet.toSeconds() + "s");
        collector = process(directory, "collector", program, at);
        aggregator = process(directory, "aggregator", program, at);
        ingester = process(directory, "ingester", program, at);
    }

    private static MillraceProcess process(
            Path directory, String role, Program program, Map<String, String> settings) {
        var all = new HashMap<>(settings);
        all.put("log.level", "warn");
        return new MillraceProcess(role, directory.resolve(role), program, List.of(role), all);
    }

    /// What the proofs do.
    static void prove(String name, Surge surge) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("millrace-" + name + "-");
        SurgeReport report;
        try (var run = new SurgeRun(directory, Program.assembled(""), RATE, QUIET, CALM, 1)) {
            report = run.run(surge);
        }
        System.out.print(report);
        if (report.passes()) {
            Start.delete(directory);
        }
        System.out.println(
                report.passes()
                        ? "Nothing is lost, and the memory is bounded."
                        : "FAILED, see " + directory);
        System.exit(report.passes() ? 0 : 1);
    }

    SurgeReport run(Surge surge) throws IOException, InterruptedException {
        for (var process : List.of(broker, collector, aggregator, ingester)) {
            process.start();
        }
        var steady = lane(seed, rate, Duration.ZERO);
        steady.start();
        // The first traces of a new process are slow.
        LockSupport.parkNanos(quiet.plus(calm).toNanos());
        long calmFrom = System.currentTimeMillis();
        LockSupport.parkNanos(calm.toNanos());
        double heapBefore = aggregator.liveHeap();
        var watch = Thread.ofPlatform().daemon().name("watch").start(this::watch);
        long from = System.currentTimeMillis();
        long acknowledged = send(surge);
        long to = System.currentTimeMillis();
        LockSupport.parkNanos(quiet.plus(calm).toNanos());
        acknowledged += steady.end(PATIENCE).acknowledged();
        awaitCount(aggregator, "millrace_aggregator_spans_completed_total", acknowledged);
        awaitCount(ingester, "millrace_spans_stored_total", acknowledged);
        watching = false;
        watch.join(PATIENCE);
        long rebuilds = (long) aggregator.metric("millrace_aggregator_rebuilds_total");
        long stored = (long) ingester.metric("millrace_spans_stored_total");
        double residentMost = ProcessUsage.of(aggregator.pid()).peakResidentBytes();
        aggregator.stop();
        var delays = TraceDelays.read(new TraceLog(broker.bootstrapServers()), quiet);
        var largest =
                delays.traces().stream()
                        .max(Comparator.comparingLong(TraceDelays.Written::spans))
                        .orElseThrow();
        return new SurgeReport(
                acknowledged,
                delays.spans(),
                stored,
                largest.spans(),
                largest.parts(),
                heapBefore,
                heapMost,
                HEAP_BOUND,
                residentMost,
                rebuilds,
                loadMost,
                table(surge, delays, calmFrom, from, to));
    }

    private LoadLane lane(long laneSeed, long spansPerSecond, Duration duration) {
        return new LoadLane(
                LoadConfig.builder(collector.otlpGrpc())
                        .traffic(Traffic.BENCHMARK)
                        .seed(laneSeed)
                        .spansPerSecond(spansPerSecond)
                        .duration(duration)
                        .concurrency(32)
                        .build());
    }

    /// Returns how many spans were acknowledged.
    private long send(Surge surge) throws IOException, InterruptedException {
        return switch (surge) {
            case Surge.Giant giant -> {
                try (var http = HttpClient.newHttpClient()) {
                    new GiantTrace(GIANT, giant.spans())
                            .send(http, collector.otlpHttp(), Clock.systemUTC());
                }
                yield giant.spans();
            }
            case Surge.Burst burst -> {
                try (var lane = lane(seed + 1, rate * (burst.factor() - 1), burst.duration())) {
                    lane.start();
                    yield lane.await(burst.duration().plus(PATIENCE)).acknowledged();
                }
            }
        };
    }

    private void watch() {
        try {
            long nextHeap = System.nanoTime();
            while (watching) {
                loadMost = Math.max(loadMost, ProcessUsage.machineLoad());
                if (System.nanoTime() - nextHeap >= 0) {
                    heapMost = Math.max(heapMost, aggregator.liveHeap());
                    nextHeap = System.nanoTime() + HEAP_EVERY.toNanos();
                }
                LockSupport.parkNanos(LOOK_EVERY.toNanos());
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(aggregator.tail(), e);
        }
    }

    private static void awaitCount(MillraceProcess process, String metric, long count)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (process.metric(metric) < count && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
        }
    }

    private String table(Surge surge, TraceDelays delays, long calmFrom, long from, long to) {
        var own =
                delays.traces().stream()
                        .filter(each ->
                                switch (surge) {
                                    case Surge.Giant _ -> each.traceId().equals(GIANT);
                                    case Surge.Burst _ ->
                                            each.lastSpanAt(quiet) >= from
                                                    && each.lastSpanAt(quiet) <= to;
                                })
                        .toList();
        long ownDue = own.stream().mapToLong(TraceDelays.Written::due).min().orElse(0);
        long ownEnd = own.stream().mapToLong(TraceDelays.Written::at).max().orElse(0);
        String table =
                """
                | traces | number | delay p50, ms | p90, ms | p99, ms | longest, ms |
                |---|--:|--:|--:|--:|--:|
                """
                        + delays.row(
                                "due in the calm before",
                                each -> each.due() >= calmFrom && each.due() < from);
        return switch (surge) {
            case Surge.Giant _ ->
                    table
                            + delays.row("the giant", each -> each.traceId().equals(GIANT))
                            + delays.row(
                                    "due while the giant was received",
                                    each -> each.due() >= from && each.due() < ownDue)
                            + delays.row(
                                    "due while the giant was given out",
                                    each ->
                                            each.due() >= ownDue
                                                    && each.due() <= ownEnd
                                                    && !each.traceId().equals(GIANT))
                            + delays.row("due afterwards", each -> each.due() > ownEnd);
            case Surge.Burst _ ->
                    table
                            + delays.row(
                                    "due while the burst was received",
                                    each -> each.due() >= from && each.due() < ownDue)
                            + delays.row(
                                    "of the burst",
                                    each -> each.due() >= ownDue && each.lastSpanAt(quiet) <= to)
                            + delays.row("after the burst", each -> each.lastSpanAt(quiet) > to);
        };
    }

    @Override
    public void close() {
        watching = false;
        for (var process : List.of(ingester, aggregator, collector, broker)) {
            process.close();
        }
    }
}
