package dev.millrace.storage.cassandra;

import dev.millrace.model.TraceId;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A way through the traces that may match a search, newest first.
///
/// Of a trace with a span that matches it finds at least one row that is no earlier than the start
/// of that span.
interface Walk {

    /// A trace that may match, or how far a walk has come without one.
    ///
    /// @param traceId null for a row that is passed over: whoever has a full page need not walk on
    ///   to the next that is not
    /// @param lastMicros no earlier than the trace's start; never later than that of the row before
    record Candidate(@Nullable TraceId traceId, long lastMicros) {}

    /// Where the walk stands; null at its end.
    @Nullable Candidate candidate();

    /// Moves to the next one. Waits for the store.
    void advance();

    /// The trace id in a column, where there is one.
    static Optional<TraceId> traceId(@Nullable ByteBuffer bytes) {
        if (bytes == null || bytes.remaining() != 16) {
            return Optional.empty();
        }
        long high = bytes.getLong(bytes.position());
        long low = bytes.getLong(bytes.position() + 8);
        return high == 0 && low == 0 ? Optional.empty() : Optional.of(new TraceId(high, low));
    }
}
