package dev.millrace.storage.kafka;

import dev.millrace.model.Trace;
import dev.millrace.storage.api.Cursor;
import java.util.List;
import java.util.Optional;

/// What a search finds in some partitions, newest first.
///
/// @param next where to go on; empty when there is no more. Not always after the last of these:
///   what is left out here may be elsewhere
record FoundTraces(List<Found> found, Optional<Cursor> next) {

    FoundTraces {
        found = List.copyOf(found);
    }

    /// A trace and its place among the others.
    ///
    /// @param at where a page would go on after it
    /// @param cut whether only some of its spans are here, because it is too large
    record Found(Cursor at, Trace trace, boolean cut) {}
}
