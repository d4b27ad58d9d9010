package dev.millrace.wire.otlp;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.google.protobuf.ByteString;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.common.v1.KeyValueList;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.io.IOException;
import java.util.Base64;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// Reads one OTLP request off a JSON parser. Used once, by one thread.
///
/// Every method that reads a value starts with the parser on the value's first token and leaves it
/// on the last.
final class OtlpJsonReader {

    // No id is one byte long.
    private static final ByteString NOT_AN_ID = ByteString.copyFrom(new byte[1]);

    private static final int MAX_QUOTED = 64;

    private final JsonParser parser;

    OtlpJsonReader(JsonParser parser) {
        this.parser = parser;
    }

    private interface FieldReader {
        void read(String name) throws IOException;
    }

    private interface ElementReader {
        void read() throws IOException;
    }

    TracesData traces() throws IOException {
        if (parser.nextToken() == null) {
            throw malformed("nothing (expected: an object)");
        }
        var data = TracesData.newBuilder();
        fields(name -> {
            switch (name) {
                case "resourceSpans" -> elements(() -> data.addResourceSpans(resourceSpans()));
                default -> parser.skipChildren();
            }
        });
        if (parser.nextToken() != null) {
            throw malformed(quoted() + " after the request (expected: its end)");
        }
        return data.build();
    }

    private ResourceSpans resourceSpans() throws IOException {
        var builder = ResourceSpans.newBuilder();
        fields(name -> {
            switch (name) {
                case "resource" -> builder.setResource(resource());
                case "scopeSpans" -> elements(() -> builder.addScopeSpans(scopeSpans()));
                case "schemaUrl" -> builder.setSchemaUrl(text());
                default -> parser.skipChildren();
            }
        });
        return builder.build();
    }

    private Resource resource() throws IOException {
        var builder = Resource.newBuilder();
        fields(name -> {
            switch (name) {
                case "attributes" -> elements(() -> builder.addAttributes(keyValue()));
                case "droppedAttributesCount" -> builder.setDroppedAttributesCount(uint32());
                default -> parser.skipChildren();
            }
        });
        return builder.build();
    }

    private ScopeSpans scopeSpans() throws IOException {
        var builder = ScopeSpans.newBuilder();
        fields(name -> {
            switch (name) {
                case "scope" -> builder.setScope(scope());
                case "spans" -> elements(() -> builder.addSpans(span()));
                case "schemaUrl" -> builder.setSchemaUrl(text());
                default -> parser.skipChildren();
            }
        });
        return builder.build();
    }

    private InstrumentationScope scope() throws IOException {
        var builder = InstrumentationScope.newBuilder();
        fields(name -> {
            switch (name) {
                case "name" -> builder.setName(text());
                case "version" -> builder.setVersion(text());
                case "attributes" -> elements(() -> builder.addAttributes(keyValue()));
                case "droppedAttributesCount" -> builder.setDroppedAttributesCount(uint32());
                default -> parser.skipChildren();
            }
        });
        return builder.build();
    }

    private Span span() throws IOException {
        var builder = Span.newBuilder();
        fields(name -> {
            switch (name) {
                case "traceId" -> builder.setTraceId(id());
                case "spanId" -> builder.setSpanId(id());
                case "parentSpanId" -> builder.setParentSpanId(id());
                case "traceState" -> builder.setTraceState(text());
                case "flags" -> builder.setFlags(uint32());
                case "name" -> builder.setName(text());
                case "kind" -> builder.setKindValue(kind());
                case "startTimeUnixNano" -> builder.setStartTimeUnixNano(uint64());
                case "endTimeUnixNano" -> builder.setEndTimeUnixNano(uint64());
                case "attributes" -> elements(() -> builder.addAttributes(keyValue()));
                case "droppedAttributesCount" -> builder.setDroppedAttributesCount(uint32());
                case "events" -> elements(() -> builder.addEvents(event()));
                case "droppedEventsCount" -> builder.setDroppedEventsCount(uint32());
                case "links" -> elements(() -> builder.addLinks(link()));
                case "droppedLinksCount" -> builder.setDroppedLinksCount(uint32());
                case "status" -> builder.setStatus(status());
                default -> parser.skipChildren();
            }
        });
        return builder.build();
    }

    private Span.Event event() throws IOException {
        var builder = Span.Event.newBuilder();
        fields(name -> {
            switch (name) {
                case "timeUnixNano" -> builder.setTimeUnixNano(uint64());
                case "name" -> builder.setName(text());
                case "attributes" -> elements(() -> builder.addAttributes(keyValue()));
                case "droppedAttributesCount" -> builder.setDroppedAttributesCount(uint32());
                default -> parser.skipChildren();
            }
        });
        return builder.build();
    }

    private Span.Link link() throws IOException {
        var builder = Span.Link.newBuilder();
        fields(name -> {
            switch (name) {
                case "traceId" -> builder.setTraceId(id());
                case "spanId" -> builder.setSpanId(id());
                case "traceState" -> builder.setTraceState(text());
                case "flags" -> builder.setFlags(uint32());
                case "attributes" -> elements(() -> builder.addAttributes(keyValue()));
                case "droppedAttributesCount" -> builder.setDroppedAttributesCount(uint32());
                default -> parser.skipChildren();
            }
        });
        return builder.build();
    }

    private Status status() throws IOException {
        var builder = Status.newBuilder();
        fields(name -> {
            switch (name) {
                case "message" -> builder.setMessage(text());
                case "code" -> builder.setCodeValue(code());
                default -> parser.skipChildren();
            }
        });
        return builder.build();
    }

    private KeyValue keyValue() throws IOException {
        var builder = KeyValue.newBuilder();
        fields(name -> {
            switch (name) {
                case "key" -> builder.setKey(text());
                case "value" -> builder.setValue(value());
                default -> parser.skipChildren();
            }
        });
        return builder.build();
    }

    private AnyValue value() throws IOException {
        var builder = AnyValue.newBuilder();
        fields(name -> {
            switch (name) {
                case "stringValue" -> builder.setStringValue(text());
                case "boolValue" -> builder.setBoolValue(bool());
                case "intValue" -> builder.setIntValue(int64());
                case "doubleValue" -> builder.setDoubleValue(real());
                case "bytesValue" -> builder.setBytesValue(base64());
                case "arrayValue" -> builder.setArrayValue(array());
                case "kvlistValue" -> builder.setKvlistValue(keyValues());
                default -> parser.skipChildren();
            }
        });
        return builder.build();
    }

    private ArrayValue array() throws IOException {
        var builder = ArrayValue.newBuilder();
        fields(name -> {
            switch (name) {
                case "values" -> elements(() -> builder.addValues(value()));
                default -> parser.skipChildren();
            }
        });
        return builder.build();
    }

    private KeyValueList keyValues() throws IOException {
        var builder = KeyValueList.newBuilder();
        fields(name -> {
            switch (name) {
                case "values" -> elements(() -> builder.addValues(keyValue()));
                default -> parser.skipChildren();
            }
        });
        return builder.build();
    }

    // The mapping has null mean the field's default, as if it were not there.
    private void fields(FieldReader reader) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw malformed(quoted() + " (expected: an object)");
        }
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            if (parser.nextToken() != JsonToken.VALUE_NULL) {
                reader.read(name);
            }
        }
    }

    private void elements(ElementReader reader) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw malformed(quoted() + " (expected: an array)");
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            reader.read();
        }
    }

    private String text() throws IOException {
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw malformed(quoted() + " (expected: a string)");
        }
        return parser.getText();
    }

    private boolean bool() throws IOException {
        return switch (parser.currentToken()) {
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case null, default -> throw malformed(quoted() + " (expected: true or false)");
        };
    }

    private ByteString id() throws IOException {
        try {
            return ByteString.copyFrom(HexFormat.of().parseHex(text()));
        } catch (IllegalArgumentException _) {
            return NOT_AN_ID;
        }
    }

    // Both alphabets, with or without padding, as the mapping wants of readers.
    private ByteString base64() throws IOException {
        try {
            String text = text().replace('-', '+').replace('_', '/');
            return ByteString.copyFrom(Base64.getDecoder().decode(text));
        } catch (IllegalArgumentException _) {
            throw malformed(quoted() + " (expected: base64)");
        }
    }

    private long int64() throws IOException {
        return integer("a 64-bit integer", false);
    }

    private long uint64() throws IOException {
        return integer("a 64-bit unsigned integer", true);
    }

    private int uint32() throws IOException {
        String expected = "a 32-bit unsigned integer";
        long value = integer(expected, false);
        if (value < 0 || value > 0xffff_ffffL) {
            throw malformed(quoted() + " (expected: " + expected + ")");
        }
        return (int) value;
    }

    // A number or a string holding one; JavaScript writes large ones with an exponent.
    private long integer(String expected, boolean unsigned) throws IOException {
        var token = parser.currentToken();
        if (token == JsonToken.VALUE_NUMBER_INT || token == JsonToken.VALUE_STRING) {
            try {
                String text = parser.getText();
                return unsigned ? Long.parseUnsignedLong(text) : Long.parseLong(text);
            } catch (NumberFormatException _) {
                throw malformed(quoted() + " (expected: " + expected + ")");
            }
        }
        if (token == JsonToken.VALUE_NUMBER_FLOAT) {
            double value = parser.getDoubleValue();
            if (value == Math.rint(value) && Math.abs(value) < 0x1p63 && !(unsigned && value < 0)) {
                return (long) value;
            }
        }
        throw malformed(quoted() + " (expected: " + expected + ")");
    }

    private double real() throws IOException {
        return switch (parser.currentToken()) {
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_STRING -> {
                try {
                    // Reads "NaN", "Infinity" and "-Infinity" too.
                    yield Double.parseDouble(parser.getText());
                } catch (NumberFormatException _) {
                    throw malformed(quoted() + " (expected: a number)");
                }
            }
            case null, default -> throw malformed(quoted() + " (expected: a number)");
        };
    }

    private int kind() throws IOException {
        return parser.currentToken() == JsonToken.VALUE_STRING
                ? number(Span.SpanKind.values(), "SPAN_KIND_INTERNAL")
                : enumNumber();
    }

    private int code() throws IOException {
        return parser.currentToken() == JsonToken.VALUE_STRING
                ? number(Status.StatusCode.values(), "STATUS_CODE_OK")
                : enumNumber();
    }

    private int enumNumber() throws IOException {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            throw malformed(quoted() + " (expected: an enum's number)");
        }
        return parser.getIntValue();
    }

    private <E extends Enum<E> & com.google.protobuf.ProtocolMessageEnum> int number(
            E[] constants, String example) throws IOException {
        String text = parser.getText();
        for (var constant : constants) {
            if (constant.name().equals(text) && !text.equals("UNRECOGNIZED")) {
                return constant.getNumber();
            }
        }
        throw malformed(quoted() + " (expected: an enum's number or a name like " + example + ")");
    }

    private String quoted() throws IOException {
        @Nullable String text = parser.getText();
        if (text == null) {
            return "nothing";
        }
        return "\""
                + (text.length() <= MAX_QUOTED ? text : text.substring(0, MAX_QUOTED) + "…")
                + "\"";
    }

    private MalformedSpansException malformed(String what) {
        return new MalformedSpansException(
                "not OTLP JSON: " + what + position(parser.currentTokenLocation()));
    }

    static String position(@Nullable JsonLocation at) {
        return at == null
                ? ""
                : " (at line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
    }
}
