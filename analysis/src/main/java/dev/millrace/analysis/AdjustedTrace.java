package dev.millrace.analysis;

import dev.millrace.model.Trace;
import java.util.List;
import java.util.Map;

/// A trace as people are to see it, and what there is to say about how it came to look so.
///
/// @param remarks by the place of their span in the trace; spans without any are absent
/// @param tooLarge whether the trace was left as it is because of its size
public record AdjustedTrace(Trace trace, Map<Integer, List<SpanRemark>> remarks, boolean tooLarge) {

    public AdjustedTrace {
        remarks = Map.copyOf(remarks);
    }

    /// A trace as it was stored.
    public static AdjustedTrace untouched(Trace trace) {
        return new AdjustedTrace(trace, Map.of(), false);
    }

    /// What there is to say about one span.
    ///
    /// @param place of the span in the trace
    public List<SpanRemark> remarks(int place) {
        return remarks.getOrDefault(place, List.of());
    }
}
