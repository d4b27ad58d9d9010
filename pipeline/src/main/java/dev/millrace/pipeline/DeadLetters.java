package dev.millrace.pipeline;

import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/// Records that could not be understood, as they are kept: key and value as they were, with the
/// reason and the place they came from in the headers.
final class DeadLetters {

    private DeadLetters() {}

    /// @param partition where to put it; null leaves that to the producer
    /// @param headers of the record, which stay on it
    /// @param reason what was found and what was expected
    static ProducerRecord<byte[], byte[]> message(
            String topic,
            @Nullable Integer partition,
            TopicPartition source,
            long offset,
            byte @Nullable [] key,
            byte @Nullable [] value,
            Iterable<Header> headers,
            String reason) {
        var message = new ProducerRecord<byte[], byte[]>(topic, partition, key, value, headers);
        message.headers()
                .add(RecordHeaders.REASON, RecordHeaders.value(reason))
                .add(RecordHeaders.SOURCE_TOPIC, RecordHeaders.value(source.topic()))
                .add(RecordHeaders.SOURCE_PARTITION, RecordHeaders.value(source.partition()))
                .add(RecordHeaders.SOURCE_OFFSET, RecordHeaders.value(offset));
        return message;
    }
}
