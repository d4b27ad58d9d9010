package dev.millrace.model;

/// A span's role in a call.
public enum SpanKind {
    UNSPECIFIED(0),
    INTERNAL(1),
    SERVER(2),
    CLIENT(3),
    PRODUCER(4),
    CONSUMER(5);

    private final int number;

    SpanKind(int number) {
        this.number = number;
    }

    /// The kind with OTLP's number; unknown numbers are [#UNSPECIFIED].
    public static SpanKind of(int number) {
        for (var kind : values()) {
            if (kind.number == number) {
                return kind;
            }
        }
        return UNSPECIFIED;
    }

    /// OTLP's number.
    public int number() {
        return number;
    }
}
