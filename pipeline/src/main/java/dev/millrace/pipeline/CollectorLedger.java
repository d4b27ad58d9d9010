package dev.millrace.pipeline;

import dev.millrace.model.Tenant;
import dev.millrace.pipeline.ledger.Account;
import dev.millrace.pipeline.ledger.Cell;
import dev.millrace.pipeline.ledger.LedgerCodec;
import dev.millrace.pipeline.ledger.LedgerEntry;
import dev.millrace.pipeline.ledger.Posting;
import dev.millrace.pipeline.ledger.Postings;
import dev.millrace.pipeline.ledger.Stage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.jspecify.annotations.Nullable;

/// What a collector tells the ledger: the spans Kafka has acknowledged, and those its head sampled
/// out.
///
/// The first follow within a second, for the log has the spans themselves. Of the second nothing
/// else is left, so their requests are acknowledged when their entry is: within [#LINGER], many
/// requests in one entry. Safe for any number of threads; never blocks but in [#close()].
final class CollectorLedger implements AutoCloseable {

    /// How long what was sampled out waits for more.
    static final Duration LINGER = Duration.ofMillis(10);

    private static final Duration INTERVAL = Duration.ofSeconds(1);

    /// Hands a record to Kafka.
    interface Sender {
        void send(ProducerRecord<byte[], byte[]> record, Callback callback);
    }

    private final String topic;
    private final int partition;
    private final long writer;
    private final LongSupplier wallMillis;
    private final Sender sender;
    private final Thread clearing;
    private final byte[] name;
    private final AtomicLong records = new AtomicLong();

    private final Object lock = new Object();
    private final Postings postings = new Postings();
    private List<CompletableFuture<Void>> waiting = new ArrayList<>();

    private volatile boolean urgent;
    private volatile boolean closed;

    /// @param writer names this life of this collector
    /// @param partitions how many `ledger` has
    /// @param wallMillis milliseconds since the epoch
    CollectorLedger(
            String topic, int partitions, long writer, LongSupplier wallMillis, Sender sender) {
        this.topic = topic;
        this.partition = (int) Long.remainderUnsigned(writer, partitions);
        this.writer = writer;
        this.wallMillis = wallMillis;
        this.sender = sender;
        this.name = (HexFormat.of().toHexDigits(writer) + ":").getBytes(StandardCharsets.US_ASCII);
        this.clearing = Thread.ofPlatform().daemon().name("span-ledger").unstarted(this::run);
    }

    void start() {
        clearing.start();
    }

    /// What the header of the next record of spans says.
    byte[] nextRecord() {
        byte[] number = RecordHeaders.value(records.incrementAndGet());
        var says = new byte[name.length + number.length];
        System.arraycopy(name, 0, says, 0, name.length);
        System.arraycopy(number, 0, says, name.length, number.length);
        return says;
    }

    /// Kafka has a record with so many spans.
    void acknowledged(Tenant tenant, RecordMetadata written, int spans) {
        long minute = Math.floorDiv(written.timestamp(), 60_000);
        var cell = new Cell(tenant, written.partition(), minute);
        synchronized (lock) {
            postings.add(cell, Account.ACKNOWLEDGED, spans);
        }
    }

    /// Completes when the ledger has it.
    CompletableFuture<Void> sampledOut(Tenant tenant, int spans) {
        long minute = Math.floorDiv(wallMillis.getAsLong(), 60_000);
        var noted = new CompletableFuture<Void>();
        synchronized (lock) {
            postings.add(new Cell(tenant, Cell.NO_PARTITION, minute), Account.HEAD, spans);
            waiting.add(noted);
        }
        if (!urgent) {
            urgent = true;
            LockSupport.unpark(clearing);
        }
        return noted;
    }

    private void run() {
        long due = System.nanoTime() + INTERVAL.toNanos();
        while (!closed) {
            long wait = urgent ? LINGER.toNanos() : due - System.nanoTime();
            if (wait > 0) {
                LockSupport.parkNanos(this, wait);
                if (urgent && wait > LINGER.toNanos()) {
                    continue; // Woken by the first that is urgent: others may follow.
                }
            }
            if (urgent || due - System.nanoTime() <= 0) {
                due = System.nanoTime() + INTERVAL.toNanos();
                flush();
            }
        }
    }

    private void flush() {
        List<Posting> taken;
        List<CompletableFuture<Void>> told;
        synchronized (lock) {
            urgent = false;
            if (postings.isEmpty()) {
                return;
            }
            taken = postings.list();
            postings.clear();
            told = waiting;
            waiting = new ArrayList<>();
        }
        byte[] value = LedgerCodec.encode(new LedgerEntry(new Stage.Collector(writer), taken));
        try {
            sender.send(
                    new ProducerRecord<>(topic, partition, null, value),
                    (_, failure) -> written(taken, told, failure));
        } catch (RuntimeException e) {
            written(taken, told, e);
        }
    }

    private void written(
            List<Posting> taken, List<CompletableFuture<Void>> told, @Nullable Exception failure) {
        if (failure == null) {
            told.forEach(one -> one.complete(null));
            return;
        }
        synchronized (lock) {
            // Requests whose head's share is not noted are refused and come again. What Kafka has
            // of the spans of others is noted with the next entry.
            taken.stream()
                    .filter(one -> one.account() != Account.HEAD)
                    .forEach(one -> postings.addAll(List.of(one)));
        }
        told.forEach(one -> one.completeExceptionally(failure));
    }

    /// Hands over what there is. Idempotent.
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(clearing);
        flush();
    }
}
