package dev.millrace.model;

/// A pointer from a span to another span, of this trace or another.
///
/// @param traceState W3C trace state, empty when there is none
/// @param flags W3C trace flags and OTLP's remote bits
public record Link(
        TraceId traceId,
        SpanId spanId,
        String traceState,
        int flags,
        Attributes attributes,
        int droppedAttributes) {}
