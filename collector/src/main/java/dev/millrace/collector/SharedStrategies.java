package dev.millrace.collector;

import dev.millrace.cache.SharedState;
import dev.millrace.sampling.AdaptiveStrategies;
import dev.millrace.sampling.RootSpans;
import dev.millrace.sampling.SamplingStrategy;
import dev.millrace.sampling.Throughput;
import dev.millrace.wire.otlp.TraceChunk;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Strategies computed from what arrives, toward a number of traces per second and operation.
///
/// Every collector tells the others what it has seen; one of them, the leader, computes and the
/// others take over what it says. A collector that can reach nobody computes from what it sees
/// itself.
public final class SharedStrategies implements Strategies, AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SharedStrategies.class);

    private static final String SEEN = "sampling:throughput";
    private static final String COMPUTED = "sampling:strategies";
    private static final String LEADER = "sampling:leader";
    private static final long ANSWER_SECONDS = 5;
    private static final int INTERVALS_REMEMBERED = 10;

    private final AdaptiveStrategies.Settings settings;
    private final Duration interval;
    private final SharedState state;
    private final ScheduledExecutorService scheduler;
    private final Counter failed;
    // Guarded by itself: asked by requests, stepped now and then.
    private final AdaptiveStrategies strategies;
    private final ConcurrentLinkedQueue<Tally> tallies = new ConcurrentLinkedQueue<>();
    private final ThreadLocal<Tally> tally = ThreadLocal.withInitial(this::newTally);
    private volatile boolean leading;
    private @Nullable Future<?> steps;

    /// What one thread has seen; locked by it, and by the step that takes it away.
    private static final class Tally {

        private final RootSpans roots;
        private final Throughput seen;

        Tally(RootSpans roots, Throughput seen) {
            this.roots = roots;
            this.seen = seen;
        }

        synchronized void count(List<TraceChunk> chunks) {
            roots.count(chunks, seen);
        }

        synchronized void moveTo(Throughput sum) {
            sum.add(seen);
            seen.clear();
        }
    }

    /// @param interval how often strategies are computed
    /// @param scheduler computes; it stays the caller's
    public SharedStrategies(
            AdaptiveStrategies.Settings settings,
            Duration interval,
            SharedState state,
            ScheduledExecutorService scheduler,
            MeterRegistry meters) {
        this.settings = settings;
        this.interval = interval;
        this.state = state;
        this.scheduler = scheduler;
        strategies = new AdaptiveStrategies(settings);
        failed =
                Counter.builder("millrace.sampling.strategies.unshared")
                        .description("Intervals in which strategies were computed alone")
                        .register(meters);
        Gauge.builder("millrace.sampling.strategies.operations", this::operations)
                .description("Operations that have a probability of their own")
                .register(meters);
        Gauge.builder("millrace.sampling.strategies.leader", () -> leading ? 1 : 0)
                .description("1 when this process computes for all")
                .register(meters);
    }

    /// Begins to compute.
    public void start() {
        steps =
                scheduler.scheduleAtFixedRate(
                        this::step,
                        interval.toMillis(),
                        interval.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    @Override
    public CompletableFuture<SamplingStrategy> strategy(String service) {
        synchronized (strategies) {
            return CompletableFuture.completedFuture(strategies.strategy(service));
        }
    }

    @Override
    public void observe(List<TraceChunk> chunks) {
        tally.get().count(chunks);
    }

    @Override
    public void close() {
        var running = steps;
        if (running != null) {
            running.cancel(false);
        }
    }

    private Tally newTally() {
        var made =
                new Tally(
                        new RootSpans(this::probability),
                        new Throughput(settings.mostOperations()));
        tallies.add(made);
        return made;
    }

    private double probability(String service, String operation) {
        synchronized (strategies) {
            return strategies.probability(service, operation);
        }
    }

    private int operations() {
        synchronized (strategies) {
            return strategies.size();
        }
    }

    private void step() {
        var own = new Throughput(settings.mostOperations());
        tallies.forEach(counted -> counted.moveTo(own));
        try {
            share(own);
        } catch (ExecutionException
                | TimeoutException
                | CompletionException
                | IllegalArgumentException e) {
            failed.increment();
            log.atDebug().setCause(e).log("Strategies are computed alone");
            compute(own);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void share(Throughput own)
            throws ExecutionException, TimeoutException, InterruptedException {
        // Twice the interval, so that what a slower process says is still there to be read.
        await(state.contribute(SEEN, own.text(), interval.multipliedBy(2)));
        leading = await(state.lead(LEADER, interval.multipliedBy(3).dividedBy(2)));
        var remembered = interval.multipliedBy(INTERVALS_REMEMBERED);
        if (leading) {
            var sum = new Throughput(settings.mostOperations());
            for (String text : await(state.contributions(SEEN))) {
                sum.add(Throughput.parse(text, settings.mostOperations()));
            }
            await(state.put(COMPUTED, compute(sum), remembered));
            return;
        }
        var computed = await(state.get(COMPUTED));
        if (computed.isPresent()) {
            synchronized (strategies) {
                strategies.replace(computed.get());
            }
        }
    }

    private String compute(Throughput seen) {
        synchronized (strategies) {
            strategies.step(seen, interval.toNanos() / 1e9);
            return strategies.text();
        }
    }

    private static <T> T await(CompletionStage<T> answer)
            throws ExecutionException, TimeoutException, InterruptedException {
        return answer.toCompletableFuture().get(ANSWER_SECONDS, TimeUnit.SECONDS);
    }
}
