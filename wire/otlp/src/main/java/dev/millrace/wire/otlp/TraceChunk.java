package dev.millrace.wire.otlp;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;

/// The spans of one trace, or of one group of traces, out of one request: the value of one record.
///
/// @param traceId of all its spans, or of the first where [Grouping] is not by trace
/// @param body OTLP `TracesData`, valid
/// @param spans how many spans the body holds, at least one
public record TraceChunk(TraceId traceId, Slice body, int spans) {}
