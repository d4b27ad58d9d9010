package dev.millrace.wire.otlp;

/// Why a span was not taken in.
public enum Rejection {
    /// A trace id that is all zero or not 16 bytes.
    TRACE_ID,
    /// A span id that is all zero or not 8 bytes, or a parent id that is not 8 bytes.
    SPAN_ID,
    /// A start time outside the limits, or none.
    START_TIME
}
