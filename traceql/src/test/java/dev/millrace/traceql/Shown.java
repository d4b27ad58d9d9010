package dev.millrace.traceql;

import java.util.stream.Collectors;

/// Writes a syntax tree with a parenthesis for every node, so that what binds to what can be read.
final class Shown {

    private Shown() {}

    static String of(Pipeline pipeline) {
        return pipeline.stages().stream().map(Shown::of).collect(Collectors.joining(" | "));
    }

    private static String of(Stage stage) {
        return switch (stage) {
            case SpansetExpression.Filter filter -> "{" + of(filter.condition()) + "}";
            case SpansetExpression.Combine combine ->
                    "("
                            + of(combine.left())
                            + " "
                            + combine.combination()
                            + " "
                            + of(combine.right())
                            + ")";
            case SpansetExpression.Nested nested -> "[" + of(nested.pipeline()) + "]";
            case Stage.Where where ->
                    where.aggregate().text() + " " + where.comparison() + " " + where.bound();
            case Stage.Group group -> "by " + of(group.expression());
            case Stage.Coalesce() -> "coalesce";
            case Stage.Select select -> "select " + select.fields();
        };
    }

    static String of(Expression expression) {
        return switch (expression) {
            case Field field -> field.toString();
            case Expression.Literal(Value value) ->
                    value instanceof Value.Text(String text) ? "'" + text + "'" : value.toString();
            case Expression.Compare compare ->
                    infix(compare.left(), compare.comparison().toString(), compare.right());
            case Expression.Match match ->
                    "("
                            + of(match.operand())
                            + (match.negated() ? " !~ " : " =~ ")
                            + match.pattern()
                            + ")";
            case Expression.Exists exists ->
                    "(" + of(exists.operand()) + (exists.negated() ? " = nil)" : " != nil)");
            case Expression.Calculate calculate ->
                    infix(calculate.left(), calculate.arithmetic().toString(), calculate.right());
            case Expression.Both both -> infix(both.left(), "&&", both.right());
            case Expression.Either either -> infix(either.left(), "||", either.right());
            case Expression.Not not -> "!" + of(not.operand());
            case Expression.Minus minus -> "-" + of(minus.operand());
        };
    }

    private static String infix(Expression left, String sign, Expression right) {
        return "(" + of(left) + " " + sign + " " + of(right) + ")";
    }
}
