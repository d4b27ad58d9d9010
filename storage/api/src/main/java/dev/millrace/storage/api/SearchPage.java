package dev.millrace.storage.api;

import dev.millrace.model.Trace;
import java.util.List;
import java.util.Optional;

/// One page of search results.
///
/// @param traces newest first by the trace's earliest start, at most the limit asked for
/// @param next where the next page begins; empty when there is none
public record SearchPage(List<Trace> traces, Optional<Cursor> next) {

    public SearchPage {
        traces = List.copyOf(traces);
    }
}
