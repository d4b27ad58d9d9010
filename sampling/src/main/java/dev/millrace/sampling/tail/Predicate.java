package dev.millrace.sampling.tail;

import dev.millrace.model.Glob;
import java.time.Duration;

/// What a complete trace either meets or does not.
public sealed interface Predicate extends Expression {

    /// Every trace meets it.
    record Always() implements Predicate {}

    /// A span failed.
    record AnyError() implements Predicate {}

    /// The root failed.
    record RootError() implements Predicate {}

    /// It took longer than most traces of its root operation did lately. A trace whose operation is
    /// not known well enough yet does not meet it.
    ///
    /// @param percentile above 0 and below 100
    record SlowerThanMost(double percentile) implements Predicate {
        public SlowerThanMost {
            if (!(percentile > 0 && percentile < 100)) {
                throw new IllegalArgumentException(
                        "slower-than: p"
                                + percentile
                                + " (expected: a percentile between p0 and p100)");
            }
        }
    }

    /// It took at least this long.
    record SlowerThan(Duration bound) implements Predicate {
        public SlowerThan {
            if (bound.isNegative()) {
                throw new IllegalArgumentException(
                        "slower-than: " + bound + " (expected: not negative)");
            }
        }
    }

    /// The service and name of the root, or of the earliest span where no root has come.
    record Root(Glob service, Glob operation) implements Predicate {}

    /// One span meets all of this.
    record HasSpan(SpanCondition span) implements Predicate {}

    /// How many spans it has, duplicates left out.
    record SpanCount(int least, int most) implements Predicate {
        public SpanCount {
            if (least < 0 || most < least) {
                throw new IllegalArgumentException(
                        "span-count: "
                                + least
                                + " to "
                                + most
                                + " (expected: at-least 0 or more, at-most not below it)");
            }
        }
    }
}
