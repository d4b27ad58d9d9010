package dev.millrace.load;

import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.TraceId;

/// What makes two spans copies of one another: their name as well, but spans of the load that agree
/// in the rest have the same.
public record SpanIdentity(TraceId traceId, SpanId spanId, SpanKind kind, String service) {

    public static SpanIdentity of(Span span) {
        return new SpanIdentity(span.traceId(), span.spanId(), span.kind(), span.serviceName());
    }
}
