package dev.millrace.pipeline;

import dev.millrace.assembly.LogReader;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/// Reads records of one partition of `spans` again.
final class SpanLogReader implements LogReader {

    private static final Duration POLL = Duration.ofMillis(100);
    private static final int MAX_IDLE_POLLS = 300;

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final TopicPartition partition;
    private final ForeignRecords foreign;

    /// @param consumer outside of any group; may be shared with others on the same thread
    SpanLogReader(
            KafkaConsumer<byte[], byte[]> consumer,
            TopicPartition partition,
            ForeignRecords foreign) {
        this.consumer = consumer;
        this.partition = partition;
        this.foreign = foreign;
    }

    @Override
    public void read(long[] offsets, Records into) {
        consumer.assign(List.of(partition));
        consumer.seek(partition, offsets[0]);
        int next = 0;
        int idle = 0;
        while (next < offsets.length) {
            long before = consumer.position(partition);
            for (var message : consumer.poll(POLL)) {
                if (next < offsets.length && message.offset() == offsets[next]) {
                    hand(message, foreign, into);
                    next++;
                } else if (next < offsets.length && message.offset() > offsets[next]) {
                    throw new KafkaException(
                            partition
                                    + ": offset "
                                    + offsets[next]
                                    + " is gone (expected: within retention)");
                }
            }
            idle = consumer.position(partition) > before ? 0 : idle + 1;
            if (idle > MAX_IDLE_POLLS) {
                throw new KafkaException(partition + ": no answer at offset " + before);
            }
        }
        consumer.unsubscribe();
    }

    /// Hands over what a record holds; it was understood before, so it is again.
    static void hand(ConsumerRecord<byte[], byte[]> message, ForeignRecords foreign, Records into) {
        for (var chunk : SpanRecord.of(message, foreign).chunks()) {
            into.accept(message.offset(), chunk.traceId(), chunk.body());
        }
    }
}
