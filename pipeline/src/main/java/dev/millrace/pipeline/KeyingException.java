package dev.millrace.pipeline;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/// A record of `spans` whose keying does not bring the spans of a trace together, so that traces
/// cannot be assembled. Trying again does not help.
final class KeyingException extends RuntimeException {

    private static final long serialVersionUID = 1;

    KeyingException(ConsumerRecord<byte[], byte[]> record, Keying keying) {
        super(
                record.topic()
                        + "-"
                        + record.partition()
                        + "@"
                        + record.offset()
                        + ": header "
                        + RecordHeaders.KEYING
                        + ": \""
                        + keying.word()
                        + "\" (expected: \""
                        + Keying.PACKED.word()
                        + "\", or no such header, from collectors with spans.keying trace-id or"
                        + " packed; spans written round-robin are for an ingester with the feed"
                        + " spans, without an aggregator)");
    }
}
