package dev.millrace.traceql;

import dev.millrace.model.Trace;
import dev.millrace.traceql.SpanSet.FieldValue;
import dev.millrace.traceql.SpanSet.Selected;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// A question about traces, asked of one trace at a time.
///
/// @param fields what the answer tells of each span: the fields the query mentions or selects, in
///   that order
public record Query(Pipeline pipeline, List<Field> fields) {

    public Query {
        fields = List.copyOf(fields);
    }

    /// Reads a query.
    ///
    /// @throws TraceQlException for what is not understood or not supported
    public static Query parse(String text) {
        var pipeline = Parser.pipeline(text);
        var fields = new LinkedHashSet<Field>();
        pipeline.stages().forEach(stage -> collect(stage, fields));
        return new Query(pipeline, List.copyOf(fields));
    }

    /// The same query, whose answer tells one field of each span and nothing else.
    public Query telling(Field field) {
        return new Query(pipeline, List.of(field));
    }

    /// The sets of spans it selects from a trace.
    ///
    /// Spans that start outside of the time given are not selected, but whatever hangs on them
    /// still does, and they count for what is said of the trace as a whole.
    ///
    /// @param startNanos earliest start, nanoseconds since the epoch
    /// @param endNanos latest start, nanoseconds since the epoch
    /// @param maxSpans how many spans of each set to show
    public List<SpanSet> select(Trace trace, long startNanos, long endNanos, int maxSpans) {
        var index = new TraceIndex(trace);
        var evaluation = new Evaluation(index);
        var from = new BitSet();
        for (int place = 0; place < trace.spans().size(); place++) {
            long start = index.span(place).startNanos();
            from.set(place, start >= startNanos && start <= endNanos);
        }
        return new Selection(index, evaluation)
                .run(pipeline, from).stream()
                        .map(set ->
                                new SpanSet(
                                        set.spans().cardinality(),
                                        set.spans().stream()
                                                .limit(maxSpans)
                                                .mapToObj(place ->
                                                        new Selected(
                                                                index.span(place),
                                                                values(evaluation, place)))
                                                .toList(),
                                        set.notes()))
                        .toList();
    }

    private List<FieldValue> values(Evaluation evaluation, int place) {
        return fields.stream()
                .map(field -> new FieldValue(field, evaluation.value(field, place)))
                .filter(told -> !told.value().equals(Value.nil()))
                .toList();
    }

    private static void collect(Stage stage, Set<Field> fields) {
        switch (stage) {
            case SpansetExpression.Filter(Expression condition) -> collect(condition, fields);
            case SpansetExpression.Combine(_, SpansetExpression left, SpansetExpression right) -> {
                collect(left, fields);
                collect(right, fields);
            }
            case SpansetExpression.Nested(Pipeline nested) ->
                    nested.stages().forEach(inner -> collect(inner, fields));
            case Stage.Where where -> {
                var operand = where.aggregate().operand();
                if (operand != null) {
                    collect(operand, fields);
                }
            }
            case Stage.Group group -> collect(group.expression(), fields);
            case Stage.Coalesce() -> {}
            case Stage.Select(List<Field> selected) -> fields.addAll(selected);
        }
    }

    private static void collect(Expression expression, Set<Field> fields) {
        switch (expression) {
            case Field field -> fields.add(field);
            case Expression.Literal _ -> {}
            case Expression.Compare(_, Expression left, Expression right) -> {
                collect(left, fields);
                collect(right, fields);
            }
            case Expression.Match match -> collect(match.operand(), fields);
            case Expression.Exists(Expression operand, _) -> collect(operand, fields);
            case Expression.Calculate(_, Expression left, Expression right) -> {
                collect(left, fields);
                collect(right, fields);
            }
            case Expression.Both(Expression left, Expression right) -> {
                collect(left, fields);
                collect(right, fields);
            }
            case Expression.Either(Expression left, Expression right) -> {
                collect(left, fields);
                collect(right, fields);
            }
            case Expression.Not(Expression operand) -> collect(operand, fields);
            case Expression.Minus(Expression operand) -> collect(operand, fields);
        }
    }
}
