package dev.millrace.wire.otlp;

/// What a span may look like to be taken in.
///
/// @param maxPastNanos how far before now a span may start, nanoseconds
/// @param maxFutureNanos how far after now a span may start, nanoseconds
/// @param maxAttributeBytes the length at which the text or bytes of one attribute are cut
public record SpanLimits(long maxPastNanos, long maxFutureNanos, int maxAttributeBytes) {}
