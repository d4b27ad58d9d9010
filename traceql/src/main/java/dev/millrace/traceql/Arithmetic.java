package dev.millrace.traceql;

import java.util.Arrays;
import java.util.Optional;

/// How two numbers become one. Whole numbers stay whole unless the result has no room; what has no
/// result, such as a division of whole numbers by 0, is [Value.Nil].
public enum Arithmetic {
    ADD("+"),
    SUBTRACT("-"),
    MULTIPLY("*"),
    DIVIDE("/"),
    REMAINDER("%"),
    POWER("^");

    private final String sign;

    Arithmetic(String sign) {
        this.sign = sign;
    }

    static Optional<Arithmetic> of(Token token) {
        return Arrays.stream(values()).filter(one -> token.is(one.sign)).findFirst();
    }

    Value of(Value left, Value right) {
        if (left.type() != Type.NUMBER || right.type() != Type.NUMBER) {
            return Value.nil();
        }
        if (left instanceof Value.Int(long a) && right instanceof Value.Int(long b)) {
            boolean divides = this == DIVIDE || this == REMAINDER;
            if (divides && b == 0) {
                return Value.nil();
            }
            try {
                if (this != POWER) {
                    return new Value.Int(whole(a, b));
                }
            } catch (ArithmeticException _) {
                // Falls through to what has room for it.
            }
        }
        return new Value.Real(real(Comparison.approximate(left), Comparison.approximate(right)));
    }

    private long whole(long a, long b) {
        return switch (this) {
            case ADD -> Math.addExact(a, b);
            case SUBTRACT -> Math.subtractExact(a, b);
            case MULTIPLY -> Math.multiplyExact(a, b);
            case DIVIDE -> Math.divideExact(a, b);
            case REMAINDER -> a % b;
            case POWER -> throw new IllegalStateException("powers are real");
        };
    }

    private double real(double a, double b) {
        return switch (this) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / b;
            case REMAINDER -> a % b;
            case POWER -> Math.pow(a, b);
        };
    }

    @Override
    public String toString() {
        return sign;
    }
}
