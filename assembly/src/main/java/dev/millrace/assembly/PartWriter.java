package dev.millrace.assembly;

import dev.millrace.wire.otlp.SpanIndex;

/// Writes the parts of a trace that is kept, with the trace states its fate asks for.
final class PartWriter implements PartCutter.Parts {

    private final ClosedTrace trace;
    private final Fate fate;
    private final TraceSink sink;
    private final int onRecord;
    private int given;

    /// @param onRecord how many of the first parts were given by an owner before
    PartWriter(ClosedTrace trace, Fate fate, TraceSink sink, int onRecord) {
        this.trace = trace;
        this.fate = fate;
        this.sink = sink;
        this.onRecord = onRecord;
    }

    @Override
    public void part(SpanIndex index, int from, int[] spans) {
        if (given >= onRecord) {
            var body = GroupedSpans.write(index, spans, before -> sink.traceState(before, fate));
            sink.part(trace, given, body);
        }
        given++;
    }

    /// How many parts are given by now, by whichever owner.
    int given() {
        return Math.max(given, onRecord);
    }
}
