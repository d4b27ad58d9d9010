package dev.millrace.agent;

import dev.millrace.access.ClientTls;
import dev.millrace.collector.Strategies;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.SinkException;
import dev.millrace.pipeline.SpanSink;
import dev.millrace.wire.otlp.Grouping;
import dev.millrace.wire.otlp.TraceChunk;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.InetAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A sink that forwards spans to collectors, and keeps them on disk while none takes them.
///
/// What was accepted has been taken by a collector, or is on disk, where the next agent with the
/// same directory finds it. It may reach a collector twice, after a crash or an answer that was
/// lost; copies of a span are recognised where traces are assembled and read.
///
/// Safe for any number of threads; never blocks.
public final class Agent implements SpanSink, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Agent.class);

    private static final Duration RESOLVE_EVERY = Duration.ofSeconds(30);
    private static final Duration FIRST_RESOLUTION = Duration.ofSeconds(1);
    private static final Duration TEND_EVERY = Duration.ofSeconds(1);
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);
    private static final Duration SOON = Duration.ofSeconds(1);

    private final AgentConfig config;
    private final ResourceStamp stamp;
    private final AgentMetrics metrics;
    private final AtomicLong pending;
    private final ScheduledExecutorService loop = single("agent");
    private final ScheduledExecutorService names = single("agent-names");
    private final ScheduledExecutorService disk = single("agent-disk");
    private final Upstreams upstreams = new Upstreams(ThreadLocalRandom.current());
    private final CollectorClient client;
    private final @Nullable SpoolKeeper spool;
    private final Forwarder forwarder;
    private final Batches batches;
    private final ProxiedStrategies strategies;
    // When the next step is due; only the loop looks at it.
    private long nextStep = Long.MAX_VALUE;
    private volatile boolean closing;

    /// @param tls whom to trust and what to show; null for plain text; stays the caller's
    public Agent(
            AgentConfig config,
            @Nullable ClientTls tls,
            InstantSource clock,
            MeterRegistry meters) {
        this.config = config;
        stamp = new ResourceStamp(config.attributes());
        metrics = new AgentMetrics(meters);
        pending = metrics.pending();
        client = new CollectorClient(config, tls);
        var place = config.spool();
        spool = place == null ? null : new SpoolKeeper(place, clock, disk, metrics);
        Executor onLoop = this::onLoop;
        forwarder =
                new Forwarder(
                        config,
                        new OtlpLink(
                                upstreams,
                                client,
                                metrics,
                                // One that hangs has used up all of it.
                                config.timeout().dividedBy(2),
                                System::nanoTime,
                                onLoop),
                        spool,
                        metrics,
                        System::nanoTime,
                        onLoop);
        batches = new Batches(config.batch(), config.packing(), forwarder::ship);
        strategies = new ProxiedStrategies(upstreams, client, metrics, System::nanoTime);
        metrics.gauge(
                "millrace.agent.collectors",
                "Collectors that are known",
                upstreams,
                Upstreams::size);
        metrics.gauge(
                "millrace.agent.collectors.usable",
                "Collectors that did not fail when they were asked last",
                upstreams,
                known -> known.usable(System.nanoTime()));
    }

    private static ScheduledExecutorService single(String name) {
        return Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name(name).factory());
    }

    /// Looks for the collectors and for what is on disk. Neither has to be there.
    public void start() {
        var resolver = new Resolver(config.collectors(), InetAddress::getAllByName);
        var first = names.submit(() -> resolve(resolver));
        var _ =
                names.scheduleWithFixedDelay(
                        () -> resolve(resolver),
                        RESOLVE_EVERY.toMillis(),
                        RESOLVE_EVERY.toMillis(),
                        TimeUnit.MILLISECONDS);
        var keeper = spool;
        if (keeper != null) {
            await(keeper.tend(), FIRST_RESOLUTION);
            var _ =
                    disk.scheduleWithFixedDelay(
                            () -> {
                                var _ = keeper.tend();
                            },
                            TEND_EVERY.toMillis(),
                            TEND_EVERY.toMillis(),
                            TimeUnit.MILLISECONDS);
        }
        try {
            first.get(FIRST_RESOLUTION.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.atDebug().setCause(e).log("Collectors are not known yet");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        onLoop(() -> {});
    }

    private void resolve(Resolver resolver) {
        upstreams.replace(resolver.resolve(), System.nanoTime());
    }

    /// What collectors tell SDKs to sample.
    public Strategies strategies() {
        return strategies;
    }

    /// Why spans can neither be forwarded nor kept now; empty where they can.
    public Optional<String> trouble() {
        if (upstreams.usable(System.nanoTime()) > 0) {
            return Optional.empty();
        }
        var keeper = spool;
        if (keeper == null) {
            return Optional.of("no collector takes spans");
        }
        return keeper.trouble().map(why -> "no collector takes spans, and " + why);
    }

    @Override
    public Grouping grouping() {
        return Grouping.WHOLE;
    }

    @Override
    public CompletableFuture<Void> accept(Tenant tenant, List<TraceChunk> chunks) {
        if (closing) {
            return refused(SinkException.Kind.UNAVAILABLE, "the agent is closing");
        }
        var taken =
                chunks.stream()
                        .map(chunk ->
                                new Part(
                                        tenant,
                                        stamp.apply(chunk.body()),
                                        chunk.spans(),
                                        new CompletableFuture<>()))
                        .toList();
        long bytes = taken.stream().mapToLong(part -> part.body().length()).sum();
        long now = pending.addAndGet(bytes);
        if (now > config.maxPending().bytes()) {
            pending.addAndGet(-bytes);
            return refused(
                    SinkException.Kind.OVER_CAPACITY,
                    "spans on their way: "
                            + (now - bytes)
                            + " bytes (expected: room for "
                            + bytes
                            + " more below "
                            + config.maxPending()
                            + ")");
        }
        var all =
                CompletableFuture.allOf(
                        taken.stream().map(Part::taken).toArray(CompletableFuture<?>[]::new));
        onLoop(() -> taken.forEach(part -> batches.add(part, System.nanoTime())));
        return all.whenComplete((_, _) -> pending.addAndGet(-bytes));
    }

    private static CompletableFuture<Void> refused(SinkException.Kind kind, String message) {
        return CompletableFuture.failedFuture(new SinkException(kind, message, SOON));
    }

    @Override
    public CompletableFuture<Void> sampledOut(Tenant tenant, int spans) {
        // Nothing is dropped before it comes here.
        return CompletableFuture.completedFuture(null);
    }

    private void onLoop(Runnable work) {
        try {
            loop.execute(() -> {
                try {
                    work.run();
                    step();
                } catch (RuntimeException e) {
                    // The loop goes on: nothing that was acknowledged depends on this one.
                    LOG.atError().setCause(e).log("Failed to forward");
                    throw e;
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.atDebug().setCause(e).log("Came after the end");
        }
    }

    private void step() {
        long now = System.nanoTime();
        long wait = Math.min(batches.step(now), forwarder.step());
        // One appointment at a time: a later one is not needed where an earlier one is made.
        if (nextStep == Long.MAX_VALUE || now + wait < nextStep) {
            nextStep = now + wait;
            long due = nextStep;
            try {
                var _ =
                        loop.schedule(
                                () -> {
                                    if (nextStep == due) {
                                        nextStep = Long.MAX_VALUE;
                                    }
                                    step();
                                },
                                wait,
                                TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException e) {
                LOG.atDebug().setCause(e).log("Came after the end");
            }
        }
    }

    /// Lets what is on its way arrive, and puts the rest on disk. Idempotent.
    @Override
    public void close() {
        if (closing) {
            return;
        }
        closing = true;
        var end = System.nanoTime() + CLOSE_PATIENCE.toNanos();
        var idle = new CompletableFuture<Void>();
        onLoop(() -> {
            batches.flush();
            forwarder.hurry();
            awaitIdle(idle);
        });
        await(idle, CLOSE_PATIENCE);
        loop.shutdownNow();
        names.shutdownNow();
        client.close();
        var keeper = spool;
        if (keeper != null) {
            await(
                    keeper.close(),
                    Duration.ofNanos(Math.max(SOON.toNanos(), end - System.nanoTime())));
        }
        disk.shutdownNow();
    }

    private void awaitIdle(CompletableFuture<Void> idle) {
        forwarder.hurry();
        if (forwarder.isIdle()) {
            idle.complete(null);
        } else {
            var _ = loop.schedule(() -> awaitIdle(idle), 10, TimeUnit.MILLISECONDS);
        }
    }

    private static void await(CompletableFuture<Void> work, Duration patience) {
        try {
            work.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            // Those who failed have said so.
            LOG.atDebug().setCause(e).log("Not done in time");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
