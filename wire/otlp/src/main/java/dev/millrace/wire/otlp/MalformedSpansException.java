package dev.millrace.wire.otlp;

/// Bytes or text that are not spans in the format they are said to be in; the message says what was
/// found and what was expected.
public final class MalformedSpansException extends RuntimeException {

    private static final long serialVersionUID = 1;

    public MalformedSpansException(String message) {
        super(message, null, false, false);
    }
}
