package dev.millrace.traceql;

/// A query that is not understood; the message tells where, what stands there and what was
/// expected.
public final class TraceQlException extends RuntimeException {

    private static final long serialVersionUID = 1;

    TraceQlException(int line, int column, String problem) {
        super("line " + line + ", column " + column + ": " + problem);
    }
}
