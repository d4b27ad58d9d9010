package dev.millrace.traceql;

/// A word, sign or literal of a query and where it stands.
///
/// @param text as it was written
/// @param meaning the value of a literal, or the field a name stands for
/// @param from where it begins in the query, counted from 0
/// @param line counted from 1
/// @param column of its first character, counted from 1
record Token(Kind kind, String text, Object meaning, int from, int line, int column) {

    /// What a token can be.
    enum Kind {
        /// A sign or an operator.
        SIGN,
        /// A bare word.
        WORD,
        /// A [Value] as it is written out.
        LITERAL,
        /// A [Field].
        FIELD,
        END
    }

    int to() {
        return from + text.length();
    }

    boolean is(String sign) {
        return (kind == Kind.SIGN || kind == Kind.WORD) && text.equals(sign);
    }

    TraceQlException problem(String problem) {
        return new TraceQlException(line, column, problem);
    }

    TraceQlException unexpected(String expected) {
        return problem("found " + shown() + " (expected: " + expected + ")");
    }

    String shown() {
        return kind == Kind.END ? "the end" : "`" + text + "`";
    }
}
