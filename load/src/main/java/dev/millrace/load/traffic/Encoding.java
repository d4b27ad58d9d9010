package dev.millrace.load.traffic;

import dev.millrace.model.Slice;
import dev.millrace.wire.zipkin.ZipkinEncoder;

/// How the spans of a request are written.
public enum Encoding {
    /// OTLP `TracesData`, as traffic is made.
    OTLP,
    /// A JSON list of Zipkin v2 spans.
    ZIPKIN_JSON,
    /// Zipkin's `ListOfSpans`.
    ZIPKIN_PROTO,
    /// Jaeger's `PostSpansRequest`.
    JAEGER_PROTO;

    /// The same spans in this encoding, with as much of them as it carries.
    Slice of(Slice otlp) {
        return switch (this) {
            case OTLP -> otlp;
            case ZIPKIN_JSON -> ZipkinEncoder.json(otlp);
            case ZIPKIN_PROTO -> ZipkinEncoder.protobuf(otlp);
            case JAEGER_PROTO -> JaegerBatch.of(otlp);
        };
    }
}
