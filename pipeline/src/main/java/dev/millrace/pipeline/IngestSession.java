package dev.millrace.pipeline;

import dev.millrace.pipeline.ledger.LedgerEntry;
import dev.millrace.pipeline.ledger.Postings;
import dev.millrace.pipeline.ledger.Stage;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceStore;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One consumer's life in the ingester's group: read, write, commit, in this order.
///
/// An offset is committed only when everything before it is in the store or among the dead letters.
/// While the store fails, nothing more is read, and the group still hears from us.
///
/// For one thread, which calls [#step()] again and again.
final class IngestSession implements ConsumerRebalanceListener, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(IngestSession.class);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    /// While paused, how often the consumer gets a turn.
    private static final Duration PAUSED_POLL = Duration.ofMillis(100);

    private final Consumer<byte[], byte[]> consumer;
    private final TraceStore store;
    private final DeadLetterWriter deadLetters;
    private final IngestCommit offsets;
    private final IngesterConfig config;
    private final IngesterMeters meters;
    private final LogGate failureLog;
    private final Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));

    private final Deque<ConsumerRecord<byte[], byte[]>> unread = new ArrayDeque<>();
    private final Map<TopicPartition, Long> unreadEnds = new HashMap<>();
    private final IngestBatch batch = new IngestBatch();
    private final Map<TopicPartition, Long> durable = new HashMap<>();
    private final Map<TopicPartition, Postings> postings = new HashMap<>();

    private long batchSince;
    private boolean examined;
    private boolean paused;
    private long retryAt;

    IngestSession(
            Consumer<byte[], byte[]> consumer,
            TraceStore store,
            DeadLetterWriter deadLetters,
            IngestCommit offsets,
            IngesterConfig config,
            IngesterMeters meters,
            LogGate failureLog) {
        this.consumer = consumer;
        this.store = store;
        this.deadLetters = deadLetters;
        this.offsets = offsets;
        this.config = config;
        this.meters = meters;
        this.failureLog = failureLog;
    }

    void subscribe(String topic) {
        offsets.open();
        consumer.subscribe(List.of(topic), this);
    }

    /// Reads for at most the batch delay, and writes when the batch is due.
    void step() {
        if (paused) {
            long wait = Math.max(0, retryAt - now());
            receive(consumer.poll(atMost(wait, PAUSED_POLL)));
            if (now() - retryAt >= 0) {
                flush();
            }
        } else {
            if (unread.isEmpty()) {
                receive(consumer.poll(atMost(untilDue(), config.batchDelay())));
            }
            fill();
            if (!batch.isEmpty() && (full() || untilDue() <= 0)) {
                flush();
            }
        }
        commit();
    }

    private void receive(ConsumerRecords<byte[], byte[]> records) {
        records.forEach(unread::add);
        records.nextOffsets()
                .forEach((partition, next) -> unreadEnds.put(partition, next.offset()));
    }

    private void fill() {
        boolean wasEmpty = batch.isEmpty();
        while (!unread.isEmpty() && !full()) {
            batch.add(unread.remove());
        }
        if (unread.isEmpty()) {
            // Ends can lie beyond the last record: transactions leave marks of their own behind.
            unreadEnds.forEach(batch::advance);
            unreadEnds.clear();
        }
        if (wasEmpty && !batch.isEmpty()) {
            batchSince = now();
        }
    }

    private boolean full() {
        return batch.bytes() >= config.batchBytes().bytes();
    }

    private long untilDue() {
        long delay = config.batchDelay().toNanos();
        return batch.isEmpty() ? delay : batchSince + delay - now();
    }

    private void flush() {
        try {
            write();
        } catch (RuntimeException e) {
            meters.failed(e);
            if (!examine(e)) {
                pause(e);
                return;
            }
            retryAt = now();
            paused = true;
            return;
        }
        durable.putAll(batch.next());
        batch.postings()
                .forEach((partition, made) ->
                        postings.computeIfAbsent(partition, _ -> new Postings()).addAll(made));
        batch.clear();
        examined = false;
        backoff.reset();
        if (paused) {
            paused = false;
            consumer.resume(consumer.paused());
            meters.paused(false);
        }
    }

    private void write() {
        List<DeadLetterWriter.Letter> letters = batch.letters();
        if (!letters.isEmpty()) {
            deadLetters.write(letters);
            batch.lettersWritten();
        }
        List<Fragment> fragments = batch.fragments();
        if (fragments.isEmpty()) {
            return;
        }
        long start = now();
        try {
            store.write(fragments);
        } finally {
            meters.writeTook(now() - start);
        }
        meters.stored(batch.spans(), fragments.size());
    }

    /// Looks, once per batch, for fragments that are the reason themselves, and puts them aside.
    ///
    /// @return whether there were any, so that trying again makes sense at once
    private boolean examine(RuntimeException failure) {
        if (examined) {
            return false;
        }
        boolean refused = isRefusal(failure);
        boolean mishandled =
                failure instanceof StoreException known
                        ? known.kind() == StoreException.Kind.BUG
                        : !(failure instanceof KafkaException);
        if (!refused && !mishandled) {
            return false;
        }
        examined = true;
        return batch.condemnMalformed() || (refused && batch.condemn("refused", this::refusal));
    }

    private @Nullable String refusal(Fragment fragment) {
        try {
            store.write(List.of(fragment));
            return null;
        } catch (RuntimeException e) {
            return isRefusal(e) ? String.valueOf(e.getMessage()) : null;
        }
    }

    private static boolean isRefusal(RuntimeException failure) {
        return failure instanceof StoreException known
                && known.kind() == StoreException.Kind.INVALID_REQUEST;
    }

    private void pause(RuntimeException failure) {
        Duration delay = backoff.next();
        retryAt = now() + delay.toNanos();
        paused = true;
        meters.paused(true);
        consumer.pause(consumer.assignment());
        if (failureLog.open()) {
            LOG.atWarn()
                    .addKeyValue("fragments", batch.fragments().size())
                    .addKeyValue("error", failure.toString())
                    .log("The store fails; reading pauses until it takes what was read");
        }
    }

    /// Commits what is durable; what cannot be committed now is kept for the next time.
    private void commit() {
        if (durable.isEmpty()) {
            return;
        }
        var positions = new HashMap<TopicPartition, OffsetAndMetadata>();
        var entries = new HashMap<TopicPartition, LedgerEntry>();
        durable.forEach((at, next) -> {
            positions.put(at, new OffsetAndMetadata(next));
            var made = postings.get(at);
            entries.put(
                    at,
                    new LedgerEntry(
                            new Stage.Ingester(at.topic(), at.partition(), next),
                            made == null ? List.of() : made.list()));
        });
        try {
            offsets.commit(positions, entries, consumer.groupMetadata());
            durable.clear();
            postings.clear();
        } catch (CommitFailedException e) {
            // The group went on without us: the new owners read this again and store the same.
            durable.clear();
            postings.clear();
            LOG.atWarn().addKeyValue("error", e.toString()).log("Offsets not committed; dropped");
        } catch (KafkaException e) {
            if (failureLog.open()) {
                LOG.atWarn()
                        .addKeyValue("error", e.toString())
                        .log("Offsets not committed; trying again");
            }
        }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        if (paused) {
            consumer.pause(partitions);
        }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        commit();
        drop(partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        drop(partitions);
    }

    private void drop(Collection<TopicPartition> partitions) {
        unread.removeIf(record -> partitions.contains(IngestBatch.partition(record)));
        unreadEnds.keySet().removeAll(partitions);
        batch.drop(partitions);
        durable.keySet().removeAll(partitions);
        postings.keySet().removeAll(partitions);
    }

    /// Leaves the group. What is durable was committed by the step that wrote it.
    @Override
    public void close() {
        meters.paused(false);
        consumer.close(CloseOptions.timeout(CLOSE_TIMEOUT));
        offsets.close();
    }

    private long now() {
        return meters.clock().monotonicTime();
    }

    private static Duration atMost(long nanos, Duration limit) {
        return Duration.ofNanos(Math.clamp(nanos, 0, limit.toNanos()));
    }
}
