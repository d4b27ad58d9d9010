package dev.millrace.pipeline;

import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.Grouping;
import dev.millrace.wire.otlp.TraceChunk;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Puts accepted spans into the `spans` topic, in records as the [Keying] has them.
///
/// A future completes when all in-sync replicas have every record of its request; it does so on
/// Kafka's I/O thread, which must not be kept. What waits for that is bounded in bytes, and beyond
/// the bound requests are refused at once. A failed request may have been written in part; sent
/// again, it makes duplicates, which everything downstream expects.
///
/// The topic must have been made by [Topics] before [#start()].
public final class KafkaSpanSink implements SpanSink, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(KafkaSpanSink.class);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);
    private static final int BATCH_BYTES = 256 << 10;
    private static final int LINGER_MILLIS = 10;

    /// What is packed has waited before.
    private static final int PACKED_LINGER_MILLIS = 1;

    /// Batches that one partition may hold without filling them: five on the wire, one open.
    private static final int BATCHES_PER_PARTITION = 6;

    private final KafkaClients clients;
    private final String topic;
    private final int partitions;
    private final SinkConfig config;
    private final SpanRecords records;
    private final Grouping grouping;
    private final SinkMeters meters;
    private final LogGate failureLog;
    private final AtomicLong inFlightBytes = new AtomicLong();
    private final WaitingLine waiting = new WaitingLine();
    private final CountDownLatch closed = new CountDownLatch(1);

    private final String ledgerTopic;
    private final int ledgerPartitions;

    private volatile @Nullable KafkaProducer<byte[], byte[]> producer;
    private volatile @Nullable CollectorLedger ledger;

    /// Only where records are packed.
    private volatile @Nullable SpanPacker packer;

    /// Only where markers are wanted.
    private volatile @Nullable MarkerWriter markers;

    private volatile boolean ready;

    public KafkaSpanSink(
            KafkaClients clients, TopicsConfig topics, SinkConfig config, MeterRegistry registry) {
        this.clients = clients;
        this.topic = topics.fullName(topics.spans());
        this.partitions = topics.spans().partitions();
        this.ledgerTopic = topics.fullName(topics.ledger());
        this.ledgerPartitions = topics.ledger().partitions();
        this.config = config;
        this.records =
                new SpanRecords(
                        topic, partitions, config.keying(), config.encoding(), topics.dialect());
        this.grouping = config.keying().grouping(partitions);
        this.meters = new SinkMeters(registry);
        this.failureLog = new LogGate(meters.clock());
        Gauge.builder("millrace.produce.inflight", inFlightBytes, AtomicLong::doubleValue)
                .baseUnit("bytes")
                .description("Accepted spans that Kafka has not acknowledged yet")
                .register(registry);
    }

    /// Opens the producer. Requests are refused until Kafka has answered once.
    public synchronized void start() {
        if (producer != null || closed.getCount() == 0) {
            throw new IllegalStateException("span sink: started before (expected: once)");
        }
        boolean packs = config.keying() == Keying.PACKED;
        int deliveryMillis = Math.toIntExact(config.deliveryTimeout().toMillis());
        var opened =
                clients.producer(
                        "collector",
                        Map.of(
                                "batch.size",
                                BATCH_BYTES,
                                "buffer.memory",
                                bufferBytes(),
                                "linger.ms",
                                packs ? PACKED_LINGER_MILLIS : LINGER_MILLIS,
                                // Callers are event loops: nothing may wait inside send.
                                "max.block.ms",
                                0,
                                // The other strategy forgets where the topic is when no broker
                                // answers; then nothing could be buffered until one does.
                                "metadata.recovery.strategy",
                                "none",
                                "delivery.timeout.ms",
                                deliveryMillis,
                                "request.timeout.ms",
                                Math.min(10_000, deliveryMillis / 2)));
        var noting =
                new CollectorLedger(
                        ledgerTopic,
                        ledgerPartitions,
                        new SplittableRandom().nextLong(),
                        () -> meters.clock().wallTime(),
                        (record, callback) -> {
                            // What fails here is told to the callback as well.
                            var _ = opened.send(record, callback);
                        });
        noting.start();
        ledger = noting;
        if (config.markers().wanted()) {
            var clock = meters.clock();
            var appending =
                    new MarkerWriter(
                            topic,
                            new SilenceMarkers(config.markers(), partitions, clock.monotonicTime()),
                            clock::monotonicTime,
                            (marker, callback) -> {
                                // What fails here is told to the callback as well.
                                var _ = opened.send(marker, callback);
                            },
                            failureLog);
            appending.start();
            markers = appending;
        }
        if (packs) {
            var packing =
                    new SpanPacker(
                            records,
                            partitions,
                            (tenant, filled, callback) ->
                                    send(opened, noting, tenant, filled, callback));
            packing.start();
            packer = packing;
        }
        producer = opened;
        Thread.ofPlatform().daemon().name("span-sink-probe").start(() -> probe(opened));
    }

    // Batches are allocated whole, however little is in them; so this must be more than our bound.
    private long bufferBytes() {
        return config.maxInFlight().bytes()
                + (long) BATCHES_PER_PARTITION * BATCH_BYTES * partitions
                + KafkaClients.MAX_REQUEST_BYTES;
    }

    /// Whether Kafka has told where the topic is.
    public boolean ready() {
        return ready;
    }

    @Override
    public Grouping grouping() {
        return grouping;
    }

    @Override
    public CompletableFuture<Void> accept(Tenant tenant, List<TraceChunk> chunks) {
        var sender = producer;
        if (sender == null || !ready || closed.getCount() == 0) {
            return refused(
                    SinkException.Kind.UNAVAILABLE, "Kafka has not answered yet", RETRY_AFTER);
        }
        if (chunks.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        var packing = packer;
        List<TraceChunk> pieces;
        List<SpanRecords.Filled> made;
        try {
            pieces = records.withinRecordSize(chunks);
            made = packing == null ? records.of(tenant, pieces) : List.of();
        } catch (SinkException e) {
            meters.failed(e.kind());
            return CompletableFuture.failedFuture(e);
        }
        long bytes = packing == null ? bytesOf(made) : bodyBytes(pieces);
        int spans = 0;
        for (int i = 0; i < chunks.size(); i++) {
            spans += chunks.get(i).spans();
        }
        if (bytes > config.maxInFlight().bytes()) {
            // It would never fit. A small request can be large here: every trace repeats its
            // resource.
            return refused(
                    SinkException.Kind.TOO_LARGE,
                    "request: "
                            + bytes
                            + " bytes as records (expected: at most "
                            + config.maxInFlight()
                            + ")",
                    Duration.ZERO);
        }
        if (waiting.longest(meters.clock().monotonicTime()) > config.maxWait().toNanos()) {
            return refused(
                    SinkException.Kind.OVER_CAPACITY,
                    "requests have waited for Kafka longer than "
                            + config.maxWait().toMillis()
                            + " ms (expected: less)",
                    RETRY_AFTER);
        }
        if (inFlightBytes.addAndGet(bytes) > config.maxInFlight().bytes()) {
            inFlightBytes.addAndGet(-bytes);
            return refused(
                    SinkException.Kind.OVER_CAPACITY,
                    "spans waiting for Kafka: " + config.maxInFlight() + " (expected: less)",
                    RETRY_AFTER);
        }
        int parts = packing == null ? made.size() : pieces.size();
        var delivery = new Delivery(parts, bytes, spans, inFlightBytes, meters, failureLog);
        waiting.join(delivery);
        if (packing == null) {
            send(sender, tenant, made, delivery);
        } else {
            packing.add(tenant, pieces, delivery);
        }
        return delivery.future();
    }

    private static long bytesOf(List<SpanRecords.Filled> made) {
        long bytes = 0;
        for (int i = 0; i < made.size(); i++) {
            var record = made.get(i).record();
            byte[] key = record.key();
            bytes += (key == null ? 0 : key.length) + record.value().length;
        }
        return bytes;
    }

    private static long bodyBytes(List<TraceChunk> pieces) {
        long bytes = 0;
        for (int i = 0; i < pieces.size(); i++) {
            bytes += pieces.get(i).body().length();
        }
        return bytes;
    }

    private void send(
            KafkaProducer<byte[], byte[]> sender,
            Tenant tenant,
            List<SpanRecords.Filled> made,
            Delivery delivery) {
        var noting = Objects.requireNonNull(ledger, "ledger: set before the producer");
        for (int i = 0; i < made.size(); i++) {
            try {
                send(sender, noting, tenant, made.get(i), delivery);
            } catch (RuntimeException e) {
                delivery.abandon(made.size() - i, e);
                return;
            }
            if (delivery.failed()) {
                delivery.abandon(made.size() - i - 1, null);
                return;
            }
        }
    }

    private void send(
            KafkaProducer<byte[], byte[]> sender,
            CollectorLedger noting,
            Tenant tenant,
            SpanRecords.Filled filled,
            Callback callback) {
        var record = filled.record();
        record.headers().add(RecordHeaders.WRITER, noting.nextRecord());
        // What fails here is told to the callback as well.
        var _ =
                sender.send(
                        record,
                        (written, failure) -> {
                            if (failure == null) {
                                noting.acknowledged(tenant, written, filled.spans());
                                var appending = markers;
                                if (appending != null) {
                                    appending.spansWritten(written.partition());
                                }
                            }
                            callback.onCompletion(written, failure);
                        });
    }

    @Override
    public CompletableFuture<Void> sampledOut(Tenant tenant, int spans) {
        var noting = ledger;
        return noting == null || closed.getCount() == 0
                ? refused(SinkException.Kind.UNAVAILABLE, "the sink is closing", RETRY_AFTER)
                : noting.sampledOut(tenant, spans)
                        .exceptionallyCompose(failure ->
                                refused(
                                        SinkException.Kind.UNAVAILABLE,
                                        "Kafka did not acknowledge: " + failure.getMessage(),
                                        RETRY_AFTER));
    }

    private CompletableFuture<Void> refused(
            SinkException.Kind kind, String message, Duration retryAfter) {
        meters.failed(kind);
        return CompletableFuture.failedFuture(new SinkException(kind, message, retryAfter));
    }

    // Asking again also keeps the topic in the producer's cache while nothing is sent.
    private void probe(KafkaProducer<byte[], byte[]> asked) {
        var log = new LogGate(meters.clock(), Duration.ofSeconds(5));
        KafkaException cause = null;
        try {
            do {
                try {
                    ready =
                            !asked.partitionsFor(topic).isEmpty()
                                    && !asked.partitionsFor(ledgerTopic).isEmpty();
                    cause = null;
                } catch (KafkaException e) {
                    ready = false;
                    // A cause, such as a refused password, is told once; then only that time is up.
                    if (cause == null || !(e instanceof TimeoutException)) {
                        cause = e;
                    }
                    if (log.open()) {
                        LOG.atWarn()
                                .addKeyValue("topic", topic)
                                .addKeyValue("error", cause.toString())
                                .log("Kafka does not say where the topic is; spans are refused");
                    }
                }
            } while (!closed.await(ready ? 1_000 : 50, TimeUnit.MILLISECONDS));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        ready = false;
    }

    // What comes back after this is not in the ledger; the log has it all the same.
    private static void flush(KafkaProducer<byte[], byte[]> closing) {
        var flushing = Thread.ofVirtual().start(closing::flush);
        try {
            if (!flushing.join(CLOSE_TIMEOUT)) {
                flushing.interrupt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Waits a bounded time for what was accepted; what Kafka has not acknowledged by then fails.
    /// Idempotent.
    @Override
    public synchronized void close() {
        if (closed.getCount() == 0) {
            return;
        }
        closed.countDown();
        ready = false;
        var appending = markers;
        if (appending != null) {
            appending.close();
        }
        var packing = packer;
        if (packing != null) {
            packing.close();
        }
        var closing = producer;
        if (closing != null) {
            flush(closing);
            var noting = ledger;
            if (noting != null) {
                noting.close();
            }
            closing.close(CLOSE_TIMEOUT);
        }
    }
}
