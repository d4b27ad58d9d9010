package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.wire.jaeger.JaegerEncoder;
import dev.millrace.wire.zipkin.ZipkinEncoder;
import java.util.List;

/// The format of the values in `spans`.
///
/// Our aggregator reads [#OTLP_PROTO] and nothing else. The others are for readers that were there
/// before us; they cost a decoding and an encoding of every span, and another decoding where an
/// ingester of the feed `spans` reads them.
public enum Encoding {

    /// OTLP `TracesData`, as it came.
    OTLP_PROTO("otlp_proto"),

    /// One `jaeger.api_v2.Span`, as a Jaeger collector writes it.
    JAEGER_PROTO("jaeger_proto"),

    /// The same in protobuf's JSON.
    JAEGER_JSON("jaeger_json"),

    /// A JSON list of Zipkin v2 spans, one per trace and request.
    ZIPKIN_JSON("zipkin_json");

    private final String word;

    Encoding(String word) {
        this.word = word;
    }

    /// As it stands in configuration and in the header.
    public String word() {
        return word;
    }

    /// The values of the records for the spans of one trace.
    List<byte[]> values(Slice body) {
        return switch (this) {
            case OTLP_PROTO -> List.of(body.toByteArray());
            case JAEGER_PROTO -> JaegerEncoder.protobuf(body);
            case JAEGER_JSON -> JaegerEncoder.json(body);
            case ZIPKIN_JSON -> List.of(ZipkinEncoder.json(body).toByteArray());
        };
    }

    /// How large a body may be so that its values fit into records.
    int maxBodyBytes() {
        return switch (this) {
            case OTLP_PROTO -> KafkaClients.MAX_RECORD_BYTES;
            // Text, and a process repeated in every span, can take several times the bytes.
            case JAEGER_PROTO, JAEGER_JSON, ZIPKIN_JSON -> KafkaClients.MAX_RECORD_BYTES / 4;
        };
    }
}
