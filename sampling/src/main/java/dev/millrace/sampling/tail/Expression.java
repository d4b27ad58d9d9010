package dev.millrace.sampling.tail;

import dev.millrace.sampling.Threshold;
import java.util.List;

/// What a rule asks of a complete trace.
///
/// An expression gives a [Threshold]: a [Predicate] gives "always" or "never", a [Chance] what its
/// share says, [Any] the least of its operands and [All] the greatest, because all of them compare
/// the same randomness. So a trace that passes one of two nested chances passes the larger.
public sealed interface Expression
        permits Expression.All, Expression.Any, Expression.Not, Expression.Chance, Predicate {

    /// Holds when each operand does.
    record All(List<Expression> operands) implements Expression {
        public All {
            operands = some("all", operands);
        }
    }

    /// Holds when one operand does.
    record Any(List<Expression> operands) implements Expression {
        public Any {
            operands = some("any", operands);
        }
    }

    /// Holds when the operand does not.
    record Not(Expression operand) implements Expression {
        public Not {
            if (!operand.isCertain()) {
                throw new IllegalArgumentException(
                        "not: a chance (expected: conditions that a trace meets or does not)");
            }
        }
    }

    /// Holds for a share of all traces.
    ///
    /// @param probability 0 to 1
    record Chance(double probability) implements Expression {
        public Chance {
            // Checks it.
            var _ = Threshold.ofProbability(probability);
        }
    }

    /// Whether chance has no part in it.
    default boolean isCertain() {
        return switch (this) {
            case All all -> all.operands().stream().allMatch(Expression::isCertain);
            case Any any -> any.operands().stream().allMatch(Expression::isCertain);
            case Not _, Predicate _ -> true;
            case Chance _ -> false;
        };
    }

    private static List<Expression> some(String name, List<Expression> operands) {
        if (operands.isEmpty()) {
            throw new IllegalArgumentException(name + ": [] (expected: at least one condition)");
        }
        return List.copyOf(operands);
    }
}
