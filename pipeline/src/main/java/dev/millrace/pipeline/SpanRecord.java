package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.wire.otlp.PackedSpans;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// What a record of `spans` holds, whatever it is written in.
///
/// @param chunks by trace; the same whenever the record is read
/// @param rejected spans of a record of others that cannot be kept
/// @param rejection what is wrong with the first of them; empty without one
record SpanRecord(List<TraceChunk> chunks, int rejected, String rejection) {

    private SpanRecord(List<TraceChunk> chunks) {
        this(chunks, 0, "");
    }

    /// Takes a record apart into what it holds of each trace.
    ///
    /// @param foreign tells which records others have written
    /// @throws IllegalArgumentException when it is not what it says it is
    /// @throws dev.millrace.wire.otlp.MalformedSpansException the same
    /// @throws UnreadableSpansException when neither it nor those after it can be part of traces
    static SpanRecord of(ConsumerRecord<byte[], byte[]> message, ForeignRecords foreign) {
        if (message.value() == null) {
            throw new IllegalArgumentException("value: none (expected: spans)");
        }
        var encoding = encoding(message, foreign);
        return encoding.isPresent()
                ? translated(message, foreign, encoding.get())
                : new SpanRecord(ours(message));
    }

    private static Optional<SourceEncoding> encoding(
            ConsumerRecord<byte[], byte[]> message, ForeignRecords foreign) {
        try {
            return foreign.encoding(message);
        } catch (IllegalArgumentException _) {
            // Written by who knows something that we do not; so is all that comes after it.
            throw UnreadableSpansException.encoded(
                    message,
                    String.valueOf(RecordHeaders.text(message.headers(), RecordHeaders.ENCODING)));
        }
    }

    private static SpanRecord translated(
            ConsumerRecord<byte[], byte[]> message,
            ForeignRecords foreign,
            SourceEncoding encoding) {
        var split = foreign.split(encoding, message);
        int rejected = split.rejectedSpans();
        if (split.chunks().isEmpty() && rejected == 0) {
            throw new IllegalArgumentException("value: no span (expected: at least one)");
        }
        return new SpanRecord(split.chunks(), rejected, split.firstRejection());
    }

    private static List<TraceChunk> ours(ConsumerRecord<byte[], byte[]> message) {
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
