package dev.millrace.analysis;

import dev.millrace.model.Slice;

/// How many spans one stands for that was sampled before it came here.
@FunctionalInterface
public interface SpanWeight {

    /// Every span stands for itself.
    SpanWeight ONE = _ -> 1;

    /// @param traceState of the span, never empty
    /// @return at least 1
    double of(Slice traceState);
}
