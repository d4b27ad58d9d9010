package dev.millrace.storage.api;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;

/// Some or all spans of one trace, as they came in one record.
///
/// @param body OTLP `TracesData`, valid, with spans of `traceId` only
public record Fragment(FragmentId id, Tenant tenant, TraceId traceId, Slice body) {}
