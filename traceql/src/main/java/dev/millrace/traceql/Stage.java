package dev.millrace.traceql;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// One step of a [Pipeline], from sets of spans to sets of spans.
public sealed interface Stage
        permits SpansetExpression, Stage.Where, Stage.Group, Stage.Coalesce, Stage.Select {

    /// `count() > 2`: the sets whose figure fits.
    record Where(Aggregate aggregate, Comparison comparison, Value bound) implements Stage {}

    /// `by(expression)`: each set cut by a value of its spans.
    ///
    /// @param text as it was written
    record Group(Expression expression, String text) implements Stage {}

    /// `coalesce()`: all sets as one.
    record Coalesce() implements Stage {}

    /// `select(fields)`: what else the answer tells of each span.
    record Select(List<Field> fields) implements Stage {
        public Select {
            fields = List.copyOf(fields);
        }
    }

    /// A figure of a set of spans.
    ///
    /// @param operand null for a count
    /// @param text as it was written
    record Aggregate(Figure figure, @Nullable Expression operand, String text) {}

    /// What is figured out.
    enum Figure {
        COUNT,
        MIN,
        MAX,
        AVG,
        SUM;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
