package dev.millrace.pipeline.format;

import dev.millrace.model.Slice;
import dev.millrace.wire.jaeger.JaegerDecoder;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpJson;
import dev.millrace.wire.zipkin.ZipkinDecoder;

/// Turns whatever arrived into OTLP, the only format behind the receivers.
public final class Translation {

    private final OtlpJson otlpJson;
    private final ZipkinDecoder zipkin;
    private final JaegerDecoder jaeger;

    /// @param maxBytes the size of OTLP over which a request is refused
    public Translation(int maxBytes) {
        otlpJson = new OtlpJson(maxBytes);
        zipkin = new ZipkinDecoder(maxBytes);
        jaeger = new JaegerDecoder(maxBytes);
    }

    /// @throws MalformedSpansException when the body is not in the format
    public Slice toOtlp(SpanFormat format, Slice body, long nowNanos) {
        return switch (format) {
            case SpanFormat.Otlp.PROTOBUF -> body;
            case SpanFormat.Otlp.JSON -> otlpJson.traces(body);
            case SpanFormat.Zipkin(var encoding) -> zipkin.traces(encoding, body, nowNanos);
            case SpanFormat.Jaeger(var encoding) -> jaeger.traces(encoding, body, nowNanos);
        };
    }
}
