package dev.millrace.pipeline;

import dev.millrace.analysis.DependencyDelta;
import dev.millrace.model.Slice;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.StoreException;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One consumer's life in the group that brings figures into the store: read, add up, write,
/// commit, in this order.
///
/// What is kept of a minute says which records are in it, so that those which are read again after
/// a crash are not added twice. While the store fails nothing more is read, and the group still
/// hears from us.
///
/// For one thread, which calls [#step()] again and again.
final class DependencySession implements ConsumerRebalanceListener, SessionLoop.Session {

    private static final Logger LOG = LoggerFactory.getLogger(DependencySession.class);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration PAUSED_POLL = Duration.ofMillis(100);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

    /// A step must end: what the group has to say is heard in the next one.
    private static final long STEP_NANOS = Duration.ofSeconds(1).toNanos();

    /// Of one write.
    private static final int WRITE_MINUTES = 100;

    /// Pages that may leave at once; each costs a look at the store.
    private static final int LEAVING = 50;

    private final Consumer<byte[], byte[]> consumer;
    private final DependencyStore store;
    private final DeadLetterWriter deadLetters;
    private final DependencyIngesterConfig config;
    private final long leaseNanos;
    private final DependencyMeters meters;
    private final LogGate failureLog;
    private final Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));

    private final DependencyBook book = new DependencyBook();
    private final Deque<ConsumerRecord<byte[], byte[]>> unread = new ArrayDeque<>();
    private final Map<TopicPartition, Long> unreadEnds = new HashMap<>();
    private final Positions positions;
    private final ReadingPause readingPause;

    private long polledAt;
    private long writeAt;
    private boolean failing;
    private long retryAt;

    /// @param lease how long partitions are ours after the group has heard from us
    DependencySession(
            Consumer<byte[], byte[]> consumer,
            DependencyStore store,
            DeadLetterWriter deadLetters,
            DependencyIngesterConfig config,
            Duration lease,
            DependencyMeters meters,
            LogGate failureLog) {
        this.consumer = consumer;
        this.positions = new Positions(config.group(), failureLog);
        this.readingPause = new ReadingPause(consumer);
        this.store = store;
        this.deadLetters = deadLetters;
        this.config = config;
        this.leaseNanos = lease.toNanos();
        this.meters = meters;
        this.failureLog = failureLog;
        writeAt = now() + config.writeInterval().toNanos();
    }

    void subscribe(String topic) {
        consumer.subscribe(List.of(topic), this);
    }

    /// Reads what there is and adds it up; writes and commits when that is due.
    @Override
    public void step() {
        read();
        if (failing && now() - retryAt < 0) {
            return;
        }
        try {
            addUp();
            if (book.series() > config.maxSeries() || now() - writeAt >= 0) {
                if (write()) {
                    positions.commit(consumer);
                    clearOut();
                }
            }
            recovered();
        } catch (StoreException e) {
            failed(e);
        } catch (RuntimeException e) {
            // What is in memory may be half done: nobody is to write it.
            drop(consumer.assignment());
            throw e;
        }
        meters.held(book.size());
    }

    private void read() {
        boolean full = failing || !unread.isEmpty();
        readingPause.set(full);
        Duration wait;
        if (failing) {
            wait = atMost(retryAt - now(), PAUSED_POLL);
        } else {
            wait = full ? Duration.ZERO : atMost(writeAt - now(), POLL);
        }
        var records = consumer.poll(wait);
        polledAt = now();
        records.forEach(unread::add);
        records.nextOffsets()
                .forEach((partition, next) -> unreadEnds.put(partition, next.offset()));
    }

    private void addUp() {
        long until = now() + STEP_NANOS;
        while (!unread.isEmpty() && now() - until < 0 && book.series() <= config.maxSeries()) {
            var record = unread.element();
            add(record);
            unread.remove();
            positions.advance(partition(record), record.offset() + 1);
        }
        if (unread.isEmpty()) {
            // Transactions leave marks of their own behind the last record.
            unreadEnds.forEach(positions::advance);
            unreadEnds.clear();
        }
    }

    private void add(ConsumerRecord<byte[], byte[]> record) {
        DependencyDelta delta;
        try {
            delta = config.zipkinLinks() == null ? ours(record) : zipkins(record);
        } catch (MalformedSpansException | IllegalArgumentException | ArithmeticException e) {
            deadLetters.write(
                    List.of(
                            DeadLetterWriter.Letter.of(
                                    record, "dependencies", String.valueOf(e.getMessage()))));
            return;
        }
        for (var key : DependencyBook.keys(record.partition(), delta)) {
            if (!book.holds(key)) {
                book.open(key, kept(key), now());
            }
        }
        book.add(record.partition(), record.offset(), delta, now());
    }

    private static DependencyDelta ours(ConsumerRecord<byte[], byte[]> record) {
        byte[] value = record.value();
        return DependencyDelta.decode(value == null ? Slice.EMPTY : Slice.of(value));
    }

    private static DependencyDelta zipkins(ConsumerRecord<byte[], byte[]> record) {
        byte[] value = record.value();
        return ZipkinLinks.read(
                value == null ? new byte[0] : value,
                record.timestamp(),
                new DependencyDelta.Origin(record.topic(), record.partition(), record.offset()));
    }

    private @Nullable DependencyMinute kept(DependencyBook.Key key) {
        for (var minute : store.dependencies(key.tenant(), key.minute(), key.minute() + 1)) {
            if (minute.partition() == key.partition()) {
                return minute;
            }
        }
        return null;
    }

    /// Returns whether everything that was added up is in the store.
    private boolean write() {
        if (now() - polledAt > leaseNanos) {
            // We may have been away for long; the group says first what is ours.
            return false;
        }
        var minutes = book.unwritten();
        for (int from = 0; from < minutes.size(); from += WRITE_MINUTES) {
            write(minutes.subList(from, Math.min(minutes.size(), from + WRITE_MINUTES)));
        }
        writeAt = now() + config.writeInterval().toNanos();
        return true;
    }

    private void write(List<DependencyMinute> minutes) {
        long start = now();
        try {
            store.writeDependencies(minutes);
        } catch (StoreException e) {
            if (e.kind() != StoreException.Kind.INVALID_REQUEST) {
                throw e;
            }
            minutes.forEach(this::writeOrGiveUp);
        } finally {
            meters.writeTook(now() - start);
        }
        book.written(minutes);
        meters.stored(minutes.size());
    }

    private void writeOrGiveUp(DependencyMinute minute) {
        try {
            store.writeDependencies(List.of(minute));
        } catch (StoreException e) {
            if (e.kind() != StoreException.Kind.INVALID_REQUEST) {
                throw e;
            }
            meters.refused();
            if (failureLog.open()) {
                LOG.atError()
                        .addKeyValue("minute", minute.minute())
                        .addKeyValue("error", e.toString())
                        .log("The store refuses the figures of a minute; they are left out");
            }
        }
    }

    private void clearOut() {
        long since = now() - config.idle().toNanos();
        for (var key : book.leaving(since, config.maxSeries() / 2, LEAVING)) {
            book.leave(key, kept(key));
        }
    }

    private void failed(StoreException failure) {
        failing = true;
        retryAt = now() + backoff.next().toNanos();
        meters.failed(failure);
        if (failureLog.open()) {
            LOG.atWarn()
                    .addKeyValue("minutes", book.size())
                    .addKeyValue("error", failure.toString())
                    .log("The store does not take figures; reading pauses until it does");
        }
    }

    private void recovered() {
        if (failing) {
            failing = false;
            backoff.reset();
        }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        readingPause.assigned(partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        polledAt = now();
        try {
            if (write()) {
                positions.commit(consumer);
            }
        } catch (StoreException e) {
            // The next owner adds up the same from what is committed.
            failed(e);
        }
        drop(partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        drop(partitions);
    }

    private void drop(Collection<TopicPartition> partitions) {
        unread.removeIf(record -> partitions.contains(partition(record)));
        unreadEnds.keySet().removeAll(partitions);
        positions.drop(partitions);
        book.drop(partitions.stream().map(TopicPartition::partition).collect(Collectors.toSet()));
    }

    private static TopicPartition partition(ConsumerRecord<byte[], byte[]> record) {
        return new TopicPartition(record.topic(), record.partition());
    }

    /// Leaves the group, and writes and commits before it what has been added up.
    @Override
    public void close() {
        try {
            consumer.close(CloseOptions.timeout(CLOSE_TIMEOUT));
        } finally {
            meters.held(0);
        }
    }

    private long now() {
        return meters.clock().monotonicTime();
    }

    private static Duration atMost(long nanos, Duration limit) {
        return Duration.ofNanos(Math.clamp(nanos, 0, limit.toNanos()));
    }
}
