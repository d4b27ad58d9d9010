package dev.millrace.wire.zipkin;

import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.zipkin.SpanDraft.TagType;
import dev.millrace.wire.zipkin.V1Span.Annotation;
import dev.millrace.wire.zipkin.V1Span.BinaryAnnotation;
import dev.millrace.wire.zipkin.V1Span.Endpoint;
import org.jspecify.annotations.Nullable;

/// Reads a JSON list of v1 spans. Used once, by one thread.
final class JsonV1Reader {

    private final JsonCursor json;
    private final Texts texts;
    private final V1Converter out;
    private final SpanDraft ids;
    private final Host host = new Host();

    JsonV1Reader(JsonCursor json, Texts texts, V1Converter out) {
        this.json = json;
        this.texts = texts;
        this.out = out;
        this.ids = new SpanDraft(texts);
    }

    void read() {
        if (json.peek() != '[') {
            throw json.unexpected("a list of spans");
        }
        boolean more = json.begin('[', ']');
        while (more) {
            ids.clear();
            out.write(span());
            more = json.more(']');
        }
        json.expectEnd();
    }

    private String text() {
        return texts.string(json.text());
    }

    private V1Span span() {
        var span = new V1Span();
        boolean more = json.begin('{', '}');
        while (more) {
            field(span, texts.string(json.name()));
            more = json.more('}');
        }
        span.hasTraceId = ids.hasTraceId;
        span.traceIdHigh = ids.traceIdHigh;
        span.traceIdLow = ids.traceIdLow;
        return span;
    }

    private void field(V1Span span, String name) {
        switch (name) {
            case "traceId" -> Ids.traceId(ids, json.text());
            case "id" -> span.id = Ids.spanId(ids, "id", json.text(), false);
            case "localEndpoint", "remoteEndpoint", "tags" ->
                    throw new MalformedSpansException(
                            "Expected a JSON_V1 encoded list, but received: JSON_V2");
            default -> {
                if (!json.skippedNull()) {
                    optional(span, name);
                }
            }
        }
    }

    private void optional(V1Span span, String name) {
        switch (name) {
            case "parentId" -> span.parentId = Ids.spanId(ids, "parentId", json.text(), true);
            case "name" -> span.name = text();
            case "timestamp" -> span.timestamp = Math.max(0, json.integer());
            case "duration" -> span.duration = Math.max(0, json.integer());
            case "debug" -> span.debug = json.bool();
            case "annotations" -> {
                boolean more = json.begin('[', ']');
                while (more) {
                    span.annotations.add(annotation());
                    more = json.more(']');
                }
            }
            case "binaryAnnotations" -> {
                boolean more = json.begin('[', ']');
                while (more) {
                    span.binaryAnnotations.add(binaryAnnotation());
                    more = json.more(']');
                }
            }
            default -> json.skip();
        }
    }

    private Annotation annotation() {
        long time = 0;
        String value = null;
        Endpoint endpoint = null;
        boolean more = json.begin('{', '}');
        while (more) {
            switch (texts.string(json.name())) {
                case "timestamp" -> time = json.integer();
                case "value" -> value = text();
                case "endpoint" -> endpoint = endpoint();
                default -> json.skip();
            }
            more = json.more('}');
        }
        if (time == 0 || value == null) {
            throw json.malformed("an annotation without timestamp or value");
        }
        return new Annotation(time, value, endpoint);
    }

    private BinaryAnnotation binaryAnnotation() {
        String key = null;
        String value = null;
        String type = "";
        int first = 0;
        Endpoint endpoint = null;
        boolean more = json.begin('{', '}');
        while (more) {
            switch (texts.string(json.name())) {
                case "key" -> key = text();
                case "value" -> {
                    first = json.peek();
                    value = texts.string(json.scalar());
                }
                case "type" -> type = text();
                case "endpoint" -> endpoint = endpoint();
                default -> json.skip();
            }
            more = json.more('}');
        }
        if (key == null || value == null) {
            throw json.malformed("a binary annotation without key or value");
        }
        return typed(key, value, type, first, endpoint);
    }

    // What is no number whatever its type says stays a text.
    private static BinaryAnnotation typed(
            String key, String value, String type, int first, @Nullable Endpoint endpoint) {
        if (first == 't' || first == 'f') {
            return new BinaryAnnotation(key, TagType.BOOL, "", first == 't' ? 1 : 0, endpoint);
        }
        try {
            if (type.equals("I16") || type.equals("I32") || type.equals("I64")) {
                return new BinaryAnnotation(key, TagType.INT, "", Long.parseLong(value), endpoint);
            }
            if (type.equals("DOUBLE") || (type.isEmpty() && first != '"')) {
                long bits = Double.doubleToRawLongBits(Double.parseDouble(value));
                return new BinaryAnnotation(key, TagType.REAL, "", bits, endpoint);
            }
        } catch (NumberFormatException _) {
            return new BinaryAnnotation(key, TagType.TEXT, value, 0, endpoint);
        }
        return new BinaryAnnotation(key, TagType.TEXT, value, 0, endpoint);
    }

    private @Nullable Endpoint endpoint() {
        if (json.skippedNull()) {
            return null;
        }
        EndpointReader.read(json, texts, host);
        var endpoint = new Endpoint(texts.string(host.service), texts.string(host.ip()), host.port);
        return endpoint.service().isEmpty() && endpoint.ip().isEmpty() && endpoint.port() == 0
                ? null
                : endpoint;
    }
}
