package dev.millrace.load.traffic;

import java.time.Duration;

/// How much of what makes tracing hard a [ShopWorkload] contains.
///
/// @param roundSpans a round ends with the trace that reaches this many spans
/// @param lateShare the share of spans that leave later than the rest of their trace, 0 to 1
/// @param lateDelay the longest such delay; the shortest is a third of it
/// @param duplicateShare the share of spans that are sent twice, half of them with another body
/// @param giantEvery every how many traces one is giant; 0 for never
/// @param giantSpans the least number of spans of a giant trace
public record TrafficShape(
        int roundSpans,
        double lateShare,
        Duration lateDelay,
        double duplicateShare,
        int giantEvery,
        int giantSpans) {

    public TrafficShape {
        atLeast("round spans", roundSpans, 1);
        share("late share", lateShare);
        share("duplicate share", duplicateShare);
        atLeast("giant every", giantEvery, 0);
        atLeast("giant spans", giantSpans, 1);
        if (lateDelay.isNegative()) {
            throw new IllegalArgumentException("late delay: " + lateDelay + " (expected: >= 0)");
        }
    }

    private static void atLeast(String name, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: >= " + least + ")");
        }
    }

    private static void share(String name, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: 0 to 1)");
        }
    }
}
