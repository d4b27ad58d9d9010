package dev.millrace.wire.otlp;

/// Bytes or text that are not OTLP; the message says what was found and what was expected.
public final class MalformedOtlpException extends RuntimeException {

    private static final long serialVersionUID = 1;

    public MalformedOtlpException(String message) {
        super(message, null, false, false);
    }
}
