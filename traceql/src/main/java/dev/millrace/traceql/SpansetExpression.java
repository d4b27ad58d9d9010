package dev.millrace.traceql;

import java.util.Arrays;
import java.util.Optional;

/// What selects spans of a trace: filters, and how they go together.
public sealed interface SpansetExpression extends Stage {

    /// `{ condition }`: the spans that meet it.
    record Filter(Expression condition) implements SpansetExpression {}

    /// `left && right`, `left >> right` and their like.
    record Combine(Combination combination, SpansetExpression left, SpansetExpression right)
            implements SpansetExpression {}

    /// `( pipeline )`.
    record Nested(Pipeline pipeline) implements SpansetExpression {}

    /// How two selections become one.
    enum Combination {
        /// Both together, when neither is empty.
        AND("&&"),
        /// Both together.
        OR("||"),
        /// Of the right side, what is below something of the left.
        DESCENDANT(">>"),
        ANCESTOR("<<"),
        CHILD(">"),
        PARENT("<"),
        SIBLING("~"),
        /// Of the right side, what is below nothing of the left.
        NOT_DESCENDANT("!>>"),
        NOT_ANCESTOR("!<<"),
        NOT_CHILD("!>"),
        NOT_PARENT("!<"),
        NOT_SIBLING("!~"),
        /// Of both sides, what stands in the relation to something of the other.
        UNION_DESCENDANT("&>>"),
        UNION_ANCESTOR("&<<"),
        UNION_CHILD("&>"),
        UNION_PARENT("&<"),
        UNION_SIBLING("&~");

        private final String sign;

        Combination(String sign) {
            this.sign = sign;
        }

        static Optional<Combination> of(Token token) {
            return Arrays.stream(values()).filter(one -> token.is(one.sign)).findFirst();
        }

        /// Whether it binds before `&&` and `||`.
        boolean structural() {
            return this != AND && this != OR;
        }

        @Override
        public String toString() {
            return sign;
        }
    }
}
