package dev.millrace.traceql;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.traceql.Expression.Literal;
import dev.millrace.traceql.SpansetExpression.Combination;
import dev.millrace.traceql.Stage.Aggregate;
import dev.millrace.traceql.Stage.Figure;
import dev.millrace.traceql.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Reads a query by recursive descent, and checks what can be checked without a span.
///
/// From loose to tight: `|`; `&&` and `||`, which bind alike and from the left, as Tempo's do;
/// comparisons and structural operators; `+` and `-`; `*`, `/`, `%`, before which `!` and `-` as
/// signs yield; `^`, from the right.
final class Parser {

    private static final int MAX_DEPTH = 100;
    private static final int MAX_TOKENS = 2_000;

    // Of all patterns of a query together.
    private static final long MAX_PATTERN_STEPS = 10_000;
    private static final Set<String> METRICS =
            Set.of(
                    "rate",
                    "count_over_time",
                    "min_over_time",
                    "max_over_time",
                    "avg_over_time",
                    "sum_over_time",
                    "quantile_over_time",
                    "histogram_over_time",
                    "compare",
                    "topk",
                    "bottomk");

    private final String query;
    private final List<Token> tokens;
    private int next;
    private int depth;
    private long patternSteps;

    private Parser(String query) {
        this.query = query;
        this.tokens = Tokenizer.tokens(query);
        if (tokens.size() > MAX_TOKENS) {
            throw tokens.get(MAX_TOKENS)
                    .problem("a query of more than " + MAX_TOKENS + " words and signs");
        }
    }

    static Pipeline pipeline(String query) {
        var parser = new Parser(query);
        var pipeline = parser.pipeline();
        parser.hints();
        parser.expectEnd("`|` or the end");
        return pipeline;
    }

    static Field field(String text) {
        var parser =
                new Parser(
                        text.startsWith(".") || hasScope(text) || Intrinsic.of(text).isPresent()
                                ? text
                                : "." + text);
        var field = parser.field();
        parser.expectEnd("the end of the field's name");
        return field;
    }

    private static boolean hasScope(String text) {
        int end = text.indexOf('.') < 0 ? text.indexOf(':') : text.indexOf('.');
        return end > 0
                && (AttributeScope.of(text.substring(0, end)).isPresent()
                        || Set.of("parent", "trace").contains(text.substring(0, end)));
    }

    private Pipeline pipeline() {
        var stages = new ArrayList<Stage>();
        if (peek().is("coalesce")) {
            throw peek().problem("`coalesce` needs a stage before it");
        }
        stages.add(stage());
        while (take("|").isPresent()) {
            stages.add(stage());
        }
        return new Pipeline(stages);
    }

    private Stage stage() {
        var token = peek();
        if (token.is("{") || token.is("(")) {
            return spansets();
        }
        if (token.kind() == Kind.WORD) {
            if (METRICS.contains(token.text())) {
                throw token.problem("metrics are not supported: `" + token.text() + "`");
            }
            if (figure(token).isPresent()) {
                return where();
            }
            switch (token.text()) {
                case "by" -> {
                    return group();
                }
                case "coalesce" -> {
                    take();
                    expect("(");
                    expect(")");
                    return new Stage.Coalesce();
                }
                case "select" -> {
                    return select();
                }
                default -> {
                    // Falls through to the one message for everything else.
                }
            }
        }
        throw token.unexpected(
                "`{`, `(`, or one of count, min, max, avg, sum, by, coalesce, select");
    }

    private SpansetExpression spansets() {
        var left = structure();
        while (true) {
            var operator = peek();
            var combination = Combination.of(operator).filter(one -> !one.structural());
            if (combination.isEmpty()) {
                refuseFieldOperators(operator);
                return left;
            }
            take();
            left = new SpansetExpression.Combine(combination.get(), left, structure());
        }
    }

    private static void refuseFieldOperators(Token operator) {
        if (operator.kind() == Kind.SIGN
                && (Arithmetic.of(operator).isPresent() || Comparison.of(operator).isPresent())) {
            throw operator.problem(
                    "`" + operator.text() + "` between sets of spans is not supported");
        }
    }

    private SpansetExpression structure() {
        var left = spanset();
        while (true) {
            var combination = Combination.of(peek()).filter(Combination::structural);
            if (combination.isEmpty()) {
                return left;
            }
            take();
            left = new SpansetExpression.Combine(combination.get(), left, spanset());
        }
    }

    private SpansetExpression spanset() {
        if (take("(").isPresent()) {
            deeper();
            var inner = pipeline();
            expect(")");
            depth--;
            return inner.stages().size() == 1
                            && inner.stages().getFirst() instanceof SpansetExpression only
                    ? only
                    : new SpansetExpression.Nested(inner);
        }
        var brace = peek();
        expect("{");
        if (take("}").isPresent()) {
            return new SpansetExpression.Filter(new Literal(new Value.Bool(true)));
        }
        var condition = expression();
        expect("}");
        if (!condition.type().fits(Type.BOOL)) {
            throw brace.problem(
                    "a filter that is " + condition.type() + " (expected: " + Type.BOOL + ")");
        }
        return new SpansetExpression.Filter(condition);
    }

    private Stage where() {
        var aggregate = aggregate();
        var operator = take();
        if (Arithmetic.of(operator).isPresent()) {
            throw operator.problem("arithmetic with figures of sets is not supported");
        }
        var comparison =
                Comparison.of(operator)
                        .orElseThrow(() -> operator.unexpected("one of =, !=, <, <=, >, >="));
        boolean negative = take("-").isPresent();
        var bound = take();
        if (figure(bound).isPresent()) {
            throw bound.problem("comparing figures of sets with each other is not supported");
        }
        if (!(bound.meaning() instanceof Value value) || value.type() != Type.NUMBER) {
            throw bound.unexpected("a number or a duration");
        }
        return new Stage.Where(aggregate, comparison, negative ? negated(value) : value);
    }

    private Aggregate aggregate() {
        var name = take();
        var figure = figure(name).orElseThrow();
        expect("(");
        if (figure == Figure.COUNT) {
            return new Aggregate(figure, null, textFrom(name, expect(")")));
        }
        var start = peek();
        var operand = expression();
        if (!operand.type().fits(Type.NUMBER)) {
            throw start.problem(
                    "`" + name.text() + "` of " + operand.type() + " (expected: a number)");
        }
        return new Aggregate(figure, operand, textFrom(name, expect(")")));
    }

    private Stage group() {
        var name = take();
        expect("(");
        var expression = expression();
        if (peek().is(",")) {
            throw peek().problem("grouping by more than one value is not supported");
        }
        return new Stage.Group(expression, textFrom(name, expect(")")));
    }

    private Stage select() {
        take();
        expect("(");
        var fields = new ArrayList<Field>();
        do {
            fields.add(field());
        } while (take(",").isPresent());
        expect(")");
        return new Stage.Select(fields);
    }

    private Field field() {
        var token = take();
        if (token.meaning() instanceof Field field) {
            return field;
        }
        throw token.unexpected("a field such as duration, span.http.route or .foo");
    }

    // Traces come newest first anyway, so the one hint that asks for that may stand.
    private void hints() {
        if (take("with").isEmpty()) {
            return;
        }
        expect("(");
        var name = take();
        if (!name.text().equals("most_recent")) {
            throw name.problem("the hint " + name.shown() + " is not supported");
        }
        expect("=");
        var value = take();
        if (!value.is("true") && !value.is("false")) {
            throw value.unexpected("true or false");
        }
        expect(")");
    }

    private Expression expression() {
        var left = comparison();
        while (peek().is("&&") || peek().is("||")) {
            var operator = take();
            var right = comparison();
            for (var side : List.of(left, right)) {
                if (!side.type().fits(Type.BOOL)) {
                    throw operator.problem(
                            "`"
                                    + operator.text()
                                    + "` with "
                                    + side.type()
                                    + " (expected: "
                                    + Type.BOOL
                                    + ")");
                }
            }
            left =
                    operator.is("&&")
                            ? new Expression.Both(left, right)
                            : new Expression.Either(left, right);
        }
        return left;
    }

    private Expression comparison() {
        var left = sum();
        while (true) {
            var operator = peek();
            var comparison = Comparison.of(operator);
            if (comparison.isPresent()) {
                take();
                left = compare(operator, comparison.get(), left, sum());
            } else if (operator.is("=~") || operator.is("!~")) {
                take();
                left = match(operator, left);
            } else {
                return left;
            }
        }
    }

    private static Expression compare(
            Token operator, Comparison comparison, Expression left, Expression right) {
        if (isNil(left) || isNil(right)) {
            if (comparison.ordered()) {
                throw operator.problem("`" + comparison + "` with nil (expected: = or !=)");
            }
            return new Expression.Exists(
                    isNil(right) ? left : right, comparison == Comparison.EQUAL);
        }
        if (!left.type().fits(right.type())) {
            throw operator.problem(
                    "`"
                            + comparison
                            + "` between "
                            + left.type()
                            + " and "
                            + right.type()
                            + ", which are never comparable");
        }
        for (var side : List.of(left, right)) {
            boolean orderless = Set.of(Type.BOOL, Type.STATUS, Type.KIND).contains(side.type());
            if (comparison.ordered() && orderless) {
                throw operator.problem(
                        "`" + comparison + "` with " + side.type() + " (expected: = or !=)");
            }
        }
        return new Expression.Compare(comparison, left, right);
    }

    private static boolean isNil(Expression expression) {
        return expression instanceof Literal(Value value) && value.equals(Value.nil());
    }

    private Expression match(Token operator, Expression left) {
        if (!left.type().fits(Type.TEXT)) {
            throw operator.problem(
                    "`" + operator.text() + "` with " + left.type() + " (expected: text)");
        }
        var token = take();
        if (!(token.meaning() instanceof Value.Text(String text))) {
            throw token.unexpected("a regular expression in quotes");
        }
        patternSteps += PatternSize.of(text);
        if (patternSteps > MAX_PATTERN_STEPS) {
            throw token.problem(
                    "regular expressions of more than "
                            + MAX_PATTERN_STEPS
                            + " steps with their repetitions written out");
        }
        try {
            return new Expression.Match(left, Pattern.compile(text), operator.is("!~"));
        } catch (PatternSyntaxException e) {
            throw token.problem(
                    "found " + token.shown() + ", no regular expression: " + e.getMessage());
        }
    }

    private Expression sum() {
        var left = product();
        while (peek().is("+") || peek().is("-")) {
            left = calculate(take(), left, product());
        }
        return left;
    }

    private Expression product() {
        if (peek().is("!") || peek().is("-")) {
            deeper();
            var operator = take();
            var operand = product();
            depth--;
            return signed(operator, operand);
        }
        var left = power();
        while (peek().is("*") || peek().is("/") || peek().is("%")) {
            left = calculate(take(), left, power());
        }
        return left;
    }

    private static Expression signed(Token operator, Expression operand) {
        var expected = operator.is("!") ? Type.BOOL : Type.NUMBER;
        if (!operand.type().fits(expected)) {
            throw operator.problem(
                    "`"
                            + operator.text()
                            + "` before "
                            + operand.type()
                            + " (expected: "
                            + expected
                            + ")");
        }
        if (operator.is("!")) {
            return new Expression.Not(operand);
        }
        return operand instanceof Literal(Value value)
                ? new Literal(negated(value))
                : new Expression.Minus(operand);
    }

    private Expression power() {
        var left = operand();
        if (peek().is("^")) {
            deeper();
            var operator = take();
            left = calculate(operator, left, power());
            depth--;
        }
        return left;
    }

    private static Expression calculate(Token operator, Expression left, Expression right) {
        for (var side : List.of(left, right)) {
            if (!side.type().fits(Type.NUMBER)) {
                throw operator.problem(
                        "`" + operator.text() + "` with " + side.type() + " (expected: a number)");
            }
        }
        return new Expression.Calculate(Arithmetic.of(operator).orElseThrow(), left, right);
    }

    private Expression operand() {
        var token = take();
        if (token.is("(")) {
            deeper();
            var inner = expression();
            expect(")");
            depth--;
            return inner;
        }
        if (token.meaning() instanceof Field field) {
            return field;
        }
        if (token.meaning() instanceof Value value) {
            return new Literal(value);
        }
        if (token.is("parent")) {
            throw token.problem("`parent` is not supported; `span:parentID` is");
        }
        return named(token)
                .map(Literal::new)
                .orElseThrow(() ->
                        token.unexpected(
                                "a field such as duration or span.http.route, or a value; an"
                                        + " attribute begins with a dot or a scope"));
    }

    private static Optional<Value> named(Token token) {
        if (token.kind() != Kind.WORD) {
            return Optional.empty();
        }
        return switch (token.text()) {
            case "true" -> Optional.of(new Value.Bool(true));
            case "false" -> Optional.of(new Value.Bool(false));
            case "nil" -> Optional.of(Value.nil());
            case "error" -> Optional.of(new Value.StatusCode(Status.Code.ERROR));
            case "ok" -> Optional.of(new Value.StatusCode(Status.Code.OK));
            case "unset" -> Optional.of(new Value.StatusCode(Status.Code.UNSET));
            case "unspecified", "internal", "server", "client", "producer", "consumer" ->
                    Optional.of(
                            new Value.Kind(
                                    SpanKind.valueOf(token.text().toUpperCase(Locale.ROOT))));
            default -> Optional.empty();
        };
    }

    private static Optional<Figure> figure(Token token) {
        if (token.kind() == Kind.WORD) {
            for (var figure : Figure.values()) {
                if (figure.toString().equals(token.text())) {
                    return Optional.of(figure);
                }
            }
        }
        return Optional.empty();
    }

    private static Value negated(Value value) {
        return switch (value) {
            case Value.Int(long number) -> new Value.Int(-number);
            case Value.Real(double number) -> new Value.Real(-number);
            case Value.Duration(long nanos) -> new Value.Duration(-nanos);
            default -> Value.nil();
        };
    }

    private void deeper() {
        depth++;
        if (depth > MAX_DEPTH) {
            throw peek().problem("nested more than " + MAX_DEPTH + " deep");
        }
    }

    private String textFrom(Token first, Token last) {
        return query.substring(first.from(), last.to());
    }

    private Token peek() {
        return tokens.get(next);
    }

    private Token take() {
        var token = peek();
        if (token.kind() != Kind.END) {
            next++;
        }
        return token;
    }

    private Optional<Token> take(String sign) {
        return peek().is(sign) ? Optional.of(take()) : Optional.empty();
    }

    private Token expect(String sign) {
        return take(sign).orElseThrow(() -> peek().unexpected("`" + sign + "`"));
    }

    private void expectEnd(String expected) {
        var token = peek();
        if (token.kind() != Kind.END) {
            throw token.unexpected(expected);
        }
    }
}
