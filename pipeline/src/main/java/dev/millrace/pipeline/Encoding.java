package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.wire.zipkin.ZipkinEncoder;
import java.util.List;

/// The format of the values in `spans`.
///
/// Our own readers read [#OTLP_PROTO] and nothing else. The others are for readers that were there
/// before us; they cost a decoding and an encoding of every span.
public enum Encoding {

    /// OTLP `TracesData`, as it came.
    OTLP_PROTO("otlp_proto"),

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
            case ZIPKIN_JSON -> List.of(ZipkinEncoder.json(body).toByteArray());
        };
    }

    /// How large a body may be so that its values fit into records.
    int maxBodyBytes() {
        return switch (this) {
            case OTLP_PROTO -> KafkaClients.MAX_RECORD_BYTES;
            // Text can take several times the bytes.
            case ZIPKIN_JSON -> KafkaClients.MAX_RECORD_BYTES / 4;
        };
    }
}
