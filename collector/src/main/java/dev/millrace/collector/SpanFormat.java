package dev.millrace.collector;

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
}
