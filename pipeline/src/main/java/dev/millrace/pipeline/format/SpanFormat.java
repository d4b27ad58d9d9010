package dev.millrace.pipeline.format;

import dev.millrace.wire.jaeger.JaegerFormat;
import dev.millrace.wire.zipkin.ZipkinFormat;

/// What spans may be written in when they arrive.
public sealed interface SpanFormat {

    /// OTLP's `TracesData` or `ExportTraceServiceRequest`.
    enum Otlp implements SpanFormat {
        PROTOBUF,
        JSON
    }

    /// A list of Zipkin's spans.
    record Zipkin(ZipkinFormat encoding) implements SpanFormat {}

    /// What Jaeger's clients, agents and collectors write.
    record Jaeger(JaegerFormat encoding) implements SpanFormat {}
}
