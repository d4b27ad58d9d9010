package dev.millrace.query;

import dev.millrace.analysis.AdjustedTrace;
import dev.millrace.model.TraceId;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;

/// A trace as Jaeger's APIs show it: one part, or, where it is too large to be held, several that
/// are read while they are written out.
///
/// @param warnings about the trace as a whole
/// @param parts each there when it is asked for
record ShownTrace(TraceId traceId, List<String> warnings, Supplier<Iterator<AdjustedTrace>> parts) {

    static ShownTrace of(AdjustedTrace trace) {
        return new ShownTrace(
                trace.trace().traceId(), JaegerWarnings.of(trace), () -> List.of(trace).iterator());
    }
}
