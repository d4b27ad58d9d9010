package dev.millrace.wire.zipkin;

import dev.millrace.wire.otlp.MalformedSpansException;
import java.nio.charset.StandardCharsets;

/// Reads a JSON list of v2 spans. Used once, by one thread.
final class JsonV2Reader {

    private static final byte[] TRACE_ID = ascii("traceId");
    private static final byte[] PARENT_ID = ascii("parentId");
    private static final byte[] ID = ascii("id");
    private static final byte[] KIND = ascii("kind");
    private static final byte[] NAME = ascii("name");
    private static final byte[] TIMESTAMP = ascii("timestamp");
    private static final byte[] DURATION = ascii("duration");
    private static final byte[] LOCAL_ENDPOINT = ascii("localEndpoint");
    private static final byte[] REMOTE_ENDPOINT = ascii("remoteEndpoint");
    private static final byte[] ANNOTATIONS = ascii("annotations");
    private static final byte[] TAGS = ascii("tags");
    private static final byte[] DEBUG = ascii("debug");
    private static final byte[] SHARED = ascii("shared");
    private static final byte[] VALUE = ascii("value");
    private static final byte[] BINARY_ANNOTATIONS = ascii("binaryAnnotations");
    private static final byte[] ENDPOINT = ascii("endpoint");

    private static final int MAX_SHOWN = 64;

    private final JsonCursor json;
    private final Texts texts;
    private final SpanDraft span;
    private final OtlpWriter out;

    JsonV2Reader(JsonCursor json, SpanDraft span, OtlpWriter out) {
        this.json = json;
        this.texts = span.texts;
        this.span = span;
        this.out = out;
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    void read() {
        if (json.peek() != '[') {
            throw json.unexpected("a list of spans");
        }
        boolean more = json.begin('[', ']');
        while (more) {
            span.clear();
            span();
            Ids.require(span);
            out.write();
            more = json.more(']');
        }
        json.expectEnd();
    }

    private void span() {
        boolean more = json.begin('{', '}');
        while (more) {
            field(json.name());
            more = json.more('}');
        }
    }

    private void field(long name) {
        if (texts.is(name, TRACE_ID)) {
            Ids.traceId(span, json.text());
        } else if (texts.is(name, ID)) {
            span.id = Ids.spanId(span, "id", json.text(), false);
        } else if (json.skippedNull()) {
            return;
        } else if (texts.is(name, PARENT_ID)) {
            span.parentId = Ids.spanId(span, "parentId", json.text(), true);
        } else if (texts.is(name, KIND)) {
            span.kind = kind(json.text());
        } else if (texts.is(name, NAME)) {
            span.name = json.text();
        } else if (texts.is(name, TIMESTAMP)) {
            span.timestamp = json.integer();
        } else if (texts.is(name, DURATION)) {
            span.duration = json.integer();
        } else if (texts.is(name, LOCAL_ENDPOINT)) {
            EndpointReader.read(json, texts, span.local);
        } else if (texts.is(name, REMOTE_ENDPOINT)) {
            EndpointReader.read(json, texts, span.remote);
        } else if (texts.is(name, TAGS)) {
            tags();
        } else if (texts.is(name, ANNOTATIONS)) {
            annotations();
        } else if (texts.is(name, SHARED)) {
            span.shared = json.bool();
        } else if (texts.is(name, DEBUG)) {
            span.debug = json.bool();
        } else if (texts.is(name, BINARY_ANNOTATIONS)) {
            throw isV1();
        } else {
            json.skip();
        }
    }

    private static MalformedSpansException isV1() {
        return new MalformedSpansException(
                "Expected a JSON_V2 encoded list, but received: JSON_V1");
    }

    private int kind(long text) {
        return switch (Texts.length(text) > MAX_SHOWN ? "" : texts.string(text)) {
            case "CLIENT" -> OtlpFields.KIND_CLIENT;
            case "SERVER" -> OtlpFields.KIND_SERVER;
            case "PRODUCER" -> OtlpFields.KIND_PRODUCER;
            case "CONSUMER" -> OtlpFields.KIND_CONSUMER;
            default ->
                    throw new MalformedSpansException(
                            "kind: "
                                    + JsonCursor.shown(texts, text)
                                    + " (expected: CLIENT, SERVER, PRODUCER or CONSUMER)");
        };
    }

    private void tags() {
        boolean more = json.begin('{', '}');
        while (more) {
            long key = json.name();
            span.tag(key, json.scalar());
            more = json.more('}');
        }
    }

    private void annotations() {
        boolean more = json.begin('[', ']');
        while (more) {
            annotation();
            more = json.more(']');
        }
    }

    private void annotation() {
        long time = 0;
        long value = Texts.NONE;
        boolean hasValue = false;
        boolean more = json.begin('{', '}');
        while (more) {
            long name = json.name();
            if (texts.is(name, TIMESTAMP)) {
                time = json.integer();
            } else if (texts.is(name, VALUE)) {
                value = json.text();
                hasValue = true;
            } else if (texts.is(name, ENDPOINT)) {
                throw isV1();
            } else {
                json.skip();
            }
            more = json.more('}');
        }
        if (time == 0 || !hasValue) {
            throw json.malformed("an annotation without timestamp or value");
        }
        span.annotation(time, value);
    }
}
