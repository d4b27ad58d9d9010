package dev.millrace.analysis;

import dev.millrace.model.SpanId;

/// What was noticed about the times of a span while they were held against those of its parent.
public sealed interface SpanRemark {

    /// Another span of the trace has the same id, so nobody knows which of them others mean.
    record IdTaken() implements SpanRemark {}

    /// The span's parent is not in the trace.
    record ParentMissing(SpanId parent) implements SpanRemark {}

    /// The times of the span and of its events were moved.
    ///
    /// @param nanos forward; backward when negative
    record ClockCorrected(long nanos) implements SpanRemark {}

    /// The clock is off by more than may be corrected, so the times are as they were sent.
    ///
    /// @param nanos by which they would have been moved
    /// @param limitNanos 0 when clocks are not corrected at all
    record ClockOff(long nanos, long limitNanos) implements SpanRemark {}
}
