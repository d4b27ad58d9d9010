package dev.millrace.pipeline;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.assembly.ClosedTrace;
import dev.millrace.assembly.ClosedTraces;
import dev.millrace.assembly.Fate;
import dev.millrace.assembly.LogMinute;
import dev.millrace.assembly.PartitionAssembler;
import dev.millrace.assembly.Refusal;
import dev.millrace.assembly.Resumption;
import dev.millrace.assembly.TableSpace;
import dev.millrace.assembly.TraceSink;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.SpanIndex;
import dev.millrace.wire.otlp.TraceChunk;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The way from the collector to the store without Kafka: assembly in this process's memory.
///
/// Spans are acknowledged once they are in memory. What a crash loses is every trace that was not
/// yet complete and written: the last quiet period's worth, and more while the store is away. An
/// orderly stop loses nothing.
public final class DirectPipeline implements SpanSink, TraceSink, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(DirectPipeline.class);
    private static final String TOPIC = "direct";
    private static final Duration TICK = Duration.ofMillis(100);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(20);

    /// One request's chunks and when they came: the append time of a log that is not there.
    private record Batch(Tenant tenant, List<TraceChunk> chunks, long bytes, long arrivedAt) {}

    private final TraceStore store;
    private final InstantSource clock;
    private final long maxBytes;
    private final LinkedBlockingQueue<Batch> arrived = new LinkedBlockingQueue<>();
    private final AtomicLong waitingBytes = new AtomicLong();
    private final PartitionAssembler assembler;
    private final List<Fragment> complete = new ArrayList<>();
    private final CountDownLatch stop = new CountDownLatch(1);
    private final Counter stored;
    private final Counter refused;
    private final Counter failures;
    private final EnrichmentMeters enrichment;
    private volatile long heldBytes;
    private @Nullable Thread thread;
    private long nextOffset;
    private long nextFragment;

    /// @param maxMemory the bytes of spans held at most; beyond it the sender is told to wait
    public DirectPipeline(
            AssemblyConfig config,
            ByteSize maxMemory,
            TraceStore store,
            InstantSource clock,
            MeterRegistry registry) {
        this.store = store;
        this.clock = clock;
        this.maxBytes = maxMemory.bytes();
        // Fragments of this life must not be taken for those of an earlier one.
        this.nextFragment = clock.millis() << 20;
        this.assembler =
                new PartitionAssembler(
                        config,
                        Resumption.fresh(0),
                        new ClosedTraces(config, TableSpace.memory()),
                        (_, _) -> {
                            throw new IllegalStateException("direct mode lets no bodies go");
                        },
                        this);
        enrichment = new EnrichmentMeters(registry);
        stored = registry.counter("millrace.direct.fragments.stored");
        refused = registry.counter("millrace.direct.spans.refused");
        failures = registry.counter("millrace.direct.store.failures");
        registry.gauge("millrace.direct.held.bytes", this, DirectPipeline::bytesHeld);
    }

    public void start() {
        thread = Thread.ofPlatform().name("direct-assembly").start(this::run);
    }

    private double bytesHeld() {
        return (double) (waitingBytes.get() + heldBytes);
    }

    @Override
    public CompletableFuture<Void> accept(Tenant tenant, List<TraceChunk> chunks) {
        long bytes = 0;
        for (var chunk : chunks) {
            bytes += chunk.body().length();
        }
        if (stop.getCount() == 0) {
            return refuse(SinkException.Kind.UNAVAILABLE, "stopping", chunks);
        }
        if (waitingBytes.addAndGet(bytes) + heldBytes > maxBytes) {
            waitingBytes.addAndGet(-bytes);
            return refuse(
                    SinkException.Kind.OVER_CAPACITY,
                    "spans in memory: at the limit of " + maxBytes + " bytes",
                    chunks);
        }
        arrived.add(new Batch(tenant, chunks, bytes, clock.millis()));
        return CompletableFuture.completedFuture(null);
    }

    /// Without a log there is no ledger.
    @Override
    public CompletableFuture<Void> sampledOut(Tenant tenant, int spans) {
        return CompletableFuture.completedFuture(null);
    }

    private CompletableFuture<Void> refuse(
            SinkException.Kind kind, String why, List<TraceChunk> chunks) {
        refused.increment(chunks.stream().mapToInt(TraceChunk::spans).sum());
        return CompletableFuture.failedFuture(new SinkException(kind, why, RETRY_AFTER));
    }

    private void run() {
        try {
            while (stop.getCount() > 0) {
                var batch = arrived.poll(TICK.toMillis(), TimeUnit.MILLISECONDS);
                for (var next = batch; next != null; next = arrived.poll()) {
                    assemble(next);
                }
                assembler.mark(nextOffset++, clock.millis());
                write();
            }
            for (var next = arrived.poll(); next != null; next = arrived.poll()) {
                assemble(next);
            }
            assembler.mark(nextOffset++, Long.MAX_VALUE / 2);
            write();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            assembler.close();
        }
    }

    private void assemble(Batch batch) {
        for (var chunk : batch.chunks()) {
            assembler.accept(
                    nextOffset++, batch.arrivedAt(), batch.tenant(), chunk.traceId(), chunk.body());
        }
        heldBytes = assembler.heldBytes();
        waitingBytes.addAndGet(-batch.bytes());
    }

    @Override
    public void begin(Tenant tenant, TraceId traceId) {}

    @Override
    public void observe(SpanIndex index, int from, int[] spans) {}

    /// Without a log to stand on, no verdict could be accounted for; everything is kept.
    @Override
    public Fate judge(ClosedTrace trace, ClosedTraces.@Nullable Entry earlier) {
        return Fate.KEPT;
    }

    @Override
    public void refused(ClosedTrace trace, Refusal refusal) {
        enrichment.refused(trace, refusal);
    }

    /// Without a log there is no place to put it. What is lost was counted.
    @Override
    public void putAside(ClosedTrace trace, long offset, Slice body, Refusal refusal) {}

    @Override
    public void partPutAside(
            ClosedTrace trace, Slice body, List<LogMinute> minutes, Refusal refusal) {
        enrichment.partRefused(trace, minutes, refusal);
    }

    @Override
    public Slice traceState(Slice before, Fate fate) {
        return before;
    }

    @Override
    public void part(ClosedTrace trace, int part, Slice body, List<LogMinute> minutes) {
        complete.add(
                new Fragment(
                        new FragmentId(TOPIC, 0, nextFragment++),
                        trace.tenant(),
                        trace.traceId(),
                        body));
    }

    /// The collector has checked every chunk, so this is a mistake of ours; the rest goes on.
    @Override
    public void poison(
            Tenant tenant, TraceId traceId, long offset, long minute, Slice body, String reason) {
        LOG.atError().addKeyValue("traceId", traceId).log("Unreadable chunk: {}", reason);
    }

    @Override
    public void closed(ClosedTrace trace, Fate fate) {}

    /// There is no record to put it on.
    @Override
    public void committable() {}

    private void write() throws InterruptedException {
        var pause = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
        while (!complete.isEmpty()) {
            try {
                store.write(List.copyOf(complete));
                stored.increment(complete.size());
                complete.clear();
            } catch (StoreException e) {
                failures.increment();
                LOG.atWarn().addKeyValue("error", e.toString()).log("Store away, trying again");
                LockSupport.parkNanos(pause.next().toNanos());
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
        }
        heldBytes = assembler.heldBytes();
    }

    /// Completes and writes what is open. Idempotent; takes 20 s at most.
    @Override
    public void close() {
        stop.countDown();
        var running = thread;
        if (running == null) {
            return;
        }
        try {
            if (!running.join(CLOSE_TIMEOUT)) {
                LOG.atError().log("Store still away, giving up what was not written");
                running.interrupt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
