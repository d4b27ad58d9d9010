package dev.millrace.assembly;

import dev.millrace.wire.otlp.SpanIndex;

/// A part of a trace as it is after enrichment. Not a record, because records with arrays compare
/// by identity.
final class EnrichedPart {

    final SpanIndex index;

    /// The first of its spans in the order of the log; among `spans` or a copy of one of them.
    final int from;

    final int[] spans;

    EnrichedPart(SpanIndex index, int from, int[] spans) {
        this.index = index;
        this.from = from;
        this.spans = spans;
    }
}
