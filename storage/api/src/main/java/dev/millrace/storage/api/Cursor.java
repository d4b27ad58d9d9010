package dev.millrace.storage.api;

import dev.millrace.model.TraceId;
import java.util.Comparator;

/// The last trace of a page, after which the next one begins: later pages hold traces that started
/// earlier, or at the same nanosecond with a greater id.
///
/// @param startNanos the earliest start of the trace, nanoseconds since the epoch
public record Cursor(long startNanos, TraceId traceId) {

    /// The order of pages.
    public static final Comparator<Cursor> NEWEST_FIRST =
            Comparator.comparingLong(Cursor::startNanos).reversed().thenComparing(Cursor::traceId);
}
