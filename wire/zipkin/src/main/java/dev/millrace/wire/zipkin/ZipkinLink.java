package dev.millrace.wire.zipkin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/// How often one service called another, as Zipkin's `DependencyLink` has it.
///
/// @param calls of which `errors` failed
public record ZipkinLink(String parent, String child, long calls, long errors) {

    private static final JsonFactory JSON = new JsonFactory();

    public ZipkinLink {
        if (parent.isEmpty() || child.isEmpty()) {
            throw new MalformedSpansException(
                    "link: from \"" + parent + "\" to \"" + child + "\" (expected: two services)");
        }
        if (calls < 0 || errors < 0) {
            throw new MalformedSpansException(
                    "link: %d calls, %d errors (expected: at least 0)".formatted(calls, errors));
        }
    }

    /// The link in JSON, byte for byte as Zipkin writes it.
    public Slice json() {
        var bytes = new ByteArrayOutputStream(64 + parent.length() + child.length());
        try (var json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            json.writeStringField("parent", parent);
            json.writeStringField("child", child);
            json.writeNumberField("callCount", calls);
            if (errors > 0) {
                json.writeNumberField("errorCount", errors);
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Slice.of(bytes.toByteArray());
    }

    /// Reads one; fields that Zipkin does not know are passed over.
    ///
    /// @throws MalformedSpansException when it is anything but a link
    public static ZipkinLink parse(Slice text) {
        String parent = "";
        String child = "";
        long calls = 0;
        long errors = 0;
        try (var json = JSON.createParser(text.array(), text.offset(), text.length())) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new MalformedSpansException("link: no JSON object (expected: one)");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String field = json.currentName();
                json.nextToken();
                switch (field) {
                    case "parent" -> parent = text(json, field);
                    case "child" -> child = text(json, field);
                    case "callCount" -> calls = number(json, field);
                    case "errorCount" -> errors = number(json, field);
                    default -> json.skipChildren();
                }
            }
            if (json.nextToken() != null) {
                throw new MalformedSpansException(
                        "link: more behind it (expected: one JSON object)");
            }
        } catch (IOException e) {
            throw new MalformedSpansException("link: not JSON: " + e.getMessage());
        }
        return new ZipkinLink(parent, child, calls, errors);
    }

    private static String text(JsonParser json, String field) throws IOException {
        if (json.currentToken() != JsonToken.VALUE_STRING) {
            throw wrong(json, field, "text");
        }
        return json.getText();
    }

    private static long number(JsonParser json, String field) throws IOException {
        if (json.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            throw wrong(json, field, "a whole number");
        }
        return json.getLongValue();
    }

    private static MalformedSpansException wrong(JsonParser json, String field, String expected)
            throws IOException {
        return new MalformedSpansException(
                "link: %s: %s (expected: %s)".formatted(field, json.getText(), expected));
    }
}
