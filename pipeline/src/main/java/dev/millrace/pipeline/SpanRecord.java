package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.PackedSpans;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// What a record of `spans` holds.
final class SpanRecord {

    private SpanRecord() {}

    /// Takes a record apart into what it holds of each trace.
    ///
    /// @throws IllegalArgumentException when it is not what it says it is
    /// @throws dev.millrace.wire.otlp.MalformedSpansException the same
    /// @throws UnreadableSpansException when neither it nor those after it can be part of traces
    static List<TraceChunk> chunks(ConsumerRecord<byte[], byte[]> message) {
        if (message.value() == null) {
            throw new IllegalArgumentException("value: none (expected: TracesData)");
        }
        String encoding = RecordHeaders.text(message.headers(), RecordHeaders.ENCODING);
        if (encoding != null && !encoding.equals(Encoding.OTLP_PROTO.word())) {
            throw UnreadableSpansException.encoded(message, encoding);
        }
        var keying = Keying.of(message.headers());
        var body = Slice.of(message.value());
        return switch (keying) {
            case TRACE_ID -> {
                var traceId = TraceKey.parse(message.key());
                if (traceId == null) {
                    throw new IllegalArgumentException(
                            "key: not a trace id (expected: 32 hexadecimal digits)");
                }
                // How many spans there are is found out when the trace is complete.
                yield List.of(new TraceChunk(traceId, body, 0));
            }
            case PACKED -> PackedSpans.byTrace(body);
            case ROUND_ROBIN -> throw UnreadableSpansException.keyed(message, keying);
        };
    }
}
