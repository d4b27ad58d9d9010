package dev.millrace.wire.zipkin;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.MalformedSpansException;

/// Turns lists of Zipkin spans into OTLP.
///
/// Keeps no state between calls: safe for any number of threads.
public final class ZipkinDecoder {

    private final int maxBytes;

    /// @param maxBytes the size of OTLP over which a list is refused, bytes
    public ZipkinDecoder(int maxBytes) {
        if (maxBytes < 1) {
            throw new IllegalArgumentException("maxBytes: " + maxBytes + " (expected: at least 1)");
        }
        this.maxBytes = maxBytes;
    }

    /// One `TracesData` with all spans of a list; empty for a list or body that is.
    ///
    /// @param nowNanos the start of spans that do not say any, nanoseconds since 1970
    /// @throws MalformedSpansException when the body is not a list of that format or one of its
    ///   spans lacks a valid id; no span of it is taken then, as in Zipkin
    public Slice traces(ZipkinFormat format, Slice body, long nowNanos) {
        if (body.length() == 0) {
            return Slice.EMPTY;
        }
        var texts = new Texts(body.array(), maxBytes);
        var span = new SpanDraft(texts);
        var out = new OtlpWriter(span, body.length(), maxBytes, nowNanos);
        int end = body.offset() + body.length();
        switch (format) {
            case JSON_V2 -> {
                var json = new JsonCursor(body.array(), body.offset(), end, texts);
                new JsonV2Reader(json, span, out).read();
            }
            case JSON_V1 -> {
                var json = new JsonCursor(body.array(), body.offset(), end, texts);
                new JsonV1Reader(json, texts, new V1Converter(span, out)).read();
            }
            case PROTOBUF -> {
                requireNotJson(body);
                new ProtobufReader(body.array(), span, out).read(body.offset(), body.length());
            }
            case THRIFT -> {
                requireNotJson(body);
                new ThriftReader(body, new V1Converter(span, out)).read();
            }
        }
        return out.finish();
    }

    private static void requireNotJson(Slice body) {
        byte first = body.array()[body.offset()];
        if (first == '[' || first == '{') {
            throw new MalformedSpansException(
                    "first byte: '"
                            + (char) first
                            + "' (expected: a binary list of spans, not JSON)");
        }
    }
}
