package dev.millrace.wire.jaeger;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// Reads `jaeger.api_v2.Span` in protobuf's JSON mapping: names in either case, ids in base64,
/// times as text.
final class JsonSpans {

    private static final int MAX_DEPTH = 32;
    private static final int MAX_QUOTED = 64;

    private final JsonFactory factory;

    JsonSpans(int maxBytes) {
        factory =
                JsonFactory.builder()
                        .streamReadConstraints(
                                StreamReadConstraints.builder()
                                        .maxNestingDepth(MAX_DEPTH)
                                        .maxStringLength(maxBytes)
                                        .maxDocumentLength(maxBytes)
                                        .build())
                        .build();
    }

    void read(Slice body, SpanSink sink) throws IOException {
        try (var parser = factory.createParser(body.array(), body.offset(), body.length())) {
            if (parser.nextToken() == null) {
                throw new MalformedSpansException("nothing (expected: an object)");
            }
            new Reader(parser, sink).span();
            if (parser.nextToken() != null) {
                throw new MalformedSpansException("more after the span (expected: its end)");
            }
        }
    }

    private interface FieldReader {
        void read(String name) throws IOException;
    }

    private interface ElementReader {
        void read() throws IOException;
    }

    /// Every method starts with the parser on the first token of its value and leaves it on the
    /// last.
    private static final class Reader {

        private final JsonParser parser;
        private final SpanSink sink;
        private final Tag tag = new Tag();

        Reader(JsonParser parser, SpanSink sink) {
            this.parser = parser;
            this.sink = sink;
        }

        void span() throws IOException {
            sink.beginSpan();
            fields(name -> {
                switch (name) {
                    case "traceId", "trace_id" -> {
                        byte[] id = base64();
                        sink.traceId(isTraceId(id), high(id), low(id));
                    }
                    case "spanId", "span_id" -> {
                        byte[] id = base64();
                        sink.spanId(id.length == 8, low(id));
                    }
                    case "operationName", "operation_name" -> {
                        byte[] text = utf8();
                        sink.name(text, 0, text.length);
                    }
                    case "references" -> elements(this::reference);
                    case "flags" -> sink.flags((int) integer());
                    case "startTime", "start_time" -> sink.start(timestamp());
                    case "duration" -> sink.duration(duration());
                    case "tags" ->
                            elements(() -> {
                                tag();
                                sink.spanTag(tag);
                            });
                    case "logs" -> elements(this::log);
                    case "process" -> process();
                    case "warnings" ->
                            elements(() -> {
                                byte[] text = utf8();
                                sink.warning(text, 0, text.length);
                            });
                    default -> parser.skipChildren();
                }
            });
            sink.endSpan();
        }

        private void process() throws IOException {
            sink.beginProcess();
            fields(name -> {
                switch (name) {
                    case "serviceName", "service_name" -> {
                        byte[] text = utf8();
                        sink.serviceName(text, 0, text.length);
                    }
                    case "tags" ->
                            elements(() -> {
                                tag();
                                sink.processTag(tag);
                            });
                    default -> parser.skipChildren();
                }
            });
        }

        private void reference() throws IOException {
            var reference =
                    new Object() {
                        long high;
                        long low;
                        long span;
                        int type = SpanSink.CHILD_OF;
                    };
            fields(name -> {
                switch (name) {
                    case "traceId", "trace_id" -> {
                        byte[] id = base64();
                        reference.high = high(id);
                        reference.low = low(id);
                    }
                    case "spanId", "span_id" -> {
                        byte[] id = base64();
                        reference.span = id.length == 8 ? low(id) : 0;
                    }
                    case "refType", "ref_type" ->
                            reference.type =
                                    switch (parser.getText()) {
                                        case "CHILD_OF", "0" -> SpanSink.CHILD_OF;
                                        case "FOLLOWS_FROM", "1" -> SpanSink.FOLLOWS_FROM;
                                        default -> throw malformed("CHILD_OF or FOLLOWS_FROM");
                                    };
                    default -> parser.skipChildren();
                }
            });
            sink.reference(reference.type, reference.high, reference.low, reference.span);
        }

        private void log() throws IOException {
            var events = sink.events();
            events.begin();
            fields(name -> {
                switch (name) {
                    case "timestamp" -> events.time(timestamp());
                    case "fields" ->
                            elements(() -> {
                                tag();
                                events.field(tag);
                            });
                    default -> parser.skipChildren();
                }
            });
            events.end();
        }

        private void tag() throws IOException {
            tag.clear();
            fields(name -> {
                switch (name) {
                    case "key" -> {
                        byte[] text = utf8();
                        tag.key(text, 0, text.length);
                    }
                    case "vType", "v_type" ->
                            tag.type(
                                    switch (parser.getText()) {
                                        case "STRING", "0" -> Tag.STRING;
                                        case "BOOL", "1" -> Tag.BOOL;
                                        case "INT64", "2" -> Tag.INT64;
                                        case "FLOAT64", "3" -> Tag.FLOAT64;
                                        case "BINARY", "4" -> Tag.BINARY;
                                        default -> throw malformed("a type such as INT64");
                                    });
                    case "vStr", "v_str" -> {
                        byte[] text = utf8();
                        tag.text(text, 0, text.length);
                    }
                    case "vBool", "v_bool" -> tag.bool(bool());
                    case "vInt64", "v_int64" -> tag.number(integer());
                    case "vFloat64", "v_float64" -> tag.real(real());
                    case "vBinary", "v_binary" -> {
                        byte[] bytes = base64();
                        tag.binary(bytes, 0, bytes.length);
                    }
                    default -> parser.skipChildren();
                }
            });
        }

        private void fields(FieldReader reader) throws IOException {
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                throw malformed("an object");
            }
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                // The mapping has null for a field that is not set.
                if (parser.nextToken() != JsonToken.VALUE_NULL) {
                    reader.read(name);
                }
            }
        }

        private void elements(ElementReader reader) throws IOException {
            if (parser.currentToken() != JsonToken.START_ARRAY) {
                throw malformed("an array");
            }
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                reader.read();
            }
        }

        private String text() throws IOException {
            if (parser.currentToken() != JsonToken.VALUE_STRING) {
                throw malformed("a string");
            }
            return parser.getText();
        }

        private byte[] utf8() throws IOException {
            return text().getBytes(StandardCharsets.UTF_8);
        }

        private byte[] base64() throws IOException {
            try {
                return Base64.getDecoder().decode(text().replace('-', '+').replace('_', '/'));
            } catch (IllegalArgumentException _) {
                throw malformed("base64");
            }
        }

        private boolean bool() throws IOException {
            return switch (parser.currentToken()) {
                case VALUE_TRUE -> true;
                case VALUE_FALSE -> false;
                case null, default -> throw malformed("true or false");
            };
        }

        private long integer() throws IOException {
            var token = parser.currentToken();
            if (token == JsonToken.VALUE_NUMBER_INT || token == JsonToken.VALUE_STRING) {
                try {
                    return Long.parseLong(parser.getText());
                } catch (NumberFormatException _) {
                    throw malformed("a 64-bit integer");
                }
            }
            throw malformed("a 64-bit integer");
        }

        private double real() throws IOException {
            var token = parser.currentToken();
            if (token == null || !token.isScalarValue()) {
                throw malformed("a number");
            }
            try {
                // Reads "NaN", "Infinity" and "-Infinity" too.
                return Double.parseDouble(parser.getText());
            } catch (NumberFormatException _) {
                throw malformed("a number");
            }
        }

        private long timestamp() throws IOException {
            try {
                var instant = Instant.parse(text());
                return Time.nanos(instant.getEpochSecond(), instant.getNano());
            } catch (DateTimeException _) {
                throw malformed("a time such as 2026-01-02T03:04:05.678Z");
            }
        }

        // Short enough that no exponent makes a number of many digits.
        private long duration() throws IOException {
            String text = text();
            if (text.endsWith("s") && text.length() <= 32 && text.matches("-?\\d+(\\.\\d+)?s")) {
                var seconds = new BigDecimal(text.substring(0, text.length() - 1));
                var nanos = seconds.movePointRight(9).toBigInteger();
                if (nanos.bitLength() < Long.SIZE) {
                    return nanos.longValue();
                }
            }
            throw malformed("a duration such as 0.001s");
        }

        private static boolean isTraceId(byte[] id) {
            return id.length == 16 || id.length == 8;
        }

        private static long high(byte[] id) {
            return id.length == 16 ? OtlpBuffer.bigEndian(id, 0) : 0;
        }

        private static long low(byte[] id) {
            return isTraceId(id) ? OtlpBuffer.bigEndian(id, id.length - 8) : 0;
        }

        private MalformedSpansException malformed(String expected) throws IOException {
            @Nullable String found = parser.getText();
            String shown =
                    found == null
                            ? "nothing"
                            : found.length() <= MAX_QUOTED
                                    ? found
                                    : found.substring(0, MAX_QUOTED) + "…";
            return new MalformedSpansException(
                    "\""
                            + shown
                            + "\" (expected: "
                            + expected
                            + ") at line "
                            + parser.currentTokenLocation().getLineNr());
        }
    }
}
