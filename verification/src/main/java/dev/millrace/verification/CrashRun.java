package dev.millrace.verification;

import dev.millrace.load.Comparison;
import dev.millrace.load.LoadConfig;
import dev.millrace.load.LoadReport;
import dev.millrace.load.LoadRun;
import dev.millrace.load.Truth;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// A whole Millrace that is killed with `kill -9` under load, again and again, and started again on
/// what it left; then everything acknowledged must be stored, once and unaltered.
public final class CrashRun {

    private static final Map<String, String> SETTINGS =
            Map.of(
                    "aggregator.quiet-period", "1s",
                    "aggregator.max-age", "10s",
                    "aggregator.late-window", "2m",
                    "ingester.batch-delay", "200ms",
                    "log.level", "warn");

    private static final Duration LOAD = Duration.ofMillis(2_500);
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private final Path directory;
    private final MillraceProcess millrace;

    /// @param directory an empty one
    public CrashRun(Path directory) {
        this.directory = directory;
        this.millrace = new MillraceProcess("millrace", directory, List.of("up"), SETTINGS);
    }

    /// Kills once for every seed, with the load that the seed makes.
    ///
    /// @return what differs from the truth, by seed; in the order of the seeds
    public List<Comparison> run(List<Long> seeds) throws Exception {
        try (millrace) {
            millrace.start();
            for (long seed : seeds) {
                killUnderLoad(seed);
            }
            return compare(seeds);
        }
    }

    private void killUnderLoad(long seed) throws Exception {
        var random = new Random(seed);
        var config =
                LoadConfig.builder(millrace.otlpGrpc())
                        .seed(seed)
                        .spansPerSecond(2_000)
                        .duration(LOAD)
                        .concurrency(4)
                        .requestTimeout(Duration.ofSeconds(5))
                        .retryFor(Duration.ofMinutes(2))
                        .late(0.01, Duration.ofSeconds(2))
                        .duplicates(0.01)
                        .giants(400, 500)
                        .truthFile(truth(seed))
                        .build();
        try (var load = new LoadRun(config, Clock.systemUTC(), System::nanoTime, _ -> {})) {
            var report = CompletableFuture.supplyAsync(() -> run(load));
            waitUnlessDone(report, 200 + random.nextInt(2_200));
            millrace.kill();
            millrace.start();
            report.get(3, TimeUnit.MINUTES);
        }
    }

    private static LoadReport run(LoadRun load) {
        try {
            return load.run();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void waitUnlessDone(CompletableFuture<?> work, long millis)
            throws ExecutionException, InterruptedException {
        try {
            work.get(millis, TimeUnit.MILLISECONDS);
        } catch (java.util.concurrent.TimeoutException _) {
            // Still under way, as it should be.
        }
    }

    /// Waits until all is stored, or patience is at its end, and holds it against the truth.
    private List<Comparison> compare(List<Long> seeds) throws Exception {
        List<Truth> truths =
                seeds.stream()
                        .map(seed -> {
                            try {
                                return Truth.read(truth(seed));
                            } catch (IOException e) {
                                throw new IllegalStateException(e);
                            }
                        })
                        .toList();
        try (var http = HttpClient.newHttpClient()) {
            var stored = new StoredTraces(http, millrace.query());
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (true) {
                var comparisons = truths.stream().map(truth -> truth.compare(stored)).toList();
                if (comparisons.stream().allMatch(Comparison::isClean)
                        || System.nanoTime() - deadline > 0) {
                    return comparisons;
                }
                LockSupport.parkNanos(LOOK_EVERY.toNanos());
            }
        }
    }

    /// How many spans were acknowledged for a seed.
    public long acknowledged(long seed) throws IOException {
        return Truth.read(truth(seed)).acknowledgedSpans();
    }

    private Path truth(long seed) {
        return directory.resolve("truth-" + seed);
    }
}
