package dev.millrace.pipeline;

import java.time.Duration;

/// Spans could not be taken over; the kind says whether the sender should try again.
public final class SinkException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /// What stands in the way.
    public enum Kind {
        /// Our buffer is full because the log is slower than the input; try again.
        OVER_CAPACITY,
        /// The log does not answer; try again.
        UNAVAILABLE,
        /// A span is larger than a record may be, or the request than our buffer; trying again will
        /// not help.
        TOO_LARGE
    }

    private final Kind kind;
    private final Duration retryAfter;

    public SinkException(Kind kind, String message, Duration retryAfter) {
        super(message, null, false, false);
        this.kind = kind;
        this.retryAfter = retryAfter;
    }

    public Kind kind() {
        return kind;
    }

    /// How long the sender should wait before it tries again; zero when it should not.
    public Duration retryAfter() {
        return retryAfter;
    }
}
