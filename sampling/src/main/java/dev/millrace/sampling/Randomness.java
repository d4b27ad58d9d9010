package dev.millrace.sampling;

import dev.millrace.model.TraceId;

/// The 56 random bits of a trace that every decision about it compares with a [Threshold].
public final class Randomness {

    private static final long BITS = Threshold.RANGE - 1;

    private Randomness() {}

    /// The last seven bytes of a trace id: the randomness of a trace that does not state one.
    public static long of(TraceId traceId) {
        return traceId.low() & BITS;
    }

    /// What the trace states as `rv` in the `ot` member of a span's trace state, else what its id
    /// gives.
    public static long of(TraceId traceId, TraceState traceState) {
        return traceState.randomness().orElse(of(traceId));
    }
}
