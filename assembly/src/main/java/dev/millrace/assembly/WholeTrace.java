package dev.millrace.assembly;

import dev.millrace.wire.otlp.SpanIndex;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Shows the parts of a trace to whoever judges it. The last of them is kept until it is known
/// whether it is written: the usual trace has one, which need not be cut again.
final class WholeTrace implements PartCutter.Parts {

    private final TraceSink sink;
    private @Nullable SpanIndex index;
    private int first;
    private int[] spans = new int[0];
    private List<LogMinute> minutes = List.of();
    private @Nullable Refusal refusal;

    private boolean inSteps;

    /// @param inSteps whether what was given out can be committed after each part
    WholeTrace(TraceSink sink, boolean inSteps) {
        this.sink = sink;
        this.inSteps = inSteps;
    }

    /// From here on all must be committed together with the verdict.
    void holdSteps() {
        inSteps = false;
    }

    @Override
    public void part(SpanIndex lastIndex, int from, int[] lastSpans, List<LogMinute> lastMinutes) {
        sink.observe(lastIndex, from, lastSpans);
        if (inSteps) {
            sink.committable();
        }
        index = lastIndex;
        first = from;
        spans = lastSpans;
        minutes = lastMinutes;
    }

    @Override
    public void refused(
            SpanIndex lastIndex, int[] lastSpans, List<LogMinute> lastMinutes, Refusal why) {
        refusal = refusal == null ? why : refusal;
    }

    /// Why a part of it could not be enriched; null when all could.
    @Nullable Refusal refusal() {
        return refusal;
    }

    void into(PartCutter.Parts parts) {
        if (index != null) {
            parts.part(index, first, spans, minutes);
        }
    }
}
