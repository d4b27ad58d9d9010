package dev.millrace.storage.api;

import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// One page of search results.
///
/// @param traces newest first by the trace's earliest start, at most the limit asked for
/// @param next where the next page begins; empty when there is none
/// @param cut those of the traces that have only some of their spans here, because they are larger
///   than [TraceStore#MAX_WHOLE_BYTES]; the spans that matched need not be among them
public record SearchPage(List<Trace> traces, Optional<Cursor> next, Set<TraceId> cut) {

    public SearchPage {
        traces = List.copyOf(traces);
        cut = Set.copyOf(cut);
    }

    /// Of traces that are all complete.
    public SearchPage(List<Trace> traces, Optional<Cursor> next) {
        this(traces, next, Set.of());
    }
}
