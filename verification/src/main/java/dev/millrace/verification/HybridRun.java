package dev.millrace.verification;

import dev.millrace.assembly.TraceMerge;
import dev.millrace.load.LoadConfig;
import dev.millrace.load.LoadReport;
import dev.millrace.load.LoadRun;
import dev.millrace.load.Truth;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.Audit;
import dev.millrace.pipeline.Decision;
import dev.millrace.pipeline.IngesterConfig;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.ledger.Balance;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// A Millrace in five processes that samples by `hybrid` within a budget, while its aggregators and
/// the one that stores are killed, stopped and frozen under load; then the same log read by an
/// aggregator that nobody disturbs.
///
/// Both must have decided and written the same, the store must hold what was written, and the audit
/// must close at what senders were told.
public final class HybridRun implements AutoCloseable {

    private static final String POLICY =
            """
            preset: hybrid
            budget: {spans-per-second: 150}
            """;

    private static final String GROUP = "disturbed";
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration LOOK_EVERY = Duration.ofMillis(500);
    private static final int SPANS_PER_SECOND = 1_500;
    private static final int MOST_DIFFERENCES = 20;

    private final Path directory;
    private final Duration quietPeriod;
    private final MillraceProcess broker;
    private final MillraceProcess collector;
    private final MillraceProcess store;
    private final MillraceProcess first;
    private final MillraceProcess second;
    private final TraceLog log;
    private final List<Long> seeds = new ArrayList<>();

    /// How many spans senders were told are safe, and where the books say otherwise.
    private long total;

    private final List<String> unbalanced = new ArrayList<>();

    /// What was done with one seed.
    ///
    /// @param acknowledged spans
    /// @param faults in their order
    public record Round(long seed, long acknowledged, List<String> faults) {

        public Round {
            faults = List.copyOf(faults);
        }
    }

    /// What came out.
    ///
    /// @param differences between the two groups, and from the truth; empty when all is well
    public record Outcome(
            int decisions,
            Map<String, Integer> byRule,
            long broughtBack,
            long versions,
            List<String> differences) {

        public Outcome {
            byRule = Map.copyOf(byRule);
            differences = List.copyOf(differences);
        }
    }

    /// @param directory an empty one
    public HybridRun(Path directory, Duration quietPeriod) throws IOException {
        this.directory = directory;
        this.quietPeriod = quietPeriod;
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("policy.yaml"), POLICY);
        broker = new MillraceProcess("broker", directory, List.of("broker"), Map.of());
        collector = process("collector", List.of("collector"), Map.of());
        store =
                process(
                        "store",
                        List.of("up", "--roles", "ingester,query"),
                        Map.of("ingester.batch-delay", "200ms"));
        first = process("first", List.of("aggregator"), Map.of("aggregator.group", GROUP));
        second = process("second", List.of("aggregator"), Map.of("aggregator.group", GROUP));
        log = new TraceLog(broker.bootstrapServers());
    }

    private MillraceProcess process(String name, List<String> roles, Map<String, String> more) {
        var settings =
                new HashMap<>(
                        Map.of(
                                "broker.port", broker.setting("broker.port"),
                                "kafka.session-timeout", "6s",
                                "aggregator.quiet-period", quietPeriod.toMillis() + "ms",
                                "aggregator.max-age", quietPeriod.toMillis() * 3 + "ms",
                                "aggregator.late-window", "10m",
                                "sampling.tail.policy-file",
                                        directory.resolve("policy.yaml").toString(),
                                "sampling.tail.interval", "1s",
                                "sampling.tail.demand-window", "6s",
                                "log.level", "warn"));
        settings.putAll(more);
        return new MillraceProcess(name, directory.resolve(name), roles, settings);
    }

    public void start() throws Exception {
        broker.start();
        startAll(List.of(collector, store, first, second));
    }

    private static void startAll(List<MillraceProcess> processes) throws Exception {
        var started =
                processes.stream()
                        .map(each -> CompletableFuture.runAsync(() -> start(each)))
                        .toList();
        for (var each : started) {
            each.get();
        }
    }

    private static void start(MillraceProcess process) {
        try {
            process.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /// Faults under load, as the seed has it, and then all decided.
    public Round disturb(long seed) throws Exception {
        var random = new Random(seed);
        var faults = new ArrayList<String>();
        long acknowledged =
                load(
                        seed,
                        () -> {
                            for (int i = 2 + random.nextInt(2); i > 0; i--) {
                                pause(Duration.ofMillis(500 + random.nextInt(1_000)));
                                faults.add(fault(random));
                            }
                        });
        awaitDecided(GROUP, "sampling-decisions");
        audit("seed " + seed);
        return new Round(seed, acknowledged, faults);
    }

    /// Holds the books of the running system against what its senders were told.
    private void audit(String when) {
        var clients = new KafkaClients(KafkaConfig.embedded(broker.bootstrapServers()));
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            var report =
                    Audit.run(
                            clients,
                            TopicsConfig.embedded(),
                            IngesterConfig.Source.TRACES,
                            Instant.EPOCH);
            long sent = report.balances().stream().mapToLong(Balance::acknowledged).sum();
            long pending = report.balances().stream().mapToLong(Balance::pending).sum();
            if (report.closes() && pending == 0 && sent == total) {
                return;
            }
            if (System.nanoTime() - deadline > 0) {
                unbalanced.add(when + ": " + total + " acknowledged, but\n" + report.text());
                return;
            }
            pause(LOOK_EVERY);
        }
    }

    private String fault(Random random) throws Exception {
        var aggregator = random.nextBoolean() ? first : second;
        String name = aggregator == first ? "first" : "second";
        int kind = random.nextInt(16);
        if (kind < 9) {
            aggregator.kill();
            aggregator.start();
            return "kill " + name;
        }
        if (kind < 12) {
            store.kill();
            store.start();
            return "kill store";
        }
        if (kind < 15) {
            aggregator.stop();
            aggregator.start();
            return "stop " + name;
        }
        aggregator.pause();
        pause(Duration.ofSeconds(8));
        aggregator.resume();
        return "freeze " + name;
    }

    /// Kills both aggregators while what was sent is pending, and once more if it still is by then.
    ///
    /// @param send how long; with what follows less than the quiet period
    public Round killWhilePending(long seed, Duration send) throws Exception {
        long acknowledged = load(seed, () -> pause(send));
        int decided = log.decisions("sampling-decisions").size();
        if (log.unfinished(GROUP, "spans") == 0) {
            throw new IllegalStateException("nothing was pending (expected: all that was sent)");
        }
        var faults = new ArrayList<>(List.of(decided + " decided before"));
        for (int i = 0; i < 2 && log.unfinished(GROUP, "spans") > 0; i++) {
            first.kill();
            second.kill();
            startAll(List.of(first, second));
            faults.add("kill both");
            pause(quietPeriod.dividedBy(6));
        }
        awaitDecided(GROUP, "sampling-decisions");
        audit("seed " + seed);
        return new Round(seed, acknowledged, faults);
    }

    /// Something to be done under load.
    @FunctionalInterface
    private interface Disturbance {
        void run() throws Exception;
    }

    private long load(long seed, Disturbance disturbance) throws Exception {
        seeds.add(seed);
        var config =
                LoadConfig.builder(collector.otlpGrpc())
                        .seed(seed)
                        .spansPerSecond(SPANS_PER_SECOND)
                        .late(0.2, Duration.ofSeconds(4))
                        .duplicates(0.01)
                        .giants(400, 500)
                        .truthFile(truth(seed))
                        .build();
        try (var load = new LoadRun(config, Clock.systemUTC(), System::nanoTime, _ -> {})) {
            var report = CompletableFuture.supplyAsync(() -> run(load));
            disturbance.run();
            // So that what was started last meets some load.
            pause(Duration.ofSeconds(1));
            load.stop();
            long told = report.get().acknowledged();
            total += told;
            return told;
        }
    }

    private static LoadReport run(LoadRun load) {
        try {
            return load.run();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path truth(long seed) {
        return directory.resolve("truth-" + seed);
    }

    private static void pause(Duration time) {
        LockSupport.parkNanos(time.toNanos());
    }

    private void awaitDecided(String group, String decisions) {
        await(
                group + ": everything decided",
                () ->
                        log.unfinished(group, "spans") == 0
                                && new Verdicts(log.decisions(decisions)).upgradesAreDone());
    }

    private void await(String what, BooleanSupplier done) {
        long deadline = System.nanoTime() + PATIENCE.plus(quietPeriod).toNanos();
        while (!done.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        "not within "
                                + PATIENCE
                                + ": "
                                + what
                                + "\n"
                                + first.tail()
                                + second.tail());
            }
            pause(LOOK_EVERY);
        }
    }

    /// Lets an aggregator read the whole log with a group and topics of its own, undisturbed but
    /// for a stall of more than a quiet period, and holds what was written against it, the store
    /// and the truth.
    public Outcome compare() throws Exception {
        first.stop();
        second.stop();
        var own =
                Map.of(
                        "aggregator.group", "undisturbed",
                        "topics.traces-complete.name", "undisturbed-traces",
                        "topics.ledger.name", "undisturbed-ledger",
                        "topics.dependencies.name", "undisturbed-dependencies",
                        "topics.sampling-decisions.name", "undisturbed-decisions");
        try (var replay = process("undisturbed", List.of("aggregator"), own)) {
            replay.start();
            // Time that passes here must not be taken for time that passed in the log.
            replay.pause();
            pause(quietPeriod.plusSeconds(1));
            replay.resume();
            awaitDecided("undisturbed", "undisturbed-decisions");
            replay.stop();
        }
        var disturbed = new Verdicts(log.decisions("sampling-decisions"));
        var undisturbed = new Verdicts(log.decisions("undisturbed-decisions"));
        var differences = new ArrayList<>(unbalanced);
        differences.addAll(disturbed.decidedTwice());
        differences.addAll(disturbed.differences(undisturbed));
        if (!log.fingerprints("traces-complete").equals(log.fingerprints("undisturbed-traces"))) {
            differences.add("traces-complete: other bodies than the undisturbed ones");
        }
        differences.addAll(storeDifferences(disturbed));
        return new Outcome(
                disturbed.decisions().size(),
                disturbed.byRule(),
                disturbed.count(Decision.Upgrade.DONE),
                disturbed.newestVersion(),
                differences.subList(0, Math.min(MOST_DIFFERENCES, differences.size())));
    }

    private List<String> storeDifferences(Verdicts verdicts) throws IOException {
        var written = log.bodies("undisturbed-traces");
        var kept = written.keySet();
        try (var http = HttpClient.newHttpClient()) {
            var stored = new StoredTraces(http, store.query());
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (true) {
                var differences = new ArrayList<String>();
                written.forEach((traceId, bodies) -> {
                    var found = stored.apply(traceId);
                    var spans = found.map(trace -> trace.spans()).orElse(List.of());
                    var expected = merged(traceId, bodies);
                    if (spans.size() != expected.size() || !Set.copyOf(spans).equals(expected)) {
                        differences.add("stored otherwise than written: " + traceId);
                    }
                });
                if (differences.isEmpty() || System.nanoTime() - deadline > 0) {
                    verdicts.decisions().stream()
                            .map(decision -> decision.trace().traceId())
                            .filter(traceId -> !kept.contains(traceId))
                            .distinct()
                            .filter(traceId -> stored.apply(traceId).isPresent())
                            .forEach(traceId -> differences.add("dropped and stored: " + traceId));
                    for (long seed : seeds) {
                        differences.addAll(truthDifferences(seed, verdicts, kept, stored));
                    }
                    return differences;
                }
                pause(LOOK_EVERY);
            }
        }
    }

    private static Set<Span> merged(TraceId traceId, List<Slice> bodies) {
        return Set.copyOf(OtlpDecoder.spans(TraceMerge.merge(traceId, bodies)));
    }

    /// Every trace that was sent has a verdict, and of those that are kept every span that was
    /// acknowledged is stored once. Their trace state is not what was sent.
    private List<String> truthDifferences(
            long seed, Verdicts verdicts, Set<TraceId> kept, StoredTraces stored)
            throws IOException {
        var truth = Truth.read(truth(seed));
        var decided = new HashSet<TraceId>();
        verdicts.decisions().forEach(decision -> decided.add(decision.trace().traceId()));
        var differences = new ArrayList<String>();
        truth.traceIds().stream()
                .filter(traceId -> !decided.contains(traceId))
                .forEach(traceId -> differences.add("no verdict: " + traceId));
        var comparison =
                truth.compare(truth.traceIds().stream().filter(kept::contains).toList(), stored);
        if (!comparison.lost().isEmpty()
                || !comparison.duplicated().isEmpty()
                || !comparison.unexpected().isEmpty()) {
            differences.add("seed " + seed + ", of kept traces: " + comparison);
        }
        return differences;
    }

    @Override
    public void close() {
        first.close();
        second.close();
        store.close();
        collector.close();
        broker.close();
    }
}
