package dev.millrace.traceql;

import dev.millrace.traceql.SpanSet.Note;
import dev.millrace.traceql.SpansetExpression.Combination;
import dev.millrace.traceql.Stage.Aggregate;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/// Runs the stages of a query over one trace.
final class Selection {

    private final TraceIndex index;
    private final Evaluation evaluation;

    /// Spans of the trace, by their places, and what is known of them together.
    record Places(BitSet spans, List<Note> notes) {

        private Places with(Note note) {
            var more = new ArrayList<>(notes);
            more.add(note);
            return new Places(spans, List.copyOf(more));
        }
    }

    Selection(TraceIndex index, Evaluation evaluation) {
        this.index = index;
        this.evaluation = evaluation;
    }

    List<Places> run(Pipeline pipeline, BitSet from) {
        var sets = nonEmpty(from, List.of());
        for (var stage : pipeline.stages()) {
            sets = run(stage, sets);
        }
        return sets;
    }

    private List<Places> run(Stage stage, List<Places> sets) {
        return switch (stage) {
            case SpansetExpression expression ->
                    sets.stream().flatMap(set -> spansets(expression, set).stream()).toList();
            case Stage.Where where ->
                    sets.stream().flatMap(set -> kept(where, set).stream()).toList();
            case Stage.Group group ->
                    sets.stream().flatMap(set -> groups(group, set).stream()).toList();
            case Stage.Coalesce() -> nonEmpty(union(sets), List.of());
            case Stage.Select _ -> sets;
        };
    }

    private List<Places> spansets(SpansetExpression expression, Places set) {
        return switch (expression) {
            case SpansetExpression.Filter(Expression condition) -> {
                var found = new BitSet();
                set.spans().stream()
                        .filter(place -> evaluation.holds(condition, place))
                        .forEach(found::set);
                yield nonEmpty(found, set.notes());
            }
            case SpansetExpression.Nested(Pipeline pipeline) -> {
                var sets = List.of(set);
                for (var stage : pipeline.stages()) {
                    sets = run(stage, sets);
                }
                yield sets;
            }
            case SpansetExpression.Combine(
                            Combination combination,
                            SpansetExpression left,
                            SpansetExpression right) ->
                    nonEmpty(
                            combined(
                                    combination,
                                    union(spansets(left, set)),
                                    union(spansets(right, set))),
                            set.notes());
        };
    }

    private BitSet combined(Combination combination, BitSet left, BitSet right) {
        return switch (combination) {
            case AND -> left.isEmpty() || right.isEmpty() ? new BitSet() : or(left, right);
            case OR -> or(left, right);
            case DESCENDANT -> and(right, index.descendantsOf(left));
            case ANCESTOR -> and(right, index.ancestorsOf(left));
            case CHILD -> and(right, index.childrenOf(left));
            case PARENT -> and(right, index.parentsOf(left));
            case SIBLING -> and(right, index.siblingsOf(left));
            case NOT_DESCENDANT -> without(right, index.descendantsOf(left));
            case NOT_ANCESTOR -> without(right, index.ancestorsOf(left));
            case NOT_CHILD -> without(right, index.childrenOf(left));
            case NOT_PARENT -> without(right, index.parentsOf(left));
            case NOT_SIBLING -> without(right, index.siblingsOf(left));
            case UNION_DESCENDANT ->
                    or(and(right, index.descendantsOf(left)), and(left, index.ancestorsOf(right)));
            case UNION_ANCESTOR ->
                    or(and(right, index.ancestorsOf(left)), and(left, index.descendantsOf(right)));
            case UNION_CHILD ->
                    or(and(right, index.childrenOf(left)), and(left, index.parentsOf(right)));
            case UNION_PARENT ->
                    or(and(right, index.parentsOf(left)), and(left, index.childrenOf(right)));
            case UNION_SIBLING ->
                    or(and(right, index.siblingsOf(left)), and(left, index.siblingsOf(right)));
        };
    }

    private Optional<Places> kept(Stage.Where where, Places set) {
        return figure(where.aggregate(), set.spans())
                .filter(figure -> where.comparison().holds(figure, where.bound()))
                .map(figure -> set.with(new Note(where.aggregate().text(), figure)));
    }

    /// Empty when no span has a number to figure with.
    private Optional<Value> figure(Aggregate aggregate, BitSet spans) {
        var operand = aggregate.operand();
        if (operand == null) {
            return Optional.of(new Value.Int(spans.cardinality()));
        }
        var values =
                spans.stream()
                        .mapToObj(place -> evaluation.value(operand, place))
                        .filter(value -> value.type() == Type.NUMBER)
                        .toList();
        return switch (aggregate.figure()) {
            case COUNT -> Optional.of(new Value.Int(spans.cardinality()));
            case MIN -> values.stream().reduce((a, b) -> Comparison.GREATER.holds(a, b) ? b : a);
            case MAX -> values.stream().reduce((a, b) -> Comparison.LESS.holds(a, b) ? b : a);
            case SUM -> values.stream().reduce(Selection::sum);
            case AVG -> values.stream().reduce(Selection::sum).map(sum -> mean(sum, values.size()));
        };
    }

    // Durations stay durations as long as they are added to nothing else.
    private static Value sum(Value a, Value b) {
        if (a instanceof Value.Duration(long x) && b instanceof Value.Duration(long y)) {
            return Arithmetic.ADD.of(new Value.Int(x), new Value.Int(y))
                            instanceof Value.Int(long nanos)
                    ? new Value.Duration(nanos)
                    : new Value.Real((double) x + y);
        }
        return Arithmetic.ADD.of(a, b);
    }

    private static Value mean(Value sum, int count) {
        return sum instanceof Value.Duration(long nanos)
                ? new Value.Duration(nanos / count)
                : new Value.Real(Comparison.approximate(sum) / count);
    }

    private List<Places> groups(Stage.Group group, Places set) {
        var byValue = new LinkedHashMap<Value, BitSet>();
        set.spans().stream()
                .forEach(place ->
                        byValue.computeIfAbsent(
                                        evaluation.value(group.expression(), place),
                                        _ -> new BitSet())
                                .set(place));
        return byValue.entrySet().stream()
                .map(entry ->
                        new Places(entry.getValue(), set.notes())
                                .with(new Note(group.text(), entry.getKey())))
                .toList();
    }

    private static List<Places> nonEmpty(BitSet spans, List<Note> notes) {
        return spans.isEmpty() ? List.of() : List.of(new Places(spans, notes));
    }

    private static BitSet union(List<Places> sets) {
        var all = new BitSet();
        sets.forEach(set -> all.or(set.spans()));
        return all;
    }

    private static BitSet or(BitSet a, BitSet b) {
        var both = (BitSet) a.clone();
        both.or(b);
        return both;
    }

    private static BitSet and(BitSet a, BitSet b) {
        var common = (BitSet) a.clone();
        common.and(b);
        return common;
    }

    private static BitSet without(BitSet a, BitSet b) {
        var rest = (BitSet) a.clone();
        rest.andNot(b);
        return rest;
    }
}
