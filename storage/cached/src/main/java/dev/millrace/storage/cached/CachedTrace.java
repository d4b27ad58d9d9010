package dev.millrace.storage.cached;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.model.Slice;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.TraceVersion;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/// A trace as it is kept.
///
/// @param version that it had in the store before it was read there: what it holds is at least that
/// @param settled whether it had been quiet for so long, when it was read, that nothing more is
///   expected; what is not settled stays so, since it may lack what came just after it was read
/// @param spans OTLP, in the order of the trace
record CachedTrace(TraceVersion version, boolean settled, Slice spans) {

    private static final byte FORMAT = 1;

    /// Of what stands before the spans, the mark of a version being short.
    static final int MAX_HEAD_BYTES = 4 * 1024;

    /// No span takes less in OTLP: its two ids alone have nearly as many.
    private static final int LEAST_SPAN_BYTES = 30;

    /// Nothing when it would take more than so many bytes.
    ///
    /// @param readAt no later than when the version was asked for, nanoseconds since the epoch
    /// @param settledAfter how long after its last span's end a trace is settled
    static Optional<CachedTrace> of(
            TraceVersion version, Trace trace, long readAt, Duration settledAfter, long maxBytes) {
        // A trace far too large is not written first to learn that.
        if (trace.spans().size() > maxBytes / LEAST_SPAN_BYTES) {
            return Optional.empty();
        }
        var spans = OtlpEncoder.encode(trace.spans());
        if (spans.length() > maxBytes) {
            return Optional.empty();
        }
        return Optional.of(new CachedTrace(version, isSettled(trace, readAt, settledAfter), spans));
    }

    private static boolean isSettled(Trace trace, long readAt, Duration settledAfter) {
        long lastEnd = Long.MIN_VALUE;
        for (var span : trace.spans()) {
            lastEnd = Math.max(lastEnd, Math.max(span.startNanos(), span.endNanos()));
        }
        // Times beyond the year 2262 look negative, and are no sign of age.
        return lastEnd >= 0 && readAt - lastEnd >= settledAfter.toNanos();
    }

    Slice encode() {
        byte[] mark = version.mark().getBytes(UTF_8);
        var bytes =
                ByteBuffer.allocate(2 + Long.BYTES + Integer.BYTES + mark.length + spans.length());
        bytes.put(FORMAT).put((byte) (settled ? 1 : 0));
        bytes.putLong(version.parts()).putInt(mark.length).put(mark);
        bytes.put(spans.array(), spans.offset(), spans.length());
        return Slice.of(bytes.array());
    }

    /// Nothing when the bytes were not written by [#encode].
    static Optional<CachedTrace> decode(Slice slice) {
        var bytes = ByteBuffer.wrap(slice.array(), slice.offset(), slice.length());
        try {
            if (bytes.get() != FORMAT) {
                return Optional.empty();
            }
            boolean settled = bytes.get() == 1;
            long parts = bytes.getLong();
            int length = bytes.getInt();
            if (length < 0 || length > bytes.remaining()) {
                return Optional.empty();
            }
            byte[] mark = new byte[length];
            bytes.get(mark);
            return Optional.of(
                    new CachedTrace(
                            new TraceVersion(parts, new String(mark, UTF_8)),
                            settled,
                            Slice.of(bytes.array(), bytes.position(), bytes.remaining())));
        } catch (BufferUnderflowException | IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    /// Nothing when the spans cannot be read, or are of another trace.
    Optional<Trace> trace(TraceId traceId) {
        try {
            return Optional.of(new Trace(traceId, OtlpDecoder.spans(spans)));
        } catch (MalformedSpansException | IllegalArgumentException _) {
            return Optional.empty();
        }
    }
}
