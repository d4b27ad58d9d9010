package dev.millrace.model;

/// A span's role in a call, in OTLP's order: the ordinal is OTLP's number.
public enum SpanKind {
    UNSPECIFIED,
    INTERNAL,
    SERVER,
    CLIENT,
    PRODUCER,
    CONSUMER;

    private static final SpanKind[] KINDS = values();

    /// The kind with OTLP's number; unknown numbers are [#UNSPECIFIED].
    public static SpanKind of(int number) {
        return number >= 0 && number < KINDS.length ? KINDS[number] : UNSPECIFIED;
    }
}
