package dev.millrace.sampling;

import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.List;
import java.util.Map;

/// What is left of some chunks after the head, and why.
///
/// @param chunks what is kept, in the order it came
/// @param spans every span that came in, by what became of it; outcomes that did not occur are
///   absent, and so is everything when sampling is off
/// @param errorTraces traces that failed here and are remembered from now on: to be published
/// @param malformedTraceStates spans whose trace state broke the format
public record HeadSample(
        List<TraceChunk> chunks,
        Map<Outcome, Integer> spans,
        List<TraceId> errorTraces,
        int malformedTraceStates) {

    /// What becomes of a span at the head.
    public enum Outcome {
        /// Kept: its trace holds an error.
        KEPT_ERROR(true),
        /// Kept: its trace held an error earlier or elsewhere.
        KEPT_REMEMBERED(true),
        /// Kept: its randomness passes the threshold.
        KEPT_CHANCE(true),
        /// Dropped by the rule for its service and operation.
        DROPPED_RULE(false),
        /// Dropped because the rate is lowered under load.
        DROPPED_LOAD(false),
        /// Dropped to keep to a rate limit.
        DROPPED_LIMIT(false);

        private final boolean kept;

        Outcome(boolean kept) {
            this.kept = kept;
        }

        public boolean isKept() {
            return kept;
        }
    }

    /// How many spans were dropped.
    public int dropped() {
        int dropped = 0;
        for (var entry : spans.entrySet()) {
            if (!entry.getKey().isKept()) {
                dropped += entry.getValue();
            }
        }
        return dropped;
    }
}
