package dev.millrace.server.copy;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a copy came to.
///
/// @param minutesRead minutes of figures in the source; 0 where a store keeps none
/// @param minutesThere those of them that the target has now
/// @param verification what reading both again found; null when nobody looked
public record CopyReport(
        long tracesRead,
        long spansRead,
        long tracesWritten,
        long spansWritten,
        long minutesRead,
        long minutesThere,
        @Nullable Verification verification) {

    /// What was found again.
    ///
    /// @param traces in the source
    /// @param spans in the source
    /// @param tracesFound those of them that the target has whole
    /// @param spansFound those of them that the target has
    /// @param missing some of the traces that it has not
    public record Verification(
            long traces, long spans, long tracesFound, long spansFound, List<String> missing) {

        public Verification {
            missing = List.copyOf(missing);
        }
    }

    /// Whether everything that was read is in the target.
    public boolean balances() {
        return tracesRead == tracesWritten
                && spansRead == spansWritten
                && minutesRead == minutesThere
                && (verification == null
                        || (verification.traces == tracesRead
                                && verification.spans == spansRead
                                && verification.tracesFound == verification.traces
                                && verification.spansFound == verification.spans));
    }

    /// For people.
    public String text() {
        var text = new StringBuilder();
        text.append("%-14s %16s %16s\n".formatted("", "traces", "spans"));
        row(text, "read", tracesRead, spansRead);
        row(text, "written", tracesWritten, spansWritten);
        if (verification != null) {
            row(text, "in the source", verification.traces, verification.spans);
            row(text, "found again", verification.tracesFound, verification.spansFound);
            verification.missing.forEach(
                    trace -> text.append("not found whole: ").append(trace).append('\n'));
        }
        if (minutesRead > 0) {
            text.append(
                    "minutes of figures: %,d read, %,d in the target\n"
                            .formatted(minutesRead, minutesThere));
        }
        text.append(balances() ? "The balance closes." : "The balance does not close.");
        return text.append('\n').toString();
    }

    private static void row(StringBuilder text, String name, long traces, long spans) {
        text.append("%-14s %,16d %,16d\n".formatted(name, traces, spans));
    }
}
