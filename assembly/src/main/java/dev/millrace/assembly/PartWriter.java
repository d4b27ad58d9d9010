package dev.millrace.assembly;

import dev.millrace.wire.otlp.SpanIndex;
import java.util.List;
import java.util.function.IntConsumer;

/// Writes the parts of a trace that is kept, with the trace states its fate asks for.
final class PartWriter implements PartCutter.Parts {

    private final ClosedTrace trace;
    private final Fate fate;
    private final TraceSink sink;
    private final int onRecord;
    private final IntConsumer afterPart;
    private int given;

    /// @param onRecord how many of the first parts were given by an owner before
    /// @param afterPart hears how many parts are given by now, by whichever owner
    PartWriter(ClosedTrace trace, Fate fate, TraceSink sink, int onRecord, IntConsumer afterPart) {
        this.trace = trace;
        this.fate = fate;
        this.sink = sink;
        this.onRecord = onRecord;
        this.afterPart = afterPart;
    }

    @Override
    public void part(SpanIndex index, int from, int[] spans, List<LogMinute> minutes) {
        if (given >= onRecord) {
            var body = GroupedSpans.write(index, spans, before -> sink.traceState(before, fate));
            sink.part(trace, given, body, minutes);
        }
        given++;
        afterPart.accept(Math.max(given, onRecord));
    }

    /// It could be enriched a moment ago, when the trace was judged, so an enricher is not what it
    /// must be. What was written stays; this part is put aside.
    @Override
    public void refused(SpanIndex index, int[] spans, List<LogMinute> minutes, Refusal refusal) {
        if (given >= onRecord) {
            sink.partPutAside(trace, GroupedSpans.write(index, spans), minutes, refusal);
        }
        given++;
    }
}
