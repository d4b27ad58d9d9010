package dev.millrace.wire.zipkin;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.nio.charset.StandardCharsets;

/// One of the encodings in which Zipkin's reporters send lists of spans.
public enum ZipkinFormat {
    /// A JSON list of v1 spans, those with `binaryAnnotations`.
    JSON_V1,
    /// A JSON list of v2 spans, those with `tags` and a `localEndpoint`.
    JSON_V2,
    /// The v2 message `ListOfSpans`.
    PROTOBUF,
    /// Thrift's binary protocol: a list of v1 spans, or a single one as old clients send it.
    THRIFT;

    private static final byte[] ENDPOINT_SUFFIX = ascii("Endpoint\"");
    private static final byte[] TAGS = ascii("\"tags\"");
    private static final byte[] BINARY_ANNOTATIONS = ascii("\"binaryAnnotations\"");
    private static final byte[] ENDPOINT = ascii("\"endpoint\"");

    private static final int THRIFT_MAX_TYPE = 16;
    private static final int PROTOBUF_SPANS = 10;

    /// The format that a body's first bytes show, by the rules of Zipkin's own collectors.
    ///
    /// A JSON list that has no name telling v1 from v2 reads the same in both, and counts as v2. So
    /// does a body without any bytes.
    ///
    /// @throws MalformedSpansException for a body that can be none of them
    public static ZipkinFormat detect(Slice body) {
        byte[] bytes = body.array();
        int end = body.offset() + body.length();
        int start = body.offset();
        // A line feed is the first byte of protobuf, so it is not skipped as space.
        while (start < end && isSpace(bytes[start])) {
            start++;
        }
        if (start == end) {
            return JSON_V2;
        }
        byte first = bytes[start];
        if (first == '[' || first == '{') {
            return json(bytes, start, end);
        }
        // A Thrift struct may begin like a protobuf message, with type 10 (a 64-bit integer); the
        // next byte is then the upper half of a field number, always zero.
        byte lead = bytes[body.offset()];
        if (lead == PROTOBUF_SPANS && body.length() > 1 && bytes[body.offset() + 1] != 0) {
            return PROTOBUF;
        }
        if (lead > 0 && lead <= THRIFT_MAX_TYPE) {
            return THRIFT;
        }
        throw new MalformedSpansException(
                "first byte: 0x%02x (expected: a Zipkin span list in JSON, protobuf or Thrift)"
                        .formatted(first & 0xff));
    }

    private static ZipkinFormat json(byte[] bytes, int start, int end) {
        if (contains(bytes, start, end, BINARY_ANNOTATIONS)) {
            return JSON_V1;
        }
        if (contains(bytes, start, end, ENDPOINT_SUFFIX) || contains(bytes, start, end, TAGS)) {
            return JSON_V2;
        }
        return contains(bytes, start, end, ENDPOINT) ? JSON_V1 : JSON_V2;
    }

    private static boolean isSpace(byte b) {
        return b == ' ' || b == '\r' || b == '\t';
    }

    private static boolean contains(byte[] bytes, int from, int end, byte[] part) {
        byte first = part[0];
        for (int i = from; i <= end - part.length; i++) {
            if (bytes[i] == first && matches(bytes, i, part)) {
                return true;
            }
        }
        return false;
    }

    private static boolean matches(byte[] bytes, int at, byte[] part) {
        for (int i = 1; i < part.length; i++) {
            if (bytes[at + i] != part[i]) {
                return false;
            }
        }
        return true;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
