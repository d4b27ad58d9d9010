package dev.millrace.storage.kafka;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/// How many records lie between the partitions here and the ends of their logs.
///
/// Offsets alone do not tell: the end of a transaction has one and is no record, nor are those of a
/// transaction that was given up. Where a gap stays as it is, a reader has a look into it, once.
///
/// Looked at by one thread; asked by any.
final class LogEnds implements AutoCloseable {

    private static final long TIMEOUT_MILLIS = 5_000;
    private static final Duration POLL = Duration.ofMillis(200);
    private static final int MAX_POLLS = 5;

    private final Admin admin;
    private final KafkaConsumer<byte[], byte[]> reader;
    private final String topic;
    private final OpenPartitions open;

    /// Where a log ends, and what a look into it has shown.
    ///
    /// @param emptyFrom from there on it holds no record
    /// @param recordFrom from there on it holds one; -1 when nobody has looked
    private record End(long offset, long emptyFrom, long recordFrom) {

        static End at(long offset) {
            return new End(offset, offset, -1);
        }

        long behind(long next) {
            return next >= emptyFrom ? 0 : offset - Math.max(0, next);
        }
    }

    private final Map<Integer, End> ends = new ConcurrentHashMap<>();

    // Of the one thread: where each partition was at the last look.
    private Map<Integer, Long> before = Map.of();

    /// @param admin stays the caller's to close
    /// @param reader of committed records, outside of any group; this closes it
    LogEnds(Admin admin, KafkaConsumer<byte[], byte[]> reader, String topic, OpenPartitions open) {
        this.admin = admin;
        this.reader = reader;
        this.topic = topic;
        this.open = open;
    }

    /// Records between `next` and the end of the log when last looked; -1 when nobody has.
    long behind(int partition, long next) {
        var end = ends.get(partition);
        return end == null ? -1 : end.behind(next);
    }

    /// Asks Kafka.
    ///
    /// @throws KafkaException when it does not answer in time
    void look() {
        var positions = new HashMap<Integer, Long>();
        open.numbered().forEach((partition, held) -> positions.put(partition, held.next()));
        ends.keySet().retainAll(positions.keySet());
        offsets(positions)
                .forEach((partition, offset) -> {
                    var known = ends.get(partition);
                    long next = positions.getOrDefault(partition, -1L);
                    if (known == null || known.offset() != offset) {
                        ends.put(partition, End.at(offset));
                    } else if (known.behind(next) > 0
                            && known.recordFrom() != Math.max(0, next)
                            && Long.valueOf(next).equals(before.get(partition))) {
                        ends.put(
                                partition,
                                isEmpty(partition, next, offset)
                                        ? new End(offset, next, -1)
                                        : new End(offset, offset, Math.max(0, next)));
                    }
                });
        before = positions;
    }

    private Map<Integer, Long> offsets(Map<Integer, Long> positions) {
        if (positions.isEmpty()) {
            return Map.of();
        }
        var wanted = new HashMap<TopicPartition, OffsetSpec>();
        positions
                .keySet()
                .forEach(partition ->
                        wanted.put(new TopicPartition(topic, partition), OffsetSpec.latest()));
        try {
            var found = new HashMap<Integer, Long>();
            admin.listOffsets(wanted, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
                    .all()
                    .get(TIMEOUT_MILLIS, MILLISECONDS)
                    .forEach((at, end) -> found.put(at.partition(), end.offset()));
            return found;
        } catch (ExecutionException | TimeoutException e) {
            throw new KafkaException("the ends of " + topic + ": no answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("the ends of " + topic + ": interrupted", e);
        }
    }

    private boolean isEmpty(int partition, long next, long end) {
        var at = new TopicPartition(topic, partition);
        reader.assign(List.of(at));
        try {
            if (next < 0) {
                reader.seekToBeginning(List.of(at));
            } else {
                reader.seek(at, next);
            }
            for (int i = 0; i < MAX_POLLS; i++) {
                for (var record : reader.poll(POLL)) {
                    if (record.offset() < end) {
                        return false;
                    }
                }
                if (reader.position(at) >= end) {
                    return true;
                }
            }
            return false;
        } finally {
            reader.unsubscribe();
        }
    }

    /// Not while somebody looks.
    @Override
    public void close() {
        reader.close();
    }
}
