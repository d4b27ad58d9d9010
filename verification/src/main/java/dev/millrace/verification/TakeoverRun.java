package dev.millrace.verification;

import dev.millrace.load.LoadConfig;
import dev.millrace.load.LoadReport;
import dev.millrace.load.LoadRun;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

/// Two aggregators that share a group and are killed by turns under load; then the same log read by
/// aggregators that nobody disturbs, or that stall. All must have written the same traces.
public final class TakeoverRun implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration LOOK_EVERY = Duration.ofMillis(500);

    private final Path directory;
    private final long seed;
    private final MillraceProcess broker;
    private final MillraceProcess collector;
    private final TraceLog log;

    /// @param directory an empty one
    public TakeoverRun(Path directory, long seed) {
        this.directory = directory;
        this.seed = seed;
        broker = new MillraceProcess("broker", directory, List.of("broker"), Map.of());
        collector =
                new MillraceProcess(
                        "collector", directory, List.of("collector"), settings(Map.of()));
        log = new TraceLog(broker.bootstrapServers());
    }

    private Map<String, String> settings(Map<String, String> more) {
        var settings =
                new HashMap<>(
                        Map.of(
                                "broker.port", broker.setting("broker.port"),
                                "kafka.session-timeout", "6s",
                                "aggregator.quiet-period", "1s",
                                "aggregator.max-age", "10s",
                                "aggregator.late-window", "2m",
                                "log.level", "warn"));
        settings.putAll(more);
        return settings;
    }

    private MillraceProcess aggregator(String name, Map<String, String> more) {
        return new MillraceProcess(
                name, directory.resolve(name), List.of("aggregator"), settings(more));
    }

    /// Fills the log while the aggregators that read it are killed, `kills` times in all.
    ///
    /// @param idle how long nothing is sent in the middle
    /// @return how many spans were acknowledged
    public long disturb(int kills, Duration idle) throws Exception {
        broker.start();
        try (var first = aggregator("first", Map.of());
                var second = aggregator("second", Map.of())) {
            first.start();
            second.start();
            collector.start();
            long acknowledged = loadAndKill(List.of(first, second), kills - kills / 2, seed);
            LockSupport.parkNanos(idle.toNanos());
            acknowledged += loadAndKill(List.of(second, first), kills / 2, seed + 1);
            awaitNothingOpen(first, second);
            first.stop();
            second.stop();
            return acknowledged;
        }
    }

    private long loadAndKill(List<MillraceProcess> aggregators, int kills, long loadSeed)
            throws Exception {
        var random = new Random(loadSeed);
        var config =
                LoadConfig.builder(collector.otlpGrpc())
                        .seed(loadSeed)
                        .spansPerSecond(2_000)
                        .late(0.01, Duration.ofSeconds(3))
                        .duplicates(0.01)
                        .giants(500, 3_000)
                        .build();
        try (var load = new LoadRun(config, Clock.systemUTC(), System::nanoTime, _ -> {})) {
            var report = CompletableFuture.supplyAsync(() -> run(load));
            for (int kill = 0; kill < kills; kill++) {
                var victim = aggregators.get(kill % aggregators.size());
                LockSupport.parkNanos(Duration.ofMillis(2_000 + random.nextInt(2_000)).toNanos());
                victim.kill();
                victim.start();
            }
            LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
            load.stop();
            return report.get().acknowledged();
        }
    }

    private static LoadReport run(LoadRun load) {
        try {
            return load.run();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Reads the whole log with a group and topics of its own, undisturbed but for one stall.
    ///
    /// @param name of the group and its topics
    /// @param stall how long it is frozen in the middle; zero for not at all
    /// @param decisions how many it will make when it is done
    public void replay(String name, Duration stall, long decisions) throws Exception {
        var own =
                Map.of(
                        "aggregator.group", name,
                        "topics.traces-complete.name", name + "-traces",
                        "topics.sampling-decisions.name", name + "-decisions",
                        "topics.dependencies.name", name + "-dependencies");
        try (var replay = aggregator(name, own)) {
            replay.start();
            if (stall.isPositive()) {
                replay.pause();
                LockSupport.parkNanos(stall.toNanos());
                replay.resume();
            }
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (log.count(name + "-decisions") < decisions) {
                if (System.nanoTime() - deadline > 0) {
                    throw new IllegalStateException(
                            name
                                    + ": "
                                    + log.count(name + "-decisions")
                                    + " decisions (expected: "
                                    + decisions
                                    + ")\n"
                                    + replay.tail());
                }
                LockSupport.parkNanos(LOOK_EVERY.toNanos());
            }
            replay.stop();
        }
    }

    private void awaitNothingOpen(MillraceProcess... aggregators) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        long before = -1;
        while (true) {
            // Between two looks every open trace would have gone quiet and been decided.
            LockSupport.parkNanos(Duration.ofSeconds(4).toNanos());
            double open = 0;
            for (var aggregator : aggregators) {
                open += aggregator.metric("millrace_aggregator_open_traces");
            }
            long decisions = decisions();
            if (open == 0 && decisions == before) {
                return;
            }
            before = decisions;
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(open + " traces still open after " + PATIENCE);
            }
        }
    }

    /// How many traces and late fragments were decided about.
    public long decisions() {
        return log.count("sampling-decisions");
    }

    /// How often each pair of trace id and SHA-256 of its body was written.
    public Map<String, Integer> traces() {
        return log.fingerprints("traces-complete");
    }

    /// The same for a replay.
    public Map<String, Integer> traces(String replay) {
        return log.fingerprints(replay + "-traces");
    }

    @Override
    public void close() {
        collector.close();
        broker.close();
    }
}
