package dev.millrace.load;

import dev.millrace.load.traffic.Request;
import dev.millrace.load.traffic.Workload;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One run of the load generator, from the first span to the last answer.
///
/// Ends when its duration or number of spans is reached, when it is stopped or, without either,
/// never. Late spans still outstanding then are sent when they are due, or at once when stopped.
/// For one use.
public final class LoadRun implements AutoCloseable {

    private record Late(long dueNanos, Request request) {}

    private static final Logger LOG = LoggerFactory.getLogger(LoadRun.class);
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final Duration LAST_GRACE = Duration.ofSeconds(5);

    private final LoadConfig config;
    private final InstantSource clock;
    private final LongSupplier nanoTime;
    private final Consumer<LoadProgress> progress;
    private final Tally tally = new Tally();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Queue<Request> ready = new ArrayDeque<>();
    private final PriorityQueue<Late> late =
            new PriorityQueue<>(Comparator.comparingLong(Late::dueNanos));

    /// @param clock what the times of spans follow
    /// @param nanoTime a clock that never steps, such as [System#nanoTime()]
    /// @param progress told once a second, on a thread of the run
    public LoadRun(
            LoadConfig config,
            InstantSource clock,
            LongSupplier nanoTime,
            Consumer<LoadProgress> progress) {
        this.config = config;
        this.clock = clock;
        this.nanoTime = nanoTime;
        this.progress = progress;
    }

    /// Runs to the end, on the caller's thread.
    ///
    /// @throws IOException when the truth file cannot be written
    public LoadReport run() throws IOException, InterruptedException {
        var workload = config.workload();
        var ticker = Executors.newSingleThreadScheduledExecutor(LoadRun::thread);
        try (var truth = openTruth();
                var sender = new Sender(config, clock, nanoTime, tally, truth, this::isStopped)) {
            sender.start();
            long start = nanoTime.getAsLong();
            var ticks = tick(ticker, start);
            make(workload, sender, start);
            flush(sender);
            drain(sender);
            ticks.cancel(false);
            if (ticks.state() == Future.State.FAILED) {
                throw new IllegalStateException("progress could not be told", ticks.exceptionNow());
            }
            return tally.report(nanoTime.getAsLong() - start);
        } finally {
            ticker.shutdownNow();
        }
    }

    /// Makes [#run()] end soon: what is made is sent at once, and nothing is sent again.
    public void stop() {
        stopped.countDown();
    }

    @Override
    public void close() {
        stop();
    }

    private @Nullable TruthLog openTruth() throws IOException {
        var path = config.truth();
        return path.isPresent() ? TruthLog.create(path.get(), config.fidelity()) : null;
    }

    private Future<?> tick(ScheduledExecutorService ticker, long start) {
        return ticker.scheduleAtFixedRate(
                () -> progress.accept(tally.progress(nanoTime.getAsLong() - start)),
                1,
                1,
                TimeUnit.SECONDS);
    }

    private void make(Workload workload, Sender sender, long start) throws InterruptedException {
        var pace = new Pace(config.spansPerSecond(), start);
        long made = 0;
        while (!isStopped()) {
            long now = nanoTime.getAsLong();
            if (ready.isEmpty()) {
                if (isEnough(made, now - start)) {
                    return;
                }
                for (var request : workload.next(epochNanos())) {
                    made += request.spans();
                    if (request.delayNanos() > 0) {
                        late.add(new Late(now + request.delayNanos(), request));
                    } else {
                        ready.add(request);
                    }
                }
            }
            var next = late.peek();
            long untilLate = next == null ? Long.MAX_VALUE : next.dueNanos() - now;
            long untilReady = pace.waitNanos(now);
            long wait = Math.min(untilLate, untilReady);
            if (wait > 0) {
                var _ = stopped.await(wait, TimeUnit.NANOSECONDS);
                continue;
            }
            var request = untilLate <= 0 ? late.remove().request() : ready.poll();
            if (request != null) {
                sender.send(request);
                pace.sent(request.spans(), now);
            }
        }
    }

    private boolean isEnough(long made, long elapsedNanos) {
        return (config.totalSpans() > 0 && made >= config.totalSpans())
                || (config.duration().isPositive() && elapsedNanos >= config.duration().toNanos());
    }

    // What was made leaves in any case: a trace is never cut short by the end of a run.
    private void flush(Sender sender) throws InterruptedException {
        for (var request = ready.poll(); request != null; request = ready.poll()) {
            sender.send(request);
        }
        for (var next = late.poll(); next != null; next = late.poll()) {
            var _ = stopped.await(next.dueNanos() - nanoTime.getAsLong(), TimeUnit.NANOSECONDS);
            sender.send(next.request());
        }
    }

    private void drain(Sender sender) throws InterruptedException {
        long deadline =
                nanoTime.getAsLong()
                        + config.retryFor()
                                .plus(config.requestTimeout())
                                .plus(LAST_GRACE)
                                .toNanos();
        boolean drained = false;
        while (!drained && !isStopped() && nanoTime.getAsLong() < deadline) {
            drained = sender.drain(Duration.ofMillis(100));
        }
        if (!drained) {
            sender.giveUp();
            drained = sender.drain(config.requestTimeout().plus(LAST_GRACE));
        }
        if (!drained || !sender.lastReason().isEmpty()) {
            LOG.atInfo()
                    .addKeyValue("target", config.target())
                    .addKeyValue("drained", drained)
                    .addKeyValue("error", sender.lastReason())
                    .log("Not everything went through at once");
        }
    }

    private boolean isStopped() {
        return stopped.getCount() == 0;
    }

    private long epochNanos() {
        Instant now = clock.instant();
        return now.getEpochSecond() * NANOS_PER_SECOND + now.getNano();
    }

    private static Thread thread(Runnable task) {
        return Thread.ofPlatform().daemon().name("load-progress").unstarted(task);
    }
}
