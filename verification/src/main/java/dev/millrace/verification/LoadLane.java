package dev.millrace.verification;

import dev.millrace.load.LoadConfig;
import dev.millrace.load.LoadProgress;
import dev.millrace.load.LoadReport;
import dev.millrace.load.LoadRun;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// One run of the load generator in the background, and what each of its seconds was like.
///
/// Safe for threads.
final class LoadLane implements AutoCloseable {

    /// One second of a run.
    ///
    /// @param endNanos when it was over, by [System#nanoTime()]
    record Second(long endNanos, double acknowledged, long refusals, Duration p99) {

        private static final long LENGTH = 1_000_000_000L;

        long startNanos() {
            return endNanos - LENGTH;
        }

        boolean isCalm(Duration normal) {
            return acknowledged > 0 && refusals == 0 && p99.compareTo(normal) <= 0;
        }
    }

    /// How many seconds in a row must be calm.
    private static final int CALM = 3;

    private final LoadRun run;
    private final List<Second> seconds = new CopyOnWriteArrayList<>();
    private final CompletableFuture<LoadReport> report = new CompletableFuture<>();
    private long refusals;

    LoadLane(LoadConfig config) {
        run = new LoadRun(config, Clock.systemUTC(), System::nanoTime, this::note);
    }

    private void note(LoadProgress progress) {
        seconds.add(
                new Second(
                        System.nanoTime(),
                        progress.spansPerSecond(),
                        progress.refusals() - refusals,
                        progress.p99()));
        refusals = progress.refusals();
    }

    void start() {
        Thread.ofPlatform()
                .daemon()
                .name("load")
                .start(() -> {
                    try {
                        report.complete(run.run());
                    } catch (IOException | InterruptedException | RuntimeException e) {
                        report.completeExceptionally(e);
                    }
                });
    }

    List<Second> seconds() {
        return List.copyOf(seconds);
    }

    /// Acknowledged spans per second, over those seconds that began after a moment.
    double acknowledgedSince(long nanos) {
        return seconds.stream()
                .filter(second -> second.startNanos() >= nanos)
                .mapToDouble(Second::acknowledged)
                .average()
                .orElse(0);
    }

    /// Spans acknowledged in those seconds that ended after a moment and not after another.
    double acknowledgedBetween(long fromNanos, long toNanos) {
        return seconds.stream()
                .filter(second -> second.endNanos() - fromNanos > 0)
                .filter(second -> second.endNanos() - toNanos <= 0)
                .mapToDouble(Second::acknowledged)
                .sum();
    }

    /// Whether its last second was less than half of its best one.
    boolean hasSlowedDown() {
        var known = seconds();
        double best = known.stream().mapToDouble(Second::acknowledged).max().orElse(0);
        return !known.isEmpty() && known.getLast().acknowledged() < best / 2;
    }

    /// How long after a moment the first of three calm seconds in a row began.
    OptionalLong calmAfter(long nanos, Duration normal) {
        var later = seconds.stream().filter(second -> second.startNanos() >= nanos).toList();
        for (int i = 0; i + CALM <= later.size(); i++) {
            if (later.subList(i, i + CALM).stream().allMatch(second -> second.isCalm(normal))) {
                return OptionalLong.of(later.get(i).startNanos() - nanos);
            }
        }
        return OptionalLong.empty();
    }

    /// Whether it was to end by itself, and has.
    boolean hasEnded() {
        return report.isDone();
    }

    /// Ends it as soon as what is under way has been answered, and says what it came to.
    LoadReport end(Duration patience) throws InterruptedException {
        run.stop();
        return await(patience);
    }

    /// Waits for its own end.
    LoadReport await(Duration patience) throws InterruptedException {
        try {
            return report.get(patience.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("the load did not end", e);
        }
    }

    @Override
    public void close() {
        run.close();
    }
}
