package dev.millrace.traceql;

import dev.millrace.model.Span;
import java.util.List;

/// Spans of one trace that a query selected together.
///
/// @param matched how many there are, shown or not
/// @param spans as many of them as were asked for, in the order of the trace
/// @param notes figures and groups the query worked out for the set
public record SpanSet(int matched, List<Selected> spans, List<Note> notes) {

    /// A span and what the query mentions of it.
    ///
    /// @param values of the query's fields, without those it does not have
    public record Selected(Span span, List<FieldValue> values) {
        public Selected {
            values = List.copyOf(values);
        }
    }

    /// A field with what a span has for it.
    public record FieldValue(Field field, Value value) {}

    /// A named value of the whole set, such as `count()`.
    public record Note(String name, Value value) {}

    public SpanSet {
        spans = List.copyOf(spans);
        notes = List.copyOf(notes);
    }
}
