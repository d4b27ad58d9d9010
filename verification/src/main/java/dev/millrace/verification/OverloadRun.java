package dev.millrace.verification;

import dev.millrace.load.Comparison;
import dev.millrace.load.LoadConfig;
import dev.millrace.load.LoadReport;
import dev.millrace.load.Protocol;
import dev.millrace.load.Truth;
import dev.millrace.verification.MillraceProcess.Program;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToLongFunction;

/// A collector that is sent more than Kafka takes.
///
/// Broker, collector and the roles behind it are processes of their own. The broker is throttled by
/// its own quota on the collector's producer. The load comes over every protocol in even shares and
/// does what SDKs do: it tries again when told to, for some seconds, and gives up then; what is new
/// comes at its own rate all the while.
public final class OverloadRun implements AutoCloseable {

    private static final String COLLECTOR_CLIENT = "overload-collector";

    /// What a span takes on the wire to Kafka, or more.
    private static final double LEAST_SPAN_BYTES = 100;

    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final Duration LOOK_EVERY = Duration.ofMillis(250);
    private static final Duration HEAP_EVERY = Duration.ofSeconds(3);
    private static final Duration GIVE_UP_AFTER = Duration.ofSeconds(10);
    private static final Duration END_WITHIN = Duration.ofSeconds(90);

    /// Longer than the collector's own, so that it is the collector that gives up first.
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(20);

    private static final int WAITING_REQUESTS = 4_000;
    private static final int SATURATING_REQUESTS = 16;

    /// A p99 is normal within twice of what it was, or so much more.
    private static final Duration P99_SLACK = Duration.ofMillis(250);

    /// What is waiting is there as it came and as it is sent, and pools keep what they once took.
    private static final double BUFFER_COPIES = 2;

    /// Live heap besides the buffers that may come and go: classes loaded late, connections.
    private static final double HEAP_SLACK = 48e6;

    private final Path directory;
    private final OverloadPlan plan;
    private final List<Protocol> protocols;
    private final MillraceProcess broker;
    private final MillraceProcess collector;
    private final MillraceProcess storage;
    private final Quota quota;
    private final List<Path> truths = new ArrayList<>();
    private long seed;
    private double heapMost;
    private double residentMost;

    /// @param directory an empty one
    /// @param seed of the load
    OverloadRun(
            Path directory,
            Program program,
            OverloadPlan plan,
            List<Protocol> protocols,
            long seed) {
        this.directory = directory;
        this.plan = plan;
        this.protocols = List.copyOf(protocols);
        this.seed = seed;
        this.broker = process("broker", program, Map.of(), "broker");
        var at = Map.of("broker.port", broker.setting("broker.port"));
        var own = new HashMap<>(at);
        own.put("kafka.properties.client.id", COLLECTOR_CLIENT);
        own.put("sink.max-in-flight", plan.sinkBuffer().toString());
        own.put("collector.max-request", "4MiB");
        own.put("collector.max-in-flight", plan.requestBuffer().toString());
        this.collector = process("collector", program, own, "collector");
        var behind = new HashMap<>(at);
        behind.put("aggregator.quiet-period", "2s");
        behind.put("aggregator.max-age", "20s");
        behind.put("aggregator.late-window", "10m");
        behind.put("ingester.batch-delay", "200ms");
        this.storage =
                process("storage", program, behind, "up", "--roles", "aggregator,ingester,query");
        this.quota = new Quota(broker.bootstrapServers(), COLLECTOR_CLIENT, Quota.Direction.WRITES);
    }

    private MillraceProcess process(
            String name, Program program, Map<String, String> settings, String... command) {
        var all = new HashMap<>(settings);
        all.put("log.level", "warn");
        return new MillraceProcess(name, directory.resolve(name), program, List.of(command), all);
    }

    OverloadReport run() throws IOException, InterruptedException {
        broker.start();
        collector.start();
        storage.start();
        double taken = calibrate();
        long rate = Math.round(taken * plan.factor());
        var normal = normal(rate);
        double heapBefore = liveHeap();
        var lanes = lanes(rate, GIVE_UP_AFTER, WAITING_REQUESTS);
        quota.limit(plan.quotaBytesPerSecond());
        long began = System.nanoTime();
        start(lanes);
        watchHeap(began);
        double offered = 0;
        double acknowledged = 0;
        for (var lane : lanes) {
            acknowledged += lane.acknowledgedSince(began);
            offered += (double) rate / lanes.size();
        }
        quota.lift();
        long lifted = System.nanoTime();
        var limit = calm(normal);
        var calmAfter = awaitCalm(lanes, lifted, limit);
        var reports = new ArrayList<LoadReport>();
        for (var lane : lanes) {
            reports.add(lane.end(END_WITHIN));
        }
        var stored = compare();
        return new OverloadReport(
                taken,
                offered,
                acknowledged,
                sum(reports, LoadReport::refusals),
                sum(reports, LoadReport::unhinted),
                sum(reports, LoadReport::rejected),
                acknowledgedSpans(),
                stored,
                normal,
                limit,
                calmAfter,
                heapBefore,
                heapMost,
                heapBefore
                        + BUFFER_COPIES * (plan.sinkBuffer().bytes() + plan.requestBuffer().bytes())
                        + HEAP_SLACK,
                residentMost);
    }

    private static long sum(List<LoadReport> reports, ToLongFunction<LoadReport> figure) {
        return reports.stream().mapToLong(figure).sum();
    }

    /// What the throttled broker takes when requests wait for their answers; without time to
    /// measure it, what it can at most.
    ///
    /// A quota is kept to over ten seconds, so it lets a lot pass before it is felt; all of that
    /// has to be stored and compared in the end.
    private double calibrate() throws InterruptedException {
        if (plan.calibration().isZero()) {
            return plan.quotaBytesPerSecond() / LEAST_SPAN_BYTES;
        }
        quota.limit(plan.quotaBytesPerSecond());
        long plenty = Math.round(10 * plan.quotaBytesPerSecond() / LEAST_SPAN_BYTES);
        var lanes = lanes(plenty, PATIENCE, SATURATING_REQUESTS);
        start(lanes);
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!lanes.stream().allMatch(LoadLane::hasSlowedDown)) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        "quota: %,.0f bytes/s not felt within %s (expected: less load or a lower"
                                        .formatted(plan.quotaBytesPerSecond(), PATIENCE)
                                + " quota)");
            }
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
        }
        long from = System.nanoTime();
        LockSupport.parkNanos(plan.calibration().toNanos());
        double taken = lanes.stream().mapToDouble(lane -> lane.acknowledgedSince(from)).sum();
        quota.lift();
        for (var lane : lanes) {
            var _ = lane.end(END_WITHIN);
        }
        return taken;
    }

    /// The p99 of requests when nothing is throttled: the median of its seconds.
    private Duration normal(long rate) throws InterruptedException {
        awaitNothingInFlight();
        var lanes = lanes(rate, GIVE_UP_AFTER, WAITING_REQUESTS);
        start(lanes);
        LockSupport.parkNanos(plan.normal().toNanos());
        var p99s = new ArrayList<Duration>();
        for (var lane : lanes) {
            var seconds = lane.seconds();
            seconds.stream().skip(1).forEach(second -> p99s.add(second.p99()));
            var _ = lane.end(END_WITHIN);
        }
        p99s.sort(null);
        if (p99s.isEmpty()) {
            throw new IllegalStateException("normal: no second measured (expected: some)");
        }
        return p99s.get(p99s.size() / 2);
    }

    private static Duration calm(Duration normal) {
        var twice = normal.multipliedBy(2);
        var more = normal.plus(P99_SLACK);
        return twice.compareTo(more) > 0 ? twice : more;
    }

    /// @param rate of all of them together
    private List<LoadLane> lanes(long rate, Duration retryFor, int waiting) {
        var lanes = new ArrayList<LoadLane>();
        for (var protocol : protocols) {
            Path truth = directory.resolve("truth-" + seed);
            truths.add(truth);
            lanes.add(
                    new LoadLane(
                            LoadConfig.builder(collector.target(protocol))
                                    .protocol(protocol)
                                    .seed(seed++)
                                    .spansPerSecond(rate / protocols.size())
                                    .concurrency(waiting)
                                    .requestTimeout(REQUEST_TIMEOUT)
                                    .retryFor(retryFor)
                                    .late(0, Duration.ZERO)
                                    .duplicates(0)
                                    .giants(0, 1)
                                    .truthFile(truth)
                                    .build()));
        }
        return lanes;
    }

    private static void start(List<LoadLane> lanes) {
        lanes.forEach(LoadLane::start);
    }

    private void watchHeap(long began) throws IOException, InterruptedException {
        do {
            LockSupport.parkNanos(HEAP_EVERY.toNanos());
            heapMost = Math.max(heapMost, liveHeap());
        } while (System.nanoTime() - began < plan.overload().toNanos());
    }

    /// What the collector holds in its heap once it has thrown away what it does not need.
    private double liveHeap() throws IOException, InterruptedException {
        var usage = ProcessUsage.of(collector.pid());
        residentMost = Math.max(residentMost, (double) usage.peakResidentBytes());
        return collector.liveHeap();
    }

    private Optional<Duration> awaitCalm(List<LoadLane> lanes, long lifted, Duration limit) {
        while (System.nanoTime() - lifted < plan.recovery().toNanos()) {
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
            var calm = lanes.stream().map(lane -> lane.calmAfter(lifted, limit)).toList();
            if (calm.stream().allMatch(after -> after.isPresent())) {
                long last = calm.stream().mapToLong(after -> after.orElse(0)).max().orElse(0);
                return Optional.of(Duration.ofNanos(last));
            }
        }
        return Optional.empty();
    }

    private void awaitNothingInFlight() throws InterruptedException {
        try {
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (collector.metric("millrace_produce_inflight_bytes") > 0) {
                if (System.nanoTime() - deadline > 0) {
                    throw new IllegalStateException("still in flight after " + PATIENCE);
                }
                LockSupport.parkNanos(LOOK_EVERY.toNanos());
            }
        } catch (IOException e) {
            throw new IllegalStateException(collector.tail(), e);
        }
    }

    /// Waits until all is stored, or patience is at its end, and holds it against the truth.
    private Comparison compare() throws IOException, InterruptedException {
        var all = new ArrayList<Comparison>();
        try (var http = HttpClient.newHttpClient()) {
            var stored = new StoredTraces(http, storage.query());
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            for (var truth : readTruths()) {
                var comparison = truth.compare(stored);
                while (!comparison.isClean() && System.nanoTime() - deadline < 0) {
                    LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
                    comparison = truth.compare(stored);
                }
                all.add(comparison);
            }
        }
        return all.stream().reduce(OverloadRun::together).orElseThrow();
    }

    private static Comparison together(Comparison one, Comparison other) {
        return new Comparison(
                one.matched() + other.matched(),
                concat(one.lost(), other.lost()),
                concat(one.duplicated(), other.duplicated()),
                concat(one.altered(), other.altered()),
                concat(one.unexpected(), other.unexpected()));
    }

    private static <T> List<T> concat(List<T> one, List<T> other) {
        var all = new ArrayList<>(one);
        all.addAll(other);
        return all;
    }

    private List<Truth> readTruths() throws IOException {
        var all = new ArrayList<Truth>();
        for (var path : truths) {
            all.add(Truth.read(path));
        }
        return all;
    }

    private long acknowledgedSpans() throws IOException {
        return readTruths().stream().mapToLong(Truth::acknowledgedSpans).sum();
    }

    @Override
    public void close() {
        storage.close();
        collector.close();
        broker.close();
    }
}
