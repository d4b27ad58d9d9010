package dev.millrace.sampling;

import dev.millrace.model.Slice;

/// How many spans or traces one that was kept stands for, itself included, so that sums over what
/// was kept estimate sums over everything.
///
/// A span's weight is that of its own threshold. A trace's is that of the least threshold over its
/// spans, because it is there as soon as one of them is.
public final class Weight {

    private Weight() {}

    /// @param threshold below 2^56; 0 for what is kept without chance
    public static double of(long threshold) {
        return new Threshold(threshold).adjustedCount();
    }

    /// Of a span.
    ///
    /// @param traceState that of the span; one without a threshold was not sampled
    public static double ofSpan(Slice traceState) {
        return of(threshold(traceState));
    }

    /// Of a trace.
    ///
    /// @param traceStates those of all its spans
    public static double ofTrace(Iterable<Slice> traceStates) {
        long least = Threshold.RANGE;
        for (var traceState : traceStates) {
            least = Math.min(least, threshold(traceState));
        }
        return least == Threshold.RANGE ? 0 : of(least);
    }

    /// The threshold that a span was kept at; 0 when it does not say.
    ///
    /// @param traceState that of the span
    public static long threshold(Slice traceState) {
        return traceState.length() == 0
                ? 0
                : Math.max(0, TraceState.parse(traceState).thresholdOrNone());
    }
}
