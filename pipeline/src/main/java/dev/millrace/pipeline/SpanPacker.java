package dev.millrace.pipeline;

import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.TraceChunk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.Callback;
import org.jspecify.annotations.Nullable;

/// Gathers what several requests have for one partition and tenant, and makes one record of it.
///
/// A request alone fills no record: its traces are spread over all partitions. A record goes as
/// soon as it is large, and at the latest when its first spans have waited for [#LINGER]. Adding
/// never waits; safe for any number of threads.
final class SpanPacker implements AutoCloseable {

    /// How long spans wait for others. It stands in for the producer's own waiting.
    static final Duration LINGER = Duration.ofMillis(10);

    /// The size at which a record goes, with headers a batch of the producer; larger is only what
    /// came as one piece.
    static final int RECORD_BYTES = 255 << 10;

    /// Hands a record of a tenant's spans to Kafka; the callback hears of every failure that is not
    /// thrown.
    interface Sender {
        void send(Tenant tenant, SpanRecords.Filled record, Callback callback);
    }

    private final SpanRecords records;
    private final Sender sender;
    private final List<Slot> slots;
    private final Thread clearing;

    /// Whether something waits, which the clearing thread may not know yet.
    private final AtomicBoolean waiting = new AtomicBoolean();

    private volatile boolean closed;

    SpanPacker(SpanRecords records, int partitions, Sender sender) {
        this.records = records;
        this.sender = sender;
        var made = new ArrayList<Slot>(partitions);
        for (int i = 0; i < partitions; i++) {
            made.add(new Slot(i));
        }
        this.slots = List.copyOf(made);
        this.clearing = Thread.ofPlatform().daemon().name("span-packer").unstarted(this::clear);
    }

    void start() {
        clearing.start();
    }

    /// Takes over the spans of one request.
    ///
    /// @param pieces none larger than a record may be
    /// @param delivery told once for each piece
    void add(Tenant tenant, List<TraceChunk> pieces, Delivery delivery) {
        for (int i = 0; i < pieces.size(); i++) {
            var piece = pieces.get(i);
            var id = piece.traceId();
            int partition = TraceKey.partition(id.high(), id.low(), slots.size());
            if (!slots.get(partition).add(tenant, piece, delivery)) {
                delivery.abandon(
                        pieces.size() - i, new IllegalStateException("the sink is closing"));
                break;
            }
        }
        if (!waiting.get() && waiting.compareAndSet(false, true)) {
            LockSupport.unpark(clearing);
        }
    }

    private void clear() {
        while (!closed) {
            if (!waiting.get()) {
                LockSupport.park(this);
                continue;
            }
            long until = System.nanoTime() + LINGER.toNanos();
            long left = LINGER.toNanos();
            while (left > 0 && !closed) {
                LockSupport.parkNanos(this, left);
                left = until - System.nanoTime();
            }
            // Before looking: what is added from now on is told of again.
            waiting.set(false);
            sendAll();
        }
    }

    private void sendAll() {
        for (var slot : slots) {
            slot.sendAll();
        }
    }

    private void send(Tenant tenant, int partition, Pack pack) {
        try {
            var record = records.packed(tenant, partition, pack.pieces, pack.bytes);
            sender.send(
                    tenant,
                    new SpanRecords.Filled(record, pack.spans),
                    (_, failure) -> pack.back(failure));
        } catch (RuntimeException e) {
            pack.back(e);
        }
    }

    /// Sends what is there and takes no more. Idempotent.
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(clearing);
        sendAll();
    }

    /// What waits for one partition.
    private final class Slot {

        private final int partition;
        private final Map<Tenant, Pack> open = new HashMap<>();

        Slot(int partition) {
            this.partition = partition;
        }

        /// False once there is nobody who would send it.
        boolean add(Tenant tenant, TraceChunk piece, Delivery delivery) {
            int length = piece.body().length();
            Pack before = null;
            Pack full = null;
            synchronized (this) {
                if (closed) {
                    return false;
                }
                var pack = open.get(tenant);
                if (pack == null || pack.bytes + length > RECORD_BYTES) {
                    before = pack;
                    pack = new Pack();
                    open.put(tenant, pack);
                }
                pack.add(piece, delivery);
                if (pack.bytes >= RECORD_BYTES) {
                    full = open.remove(tenant);
                }
            }
            // Compressing takes its time, so others may add meanwhile.
            if (before != null) {
                send(tenant, partition, before);
            }
            if (full != null) {
                send(tenant, partition, full);
            }
            return true;
        }

        void sendAll() {
            Map<Tenant, Pack> taken;
            synchronized (this) {
                if (open.isEmpty()) {
                    return;
                }
                taken = new HashMap<>(open);
                open.clear();
            }
            taken.forEach((tenant, pack) -> send(tenant, partition, pack));
        }
    }

    /// What becomes one record, and who is to be told of it.
    private static final class Pack {

        private final List<TraceChunk> pieces = new ArrayList<>();
        private final List<Delivery> deliveries = new ArrayList<>();
        private int bytes;
        private int spans;

        void add(TraceChunk piece, Delivery delivery) {
            pieces.add(piece);
            deliveries.add(delivery);
            bytes += piece.body().length();
            spans += piece.spans();
        }

        void back(@Nullable Exception failure) {
            for (var delivery : deliveries) {
                delivery.onCompletion(null, failure);
            }
        }
    }
}
