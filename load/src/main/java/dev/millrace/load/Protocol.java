package dev.millrace.load;

import dev.millrace.load.traffic.Encoding;
import java.util.Locale;

/// What a run speaks: a format of spans and the way it travels.
public enum Protocol {
    /// OTLP over gRPC, as SDKs send it to port 4317.
    OTLP_GRPC(
            Encoding.OTLP,
            true,
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            "application/grpc"),
    /// OTLP over HTTP in protobuf, as SDKs send it to port 4318.
    OTLP_HTTP(Encoding.OTLP, false, "/v1/traces", "application/x-protobuf"),
    /// Zipkin's JSON v2 over HTTP, as its reporters send it to port 9411.
    ZIPKIN_JSON(Encoding.ZIPKIN_JSON, false, "/api/v2/spans", "application/json"),
    /// Zipkin's protobuf over HTTP.
    ZIPKIN_PROTO(Encoding.ZIPKIN_PROTO, false, "/api/v2/spans", "application/x-protobuf"),
    /// Jaeger's `PostSpans` over gRPC, as its agent sends it to port 14250.
    JAEGER_GRPC(
            Encoding.JAEGER_PROTO,
            true,
            "/jaeger.api_v2.CollectorService/PostSpans",
            "application/grpc");

    private final Encoding encoding;
    private final boolean grpc;
    private final String path;
    private final String contentType;

    Protocol(Encoding encoding, boolean grpc, String path, String contentType) {
        this.encoding = encoding;
        this.grpc = grpc;
        this.path = path;
        this.contentType = contentType;
    }

    Encoding encoding() {
        return encoding;
    }

    boolean isGrpc() {
        return grpc;
    }

    /// The path or method that takes spans in.
    String path() {
        return path;
    }

    String contentType() {
        return contentType;
    }

    /// The word for it on a command line, such as `zipkin-json`.
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
