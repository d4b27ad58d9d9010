package dev.millrace.analysis;

import dev.millrace.model.SpanId;
import dev.millrace.model.TraceId;

/// A span of a stored trace that shows what a figure is made of.
///
/// @param endNanos nanoseconds since the epoch
public record Exemplar(TraceId traceId, SpanId spanId, long durationNanos, long endNanos) {}
