package dev.millrace.pipeline;

import dev.millrace.analysis.RedTotals;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads `spans`, assembles whole traces, decides about them, and writes `traces-complete` and
/// `sampling-decisions`.
///
/// Runs [AggregatorLoop]s on threads of its own. A loop that fails is replaced after a pause that
/// grows from 100 ms to 5 s; its successor continues from what is committed. Only records that tell
/// they are not for an aggregator stop it for good.
public final class Aggregator implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Aggregator.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

    private final KafkaClients clients;
    private final AggregatorConfig config;
    private final TopicsConfig topics;
    private final AggregatorMetrics metrics;
    private final InstantSource clock;
    private final LongSupplier nanoTime;
    private final CountDownLatch stop = new CountDownLatch(1);
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger leading = new AtomicInteger();
    private final AtomicReference<@Nullable String> refusal = new AtomicReference<>();

    /// @param clock tells when it is time to look at policy and traffic again
    /// @param nanoTime a clock that only counts time that has passed, in nanoseconds
    public Aggregator(
            KafkaClients clients,
            AggregatorConfig config,
            TopicsConfig topics,
            MeterRegistry registry,
            InstantSource clock,
            LongSupplier nanoTime) {
        this.clients = clients;
        this.config = config;
        this.topics = topics;
        this.metrics = new AggregatorMetrics(registry, config.figures().red());
        this.clock = clock;
        this.nanoTime = nanoTime;
    }

    public void start() {
        for (int i = 0; i < config.threads(); i++) {
            int number = i;
            threads.add(Thread.ofPlatform().name("aggregator-" + number).start(() -> run(number)));
        }
        threads.add(Thread.ofPlatform().name("version-leader").start(this::lead));
    }

    /// Rate, errors and durations of what was committed since this process began.
    public RedTotals red() {
        return metrics.red;
    }

    /// Whether every loop is a member of the group, or on the way to be.
    public boolean healthy() {
        return running.get() == config.threads();
    }

    /// What it found in `spans` that keeps it from ever going on: the place, and what is expected.
    /// It has stopped then, and committed nothing from there on; what to do is the operator's to
    /// say. Empty as long as it works.
    public Optional<String> refusal() {
        return Optional.ofNullable(refusal.get());
    }

    private void run(int number) {
        var pause = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
        while (stop.getCount() > 0) {
            long started = nanoTime.getAsLong();
            try (var loop =
                    new AggregatorLoop(clients, config, topics, metrics, number, nanoTime)) {
                loop.open();
                running.incrementAndGet();
                try {
                    while (stop.getCount() > 0) {
                        loop.step();
                        noteLead(number, loop.leads());
                    }
                    loop.leave();
                } finally {
                    noteLead(number, false);
                    running.decrementAndGet();
                }
            } catch (UnreadableSpansException e) {
                refusal.compareAndSet(null, e.getMessage());
                LOG.atError().log("Aggregator stops for good: {}", e.getMessage());
                stop.countDown();
                return;
            } catch (RuntimeException e) {
                metrics.restarts.increment();
                LOG.atError().setCause(e).log("Aggregator loop failed, starting anew");
            }
            if (nanoTime.getAsLong() - started > LONGEST_PAUSE.toNanos() * 2) {
                pause.reset();
            }
            if (awaitStop(pause.next())) {
                return;
            }
        }
    }

    /// One loop of the process may lead: the one with partition 0.
    private void noteLead(int number, boolean leads) {
        if (leads) {
            leading.set(number + 1);
        } else {
            leading.compareAndSet(number + 1, 0);
        }
    }

    private void lead() {
        var pause = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
        var failureLog = new LogGate(metrics.clock());
        while (!awaitStop(pause.next())) {
            if (leading.get() == 0) {
                pause.reset();
                continue;
            }
            try (var leader =
                    new VersionLeader(clients, config.tail(), topics, clock, failureLog)) {
                leader.open();
                pause.reset();
                while (stop.getCount() > 0 && leading.get() > 0) {
                    if (!leader.step() && awaitStop(FIRST_PAUSE)) {
                        return;
                    }
                }
            } catch (RuntimeException e) {
                metrics.restarts.increment();
                if (failureLog.open()) {
                    LOG.atError().setCause(e).log("Versions cannot be made, starting anew");
                }
            }
        }
    }

    private boolean awaitStop(Duration pause) {
        try {
            return stop.await(pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /// Commits what was done and leaves the group. Idempotent; takes 20 s at most.
    @Override
    public void close() {
        stop.countDown();
        try {
            for (var thread : threads) {
                if (!thread.join(Duration.ofSeconds(20))) {
                    thread.interrupt();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
