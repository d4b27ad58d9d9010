package dev.millrace.pipeline;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/// Reads a stretch of every partition of a topic once: what was committed, up to the end as it is
/// when the scan begins.
///
/// For one thread.
final class LogScan {

    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration STALL = Duration.ofSeconds(30);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final List<TopicPartition> partitions;
    private final Map<TopicPartition, Long> ends;
    private final Map<TopicPartition, Long> beginnings;

    /// @param admin stays the caller's to close
    /// @param consumer stays the caller's to close; is used for nothing else meanwhile
    LogScan(Admin admin, KafkaConsumer<byte[], byte[]> consumer, String topic, int partitions) {
        this.consumer = consumer;
        this.partitions =
                IntStream.range(0, partitions)
                        .mapToObj(number -> new TopicPartition(topic, number))
                        .toList();
        this.ends = ends(admin, this.partitions);
        this.beginnings = consumer.beginningOffsets(this.partitions);
    }

    // What a transaction that is being committed holds back is waited for.
    private static Map<TopicPartition, Long> ends(Admin admin, List<TopicPartition> partitions) {
        var wanted = new HashMap<TopicPartition, OffsetSpec>();
        partitions.forEach(partition -> wanted.put(partition, OffsetSpec.latest()));
        var ends = new HashMap<TopicPartition, Long>();
        try {
            admin.listOffsets(wanted, new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED))
                    .all()
                    .get(STALL.toSeconds(), TimeUnit.SECONDS)
                    .forEach((partition, end) -> ends.put(partition, end.offset()));
            return ends;
        } catch (ExecutionException | TimeoutException e) {
            throw new KafkaException(
                    partitions.getFirst().topic() + ": Kafka does not tell its end", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("interrupted", e);
        }
    }

    List<TopicPartition> partitions() {
        return partitions;
    }

    /// The first offset there is.
    long beginning(TopicPartition partition) {
        return beginnings.getOrDefault(partition, 0L);
    }

    /// By partition, the first offset appended at a time or later; the end where there is none.
    Map<TopicPartition, Long> at(long millis) {
        var times = new HashMap<TopicPartition, Long>();
        partitions.forEach(partition -> times.put(partition, millis));
        var found = new HashMap<TopicPartition, Long>();
        Map<TopicPartition, OffsetAndTimestamp> offsets = consumer.offsetsForTimes(times);
        for (var partition : partitions) {
            var offset = offsets.get(partition);
            found.put(partition, offset == null ? end(partition) : offset.offset());
        }
        return found;
    }

    /// The first minute of which everything is there that was ever appended.
    long firstWholeMinute(TopicPartition partition) {
        if (beginning(partition) == 0) {
            return Long.MIN_VALUE;
        }
        var first = consumer.offsetsForTimes(Map.of(partition, 0L)).get(partition);
        return first == null ? Long.MAX_VALUE : Math.floorDiv(first.timestamp(), 60_000) + 1;
    }

    private long end(TopicPartition partition) {
        return ends.getOrDefault(partition, 0L);
    }

    /// Hands over the records from these offsets on, partition by partition in order.
    ///
    /// @throws KafkaException when Kafka gives nothing for a while
    void read(Map<TopicPartition, Long> from, Consumer<ConsumerRecord<byte[], byte[]>> into) {
        consumer.assign(partitions);
        from.forEach((partition, offset) ->
                consumer.seek(
                        partition,
                        Math.clamp(
                                offset,
                                beginning(partition),
                                Math.max(end(partition), beginning(partition)))));
        int idle = 0;
        while (behind()) {
            var messages = consumer.poll(POLL);
            for (var partition : messages.partitions()) {
                for (var message : messages.records(partition)) {
                    if (message.offset() < end(partition)) {
                        into.accept(message);
                    }
                }
                if (consumer.position(partition) >= end(partition)) {
                    consumer.pause(List.of(partition));
                }
            }
            idle = messages.isEmpty() ? idle + 1 : 0;
            if (idle > STALL.dividedBy(POLL)) {
                throw new KafkaException(
                        partitions.getFirst().topic() + ": nothing was read for " + STALL);
            }
        }
        consumer.unsubscribe();
    }

    private boolean behind() {
        return partitions.stream()
                .anyMatch(partition -> consumer.position(partition) < end(partition));
    }
}
