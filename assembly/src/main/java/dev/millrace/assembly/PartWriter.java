package dev.millrace.assembly;

import dev.millrace.wire.otlp.SpanIndex;
import java.util.List;

/// Writes the parts of a trace that is kept, with the trace states its fate asks for.
final class PartWriter implements PartCutter.Parts {

    private final ClosedTrace trace;
    private final Fate fate;
    private final TraceSink sink;
    private int given;

    PartWriter(ClosedTrace trace, Fate fate, TraceSink sink) {
        this.trace = trace;
        this.fate = fate;
        this.sink = sink;
    }

    @Override
    public void part(SpanIndex index, int from, int[] spans, List<LogMinute> minutes) {
        var body = GroupedSpans.write(index, spans, before -> sink.traceState(before, fate));
        sink.part(trace, given, body, minutes);
        given++;
    }

    /// It could be enriched a moment ago, when the trace was judged, so an enricher is not what it
    /// must be. What was written stays; this part is put aside.
    @Override
    public void refused(SpanIndex index, int[] spans, Refusal refusal) {
        sink.putAside(trace, trace.firstOffset(), GroupedSpans.write(index, spans), refusal);
        given++;
    }
}
