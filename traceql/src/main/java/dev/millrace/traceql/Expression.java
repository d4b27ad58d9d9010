package dev.millrace.traceql;

import com.google.re2j.Pattern;

/// What stands between braces: a condition on one span, or a part of one.
public sealed interface Expression
        permits Field,
                Expression.Literal,
                Expression.Compare,
                Expression.Match,
                Expression.Exists,
                Expression.Calculate,
                Expression.Both,
                Expression.Either,
                Expression.Not,
                Expression.Minus {

    /// What it is known to give.
    Type type();

    /// A value as written.
    record Literal(Value value) implements Expression {
        @Override
        public Type type() {
            return value.type();
        }
    }

    /// `left < right` and its like.
    record Compare(Comparison comparison, Expression left, Expression right) implements Expression {
        @Override
        public Type type() {
            return Type.BOOL;
        }
    }

    /// `operand =~ "pattern"`: whether the whole text fits.
    ///
    /// @param negated for `!~`
    record Match(Expression operand, Pattern pattern, boolean negated) implements Expression {
        @Override
        public Type type() {
            return Type.BOOL;
        }
    }

    /// `operand != nil`.
    ///
    /// @param negated for `= nil`
    record Exists(Expression operand, boolean negated) implements Expression {
        @Override
        public Type type() {
            return Type.BOOL;
        }
    }

    /// `left + right` and its like.
    record Calculate(Arithmetic arithmetic, Expression left, Expression right)
            implements Expression {
        @Override
        public Type type() {
            return Type.NUMBER;
        }
    }

    /// `left && right`.
    record Both(Expression left, Expression right) implements Expression {
        @Override
        public Type type() {
            return Type.BOOL;
        }
    }

    /// `left || right`.
    record Either(Expression left, Expression right) implements Expression {
        @Override
        public Type type() {
            return Type.BOOL;
        }
    }

    /// `!operand`.
    record Not(Expression operand) implements Expression {
        @Override
        public Type type() {
            return Type.BOOL;
        }
    }

    /// `-operand`.
    record Minus(Expression operand) implements Expression {
        @Override
        public Type type() {
            return Type.NUMBER;
        }
    }
}
