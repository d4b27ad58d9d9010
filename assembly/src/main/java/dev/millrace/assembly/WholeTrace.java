package dev.millrace.assembly;

import dev.millrace.wire.otlp.SpanIndex;
import org.jspecify.annotations.Nullable;

/// The last part that was cut, kept until it is known whether it is written.
final class WholeTrace {

    private @Nullable SpanIndex index;
    private int[] spans = new int[0];

    void part(SpanIndex lastIndex, int[] lastSpans) {
        index = lastIndex;
        spans = lastSpans;
    }

    void into(PartCutter.Parts parts) {
        if (index != null) {
            parts.part(index, 0, spans);
        }
    }
}
