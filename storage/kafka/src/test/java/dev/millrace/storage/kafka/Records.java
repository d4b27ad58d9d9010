package dev.millrace.storage.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.model.Span;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.TraceKey;
import dev.millrace.storage.contract.Samples;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/// Records of a topic of spans, as collectors and aggregators write them.
final class Records {

    /// A moment after all spans of [Samples].
    static final Instant NOW = Instant.ofEpochSecond(0, Samples.TIME).plusSeconds(3_600);

    private Records() {}

    /// A span of a trace, a second after the one with the number before.
    static Span span(TraceId traceId, long number) {
        return Samples.span(traceId, number, Samples.TIME + number * Samples.SECOND).build();
    }

    static byte[] key(TraceId traceId) {
        return TraceKey.of(traceId);
    }

    static byte[] value(Span... spans) {
        return OtlpEncoder.encode(List.of(spans)).toByteArray();
    }

    /// Names and values in turn.
    static Headers headers(String... namesAndValues) {
        var headers = new RecordHeaders();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.add(namesAndValues[i], namesAndValues[i + 1].getBytes(UTF_8));
        }
        return headers;
    }

    /// The record with spans of one trace at an offset.
    static ConsumerRecord<byte[], byte[]> at(String topic, long offset, Span... spans) {
        return at(topic, offset, key(spans[0].traceId()), value(spans), headers());
    }

    static ConsumerRecord<byte[], byte[]> at(
            String topic,
            long offset,
            byte @Nullable [] key,
            byte @Nullable [] value,
            Headers headers) {
        return new ConsumerRecord<>(
                topic,
                0,
                offset,
                NOW.toEpochMilli(),
                TimestampType.LOG_APPEND_TIME,
                ConsumerRecord.NULL_SIZE,
                ConsumerRecord.NULL_SIZE,
                key,
                value,
                headers,
                Optional.empty());
    }

    /// A span whose attributes are no such thing: seen by nobody who does not look into it.
    static byte[] malformedWithin(TraceId traceId) {
        byte[] id = traceIdBytes(traceId);
        byte[] span = joined(field(1, id), field(9, new byte[] {(byte) 0xff, (byte) 0xff}));
        return field(1, field(2, field(2, span)));
    }

    private static byte[] traceIdBytes(TraceId traceId) {
        return ByteBuffer.allocate(16).putLong(traceId.high()).putLong(traceId.low()).array();
    }

    // Shorter than 128 bytes, so that a length is one byte.
    private static byte[] field(int number, byte[] content) {
        return joined(new byte[] {(byte) (number << 3 | 2), (byte) content.length}, content);
    }

    private static byte[] joined(byte[]... parts) {
        var all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
