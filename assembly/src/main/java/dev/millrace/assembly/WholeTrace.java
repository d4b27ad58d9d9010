package dev.millrace.assembly;

import dev.millrace.wire.otlp.SpanIndex;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The last part that was cut, kept until it is known whether it is written.
final class WholeTrace {

    private @Nullable SpanIndex index;
    private int[] spans = new int[0];
    private List<LogMinute> minutes = List.of();

    void part(SpanIndex lastIndex, int[] lastSpans, List<LogMinute> lastMinutes) {
        index = lastIndex;
        spans = lastSpans;
        minutes = lastMinutes;
    }

    void into(PartCutter.Parts parts) {
        if (index != null) {
            parts.part(index, 0, spans, minutes);
        }
    }
}
