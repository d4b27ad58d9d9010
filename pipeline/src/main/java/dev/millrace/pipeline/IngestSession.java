package dev.millrace.pipeline;

import dev.millrace.pipeline.BatchLine.Place;
import dev.millrace.pipeline.ledger.LedgerEntry;
import dev.millrace.pipeline.ledger.Postings;
import dev.millrace.pipeline.ledger.Stage;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
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
/// Several batches are written at once, by threads of others, and an offset is committed only when
/// everything before it is in the store or among the dead letters. While the store fails nothing
/// more is read, one batch after a pause tries whether it is back, and the group still hears from
/// us. While it is slow, no more is read than may be in flight.
///
/// For one thread, which calls [#step()] again and again.
final class IngestSession implements ConsumerRebalanceListener, SessionLoop.Session {

    private static final Logger LOG = LoggerFactory.getLogger(IngestSession.class);
    private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(5);

    // What is being written is waited for within it, and leaving the group comes after.
    private static final Duration CLOSE_TIMEOUT = DRAIN_TIMEOUT.plusSeconds(5);

    /// While nothing may be read, how often the consumer gets a turn.
    private static final Duration PAUSED_POLL = Duration.ofMillis(100);

    /// While something is being written, how long its end may go unnoticed.
    private static final Duration BUSY_POLL = Duration.ofMillis(20);

    /// Of what is written but has something unwritten before it, for every writer.
    private static final int WAITING_BATCHES = 8;

    /// How the writing of a batch ended.
    ///
    /// @param failure null when it is durable
    private record Outcome(Place place, @Nullable Throwable failure) {}

    private final Consumer<byte[], byte[]> consumer;
    private final BatchWriter writer;
    private final Executor writers;
    private final IngestCommit offsets;
    private final IngesterConfig config;
    private final FragmentReader reader;
    private final IngestAccounts accounts;
    private final IngesterMeters meters;
    private final LogGate failureLog;
    private final Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));

    private final Deque<ConsumerRecord<byte[], byte[]>> unread = new ArrayDeque<>();
    private final Map<TopicPartition, Long> unreadEnds = new HashMap<>();
    private final ReadingPause readingPause;
    private final BatchLine line = new BatchLine();
    private final BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
    private final Map<TopicPartition, Long> durable = new HashMap<>();
    private final Map<TopicPartition, Postings> postings = new HashMap<>();

    private IngestBatch batch;
    private long batchSince;

    /// Whether the store failed and has not taken a batch since.
    private boolean failing;

    private long retryAt;

    /// The batch that tries whether the store is back.
    private @Nullable Place probe;

    /// @param writers runs as many tasks at once as the configuration says
    IngestSession(
            Consumer<byte[], byte[]> consumer,
            BatchWriter writer,
            Executor writers,
            IngestCommit offsets,
            IngesterConfig config,
            IngestAccounts accounts,
            IngesterMeters meters,
            LogGate failureLog) {
        this.consumer = consumer;
        this.readingPause = new ReadingPause(consumer);
        this.writer = writer;
        this.writers = writers;
        this.offsets = offsets;
        this.config = config;
        this.accounts = accounts;
        this.reader = new FragmentReader(new ForeignRecords(config.source().encoding()));
        this.batch = new IngestBatch(reader, accounts);
        this.meters = meters;
        this.failureLog = failureLog;
    }

    void subscribe(List<String> topics) {
        offsets.open();
        consumer.subscribe(topics, this);
    }

    /// Reads for at most the batch delay, hands over for writing what is due, and commits what is
    /// durable.
    @Override
    public void step() {
        if (failing || isFull()) {
            readingPause.set(true);
            await(failing ? Math.min(untilRetry(), PAUSED_POLL.toNanos()) : PAUSED_POLL.toNanos());
            receive(consumer.poll(Duration.ZERO));
        } else {
            readingPause.set(false);
            receive(consumer.poll(patience()));
        }
        collect();
        if (failing) {
            retry();
        } else {
            write();
        }
        settle();
        commit();
        meters.inFlight(line.bytes());
    }

    /// Whether more has been read than may be written now.
    private boolean isFull() {
        return !unread.isEmpty() || (isBatchFull() && !mayWrite());
    }

    private Duration patience() {
        long due = mayWrite() ? untilDue() : Long.MAX_VALUE;
        long limit = line.writing() > 0 ? BUSY_POLL.toNanos() : config.batchDelay().toNanos();
        return Duration.ofNanos(Math.clamp(due, 0, limit));
    }

    private void receive(ConsumerRecords<byte[], byte[]> records) {
        records.forEach(unread::add);
        records.nextOffsets()
                .forEach((partition, next) -> unreadEnds.put(partition, next.offset()));
    }

    /// Begins as many writes as may be under way, those first that failed before.
    private void write() {
        while (hasWriter()) {
            var failed = line.firstFailed();
            if (failed.isPresent()) {
                line.again(failed.get());
                start(failed.get());
                continue;
            }
            if (!hasRoom()) {
                return;
            }
            fill();
            if (batch.isEmpty() || !(isBatchFull() || untilDue() <= 0)) {
                return;
            }
            start(line.enter(batch));
            batch = new IngestBatch(reader, accounts);
        }
    }

    private boolean mayWrite() {
        return hasWriter() && hasRoom();
    }

    private boolean hasWriter() {
        return !failing && line.writing() < config.writers();
    }

    /// Whether one more batch may be in flight.
    private boolean hasRoom() {
        return line.size() < WAITING_BATCHES * config.writers()
                && line.bytes() + config.batchBytes().bytes() <= config.maxInFlight().bytes();
    }

    private void fill() {
        boolean wasEmpty = batch.isEmpty();
        while (!unread.isEmpty() && !isBatchFull()) {
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

    private boolean isBatchFull() {
        return batch.bytes() >= config.batchBytes().bytes();
    }

    private long untilDue() {
        long delay = config.batchDelay().toNanos();
        return batch.isEmpty() ? delay : batchSince + delay - now();
    }

    private void start(Place place) {
        writers.execute(() -> outcomes.add(outcome(place)));
    }

    private Outcome outcome(Place place) {
        try {
            place.batch().decode();
        } catch (RuntimeException e) {
            // A mistake of ours and no fault of the store: the loop begins anew.
            return new Outcome(place, new ExecutionException("records not decoded", e));
        }
        try {
            return new Outcome(place, writer.write(place.batch()));
        } catch (Error e) {
            // The loop must hear of it, or it would wait for ever.
            return new Outcome(place, e);
        }
    }

    /// Waits for the end of a write.
    private void await(long nanos) {
        try {
            var outcome = outcomes.poll(nanos, TimeUnit.NANOSECONDS);
            if (outcome != null) {
                note(outcome);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void collect() {
        for (var outcome = outcomes.poll(); outcome != null; outcome = outcomes.poll()) {
            note(outcome);
        }
    }

    private void note(Outcome outcome) {
        var place = outcome.place();
        boolean probed = place.equals(probe);
        if (probed) {
            probe = null;
        }
        switch (outcome.failure()) {
            case null -> {
                line.done(place);
                if (probed) {
                    recover();
                }
            }
            case RuntimeException e -> {
                line.failed(place);
                if (place.batch().hasProgressed()) {
                    // It takes something, so it is not to be left alone for ever longer.
                    backoff.reset();
                }
                // Others that were under way fail for the same reason.
                if (probed || !failing) {
                    fail(e);
                }
            }
            case Throwable e -> throw new IllegalStateException("a writer has failed", e);
        }
    }

    private void fail(RuntimeException failure) {
        failing = true;
        retryAt = now() + backoff.next().toNanos();
        meters.paused(true);
        if (failureLog.open()) {
            LOG.atWarn()
                    .addKeyValue("batches", line.size())
                    .addKeyValue("error", failure.toString())
                    .log("The store fails; reading pauses until it takes what was read");
        }
    }

    private void recover() {
        failing = false;
        backoff.reset();
        meters.paused(false);
    }

    private long untilRetry() {
        return probe == null ? Math.max(0, retryAt - now()) : Long.MAX_VALUE;
    }

    private void retry() {
        if (probe != null || now() - retryAt < 0) {
            return;
        }
        var first = line.firstFailed();
        if (first.isPresent()) {
            probe = first.get();
            line.again(probe);
            start(probe);
        } else {
            // Those that failed belong to others now.
            recover();
        }
    }

    private void settle() {
        line.settle((partition, end, made) -> {
            durable.put(partition, end);
            postings.computeIfAbsent(partition, _ -> new Postings()).addAll(made);
        });
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
        readingPause.assigned(partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        drain(partitions);
        settle();
        commit();
        drop(partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        drop(partitions);
    }

    /// Waits for what is being written of these partitions, so that nobody has to write it again.
    private void drain(Collection<TopicPartition> partitions) {
        long deadline = now() + DRAIN_TIMEOUT.toNanos();
        while (line.isWriting(partitions)
                && deadline - now() > 0
                && !Thread.currentThread().isInterrupted()) {
            await(BUSY_POLL.toNanos());
        }
    }

    private void drop(Collection<TopicPartition> partitions) {
        unread.removeIf(record -> partitions.contains(IngestBatch.partition(record)));
        unreadEnds.keySet().removeAll(partitions);
        batch.drop(partitions);
        line.drop(partitions);
        durable.keySet().removeAll(partitions);
        postings.keySet().removeAll(partitions);
    }

    /// Leaves the group, and commits before it what is written within a bounded time.
    @Override
    public void close() {
        meters.paused(false);
        meters.inFlight(0);
        consumer.close(CloseOptions.timeout(CLOSE_TIMEOUT));
        offsets.close();
    }

    private long now() {
        return meters.clock().monotonicTime();
    }
}
