package dev.millrace.traceql;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;

/// How two values are held against each other.
///
/// Values of different types compare as false whatever is asked, `!=` included; so does what is not
/// there. Of several values, one that fits is enough, but for `!=`, which all must meet.
public enum Comparison {
    EQUAL("="),
    NOT_EQUAL("!="),
    LESS("<"),
    AT_MOST("<="),
    GREATER(">"),
    AT_LEAST(">=");

    private final String sign;

    Comparison(String sign) {
        this.sign = sign;
    }

    static Optional<Comparison> of(Token token) {
        return Arrays.stream(values()).filter(one -> token.is(one.sign)).findFirst();
    }

    /// Whether it asks for an order, which truth, status and kind do not have.
    boolean ordered() {
        return this != EQUAL && this != NOT_EQUAL;
    }

    /// What it is with its sides exchanged.
    public Comparison flipped() {
        return switch (this) {
            case EQUAL, NOT_EQUAL -> this;
            case LESS -> GREATER;
            case AT_MOST -> AT_LEAST;
            case GREATER -> LESS;
            case AT_LEAST -> AT_MOST;
        };
    }

    boolean holds(Value left, Value right) {
        if (left instanceof Value.Several(List<Value> values)) {
            return anyOrAll(values, value -> holds(value, right));
        }
        if (right instanceof Value.Several(List<Value> values)) {
            return anyOrAll(values, value -> holds(left, value));
        }
        var order = order(left, right);
        return order.isPresent() && holds(order.getAsInt());
    }

    private boolean anyOrAll(List<Value> values, Predicate<Value> condition) {
        return this == NOT_EQUAL
                ? values.stream().allMatch(condition)
                : values.stream().anyMatch(condition);
    }

    private boolean holds(int order) {
        return switch (this) {
            case EQUAL -> order == 0;
            case NOT_EQUAL -> order != 0;
            case LESS -> order < 0;
            case AT_MOST -> order <= 0;
            case GREATER -> order > 0;
            case AT_LEAST -> order >= 0;
        };
    }

    private OptionalInt order(Value left, Value right) {
        if (left instanceof Value.Text(String a) && right instanceof Value.Text(String b)) {
            return OptionalInt.of(a.compareTo(b));
        }
        if (left.type() == Type.NUMBER && right.type() == Type.NUMBER) {
            return numericOrder(left, right);
        }
        boolean comparable = !ordered() && left.type() == right.type() && left.type() != Type.ANY;
        return comparable ? OptionalInt.of(left.equals(right) ? 0 : 1) : OptionalInt.empty();
    }

    /// The order of two numbers, exactly; empty when one of them is none.
    static OptionalInt numericOrder(Value left, Value right) {
        var a = exact(left);
        var b = exact(right);
        if (a.isPresent() && b.isPresent()) {
            return OptionalInt.of(a.get().compareTo(b.get()));
        }
        double x = approximate(left);
        double y = approximate(right);
        return Double.isNaN(x) || Double.isNaN(y)
                ? OptionalInt.empty()
                : OptionalInt.of(Double.compare(x, y));
    }

    private static Optional<BigDecimal> exact(Value value) {
        return switch (value) {
            case Value.Int(long number) -> Optional.of(BigDecimal.valueOf(number));
            case Value.Duration(long nanos) -> Optional.of(BigDecimal.valueOf(nanos));
            case Value.Real(double number) when Double.isFinite(number) ->
                    Optional.of(new BigDecimal(number));
            default -> Optional.empty();
        };
    }

    static double approximate(Value value) {
        return switch (value) {
            case Value.Int(long number) -> number;
            case Value.Duration(long nanos) -> nanos;
            case Value.Real(double number) -> number;
            default -> Double.NaN;
        };
    }

    @Override
    public String toString() {
        return sign;
    }
}
