package dev.millrace.query;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the tags of a Jaeger search mean here: some name what is not an attribute in OpenTelemetry.
///
/// @param kind null for any
/// @param status null for any
record JaegerTags(
        @Nullable SpanKind kind, Status.@Nullable Code status, List<AttributeMatch> attributes) {

    private static final JsonFactory JSON = new JsonFactory();

    // Shown as tags but kept as parts of the span that searches do not look at: better refused
    // than answered with nothing.
    private static final Set<String> NOT_SEARCHABLE =
            Set.of(
                    "otel.status_description",
                    "otel.scope.name",
                    "otel.scope.version",
                    "w3c.tracestate");

    /// @param tags that must all hold on the same span
    static JaegerTags of(Map<String, String> tags) {
        SpanKind kind = null;
        Status.Code status = null;
        var attributes = new ArrayList<AttributeMatch>();
        for (var tag : tags.entrySet()) {
            var key = tag.getKey();
            var value = tag.getValue();
            if (key.equals("span.kind")) {
                kind = Parameters.kind("tag span.kind", value);
            } else if (key.equals("otel.status_code")) {
                status = sameStatus(status, Parameters.status("tag otel.status_code", value));
            } else if (key.equals("error") && value.equals("true")) {
                status = sameStatus(status, Status.Code.ERROR);
            } else if (NOT_SEARCHABLE.contains(key)) {
                throw QueryException.invalid(
                        "tag", key, "an attribute, span.kind, error or otel.status_code");
            } else {
                attributes.add(new AttributeMatch(key, value));
            }
        }
        return new JaegerTags(kind, status, attributes);
    }

    private static Status.Code sameStatus(Status.@Nullable Code before, Status.Code status) {
        if (before != null && before != status) {
            throw QueryException.invalid(
                    "tag otel.status_code",
                    before + " and " + status,
                    "no other status than error=true asks for");
        }
        return status;
    }

    // A tag given twice counts once, with its last value; `tags` goes over `tag`.
    static Map<String, String> pairs(Parameters parameters) {
        var pairs = new LinkedHashMap<String, String>();
        for (var tag : parameters.all("tag")) {
            int colon = tag.indexOf(':');
            if (colon < 1) {
                throw QueryException.invalid("tag", tag, "key:value");
            }
            pairs.put(tag.substring(0, colon), tag.substring(colon + 1));
        }
        for (var tags : parameters.all("tags")) {
            pairs.putAll(object("tags", tags));
        }
        return pairs;
    }

    /// Reads a JSON object whose values are texts.
    ///
    /// @param name of the parameter
    static Map<String, String> object(String name, String text) {
        var pairs = new LinkedHashMap<String, String>();
        try (var json = JSON.createParser(text)) {
            boolean valid = json.nextToken() == JsonToken.START_OBJECT;
            while (valid && json.nextToken() == JsonToken.FIELD_NAME) {
                var key = json.currentName();
                valid = json.nextToken() == JsonToken.VALUE_STRING;
                if (valid) {
                    pairs.put(key, json.getText());
                }
            }
            if (valid && json.currentToken() == JsonToken.END_OBJECT && json.nextToken() == null) {
                return pairs;
            }
        } catch (JacksonException _) {
            throw malformed(name, text);
        } catch (IOException e) {
            throw new IllegalStateException("a string cannot fail to be read", e);
        }
        throw malformed(name, text);
    }

    private static QueryException malformed(String name, String text) {
        return QueryException.invalid(name, text, "a JSON object whose values are strings");
    }
}
