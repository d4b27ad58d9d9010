package dev.millrace.pipeline;

import dev.millrace.pipeline.format.SourceEncoding;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// A record of `spans` that tells of itself that it is not for an aggregator, as all that its
/// writers write. Trying again does not help.
final class UnreadableSpansException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private UnreadableSpansException(
            ConsumerRecord<byte[], byte[]> record, String header, String value, String expected) {
        super(
                record.topic()
                        + "-"
                        + record.partition()
                        + "@"
                        + record.offset()
                        + ": header "
                        + header
                        + ": \""
                        + value
                        + "\" (expected: "
                        + expected
                        + ")");
    }

    /// The spans of a trace lie on any partition.
    static UnreadableSpansException keyed(ConsumerRecord<byte[], byte[]> record, Keying keying) {
        return new UnreadableSpansException(
                record,
                RecordHeaders.KEYING,
                keying.word(),
                "\"packed\", or no such header, from collectors with spans.keying trace-id or"
                        + " packed; spans written round-robin are for an ingester with the feed"
                        + " spans, without an aggregator");
    }

    /// The value is in an encoding that nobody here knows.
    static UnreadableSpansException encoded(
            ConsumerRecord<byte[], byte[]> record, String encoding) {
        return new UnreadableSpansException(
                record,
                RecordHeaders.ENCODING,
                encoding,
                "one of " + SourceEncoding.words() + ", or no such header");
    }
}
