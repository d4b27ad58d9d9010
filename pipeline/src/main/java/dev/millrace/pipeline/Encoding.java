package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.wire.jaeger.JaegerEncoder;
import dev.millrace.wire.zipkin.ZipkinEncoder;
import java.util.List;

/// The format of the values in `spans`.
///
/// All but [#OTLP_PROTO] are for readers that were there before us; they cost a decoding and an
/// encoding of every span, and another decoding for each time that an aggregator, or an ingester of
/// the feed `spans`, reads them.
public enum Encoding {

    /// OTLP `TracesData`, as it came.
    OTLP_PROTO("otlp_proto"),

    /// One `jaeger.api_v2.Span`, as a Jaeger collector writes it.
    JAEGER_PROTO("jaeger_proto"),

    /// The same in protobuf's JSON.
    JAEGER_JSON("jaeger_json"),

    /// A JSON list of Zipkin v2 spans, one per trace and request.
    ZIPKIN_JSON("zipkin_json"),

    /// A protobuf `ListOfSpans` of Zipkin's, one per trace and request, as zipkin-storage-kafka
    /// writes it.
    ZIPKIN_PROTO("zipkin_proto");

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
            case ZIPKIN_PROTO -> List.of(ZipkinEncoder.protobuf(body).toByteArray());
        };
    }

    /// Whether it is one of Zipkin's.
    boolean isZipkins() {
        return switch (this) {
            case ZIPKIN_JSON, ZIPKIN_PROTO -> true;
            case OTLP_PROTO, JAEGER_PROTO, JAEGER_JSON -> false;
        };
    }

    /// How large a body may be so that its values fit into records.
    int maxBodyBytes() {
        return switch (this) {
            case OTLP_PROTO -> KafkaClients.MAX_RECORD_BYTES;
            // Text, and a process repeated in every span, can take several times the bytes.
            case JAEGER_PROTO, JAEGER_JSON, ZIPKIN_JSON, ZIPKIN_PROTO ->
                    KafkaClients.MAX_RECORD_BYTES / 4;
        };
    }
}
