package dev.millrace.assembly;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.List;

/// Makes one body out of several: duplicates removed, parents before their children.
///
/// Of two spans with the same id, kind, service and name the one that ends later stays, then the
/// one with more bytes, then the bytewise greater, so the order of arrival does not matter.
public final class TraceMerge {

    private TraceMerge() {}

    /// @param bodies valid OTLP `TracesData`, all of one trace and one tenant
    /// @return OTLP `TracesData` that holds every span once
    public static Slice merge(TraceId traceId, List<Slice> bodies) {
        var index = new SpanIndex();
        bodies.forEach(body -> index.add(traceId, body));
        int[] winners = Duplicates.resolve(index, 0, index.size());
        return GroupedSpans.write(index, ParentsFirst.order(index, winners));
    }
}
