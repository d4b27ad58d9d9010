package dev.millrace.wire.otlp;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;

/// The spans of one trace out of one request: the value of one record.
///
/// @param body OTLP `TracesData`, valid, with spans of `traceId` only
/// @param spans how many spans the body holds, at least one
public record TraceChunk(TraceId traceId, Slice body, int spans) {}
