package dev.millrace.pipeline.format;

import dev.millrace.model.Slice;
import dev.millrace.wire.jaeger.JaegerFormat;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.zipkin.ZipkinFormat;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// What the messages of a source are written in.
public enum SourceEncoding {
    /// OTLP's `TracesData` or `ExportTraceServiceRequest`, as an OpenTelemetry Collector writes it.
    OTLP_PROTO,
    /// The same in JSON.
    OTLP_JSON,
    /// One Jaeger span, as a Jaeger collector writes it.
    JAEGER_PROTO,
    /// The same in JSON.
    JAEGER_JSON,
    /// A list of Zipkin's spans in JSON, v1 or v2 by what is in it.
    ZIPKIN_JSON,
    /// Zipkin's `ListOfSpans`.
    ZIPKIN_PROTO,
    /// A list of Zipkin's v1 spans in Thrift's binary protocol, or a single one.
    ZIPKIN_THRIFT,
    /// Any of Zipkin's, told apart by the first bytes as Zipkin's own collectors do.
    ZIPKIN;

    /// The word for it in configuration.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The one that a word stands for; empty when it is none of theirs.
    public static Optional<SourceEncoding> of(String word) {
        return Arrays.stream(values()).filter(one -> one.word().equals(word)).findFirst();
    }

    /// Every word, separated by commas.
    public static String words() {
        return Arrays.stream(values()).map(SourceEncoding::word).collect(Collectors.joining(", "));
    }

    /// The format of one message.
    ///
    /// @throws MalformedSpansException when its first bytes show that it is not in this encoding
    public SpanFormat format(Slice body) {
        return switch (this) {
            case OTLP_PROTO -> SpanFormat.Otlp.PROTOBUF;
            case OTLP_JSON -> SpanFormat.Otlp.JSON;
            case JAEGER_PROTO -> new SpanFormat.Jaeger(JaegerFormat.SPAN_PROTO);
            case JAEGER_JSON -> new SpanFormat.Jaeger(JaegerFormat.SPAN_JSON);
            case ZIPKIN_JSON -> new SpanFormat.Zipkin(json(body));
            case ZIPKIN_PROTO -> new SpanFormat.Zipkin(ZipkinFormat.PROTOBUF);
            case ZIPKIN_THRIFT -> new SpanFormat.Zipkin(ZipkinFormat.THRIFT);
            case ZIPKIN -> new SpanFormat.Zipkin(ZipkinFormat.detect(body));
        };
    }

    private static ZipkinFormat json(Slice body) {
        var format = ZipkinFormat.detect(withoutLeadingLines(body));
        return switch (format) {
            case JSON_V1, JSON_V2 -> format;
            case PROTOBUF, THRIFT ->
                    throw new MalformedSpansException(
                            "first byte: 0x%02x (expected: a JSON list)"
                                    .formatted(body.array()[body.offset()] & 0xff));
        };
    }

    // A line feed is space in JSON, and the first byte of protobuf where that may be meant as well.
    private static Slice withoutLeadingLines(Slice body) {
        int skipped = 0;
        while (skipped < body.length() && isSpace(body.array()[body.offset() + skipped])) {
            skipped++;
        }
        return Slice.of(body.array(), body.offset() + skipped, body.length() - skipped);
    }

    private static boolean isSpace(byte b) {
        return b == ' ' || b == '\n' || b == '\r' || b == '\t';
    }
}
