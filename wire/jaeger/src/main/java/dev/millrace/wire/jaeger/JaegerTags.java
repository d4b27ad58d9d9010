package dev.millrace.wire.jaeger;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Event;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/// What OTLP has fields for and Jaeger has tags for, as tags: text, booleans, whole numbers, real
/// numbers and bytes. Lists and maps become JSON text.
public final class JaegerTags {

    private static final JsonFactory JSON = new JsonFactory();

    private final List<Attribute> tags = new ArrayList<>();

    private JaegerTags() {}

    /// The tags of a span.
    public static List<Attribute> of(Span span) {
        var tags = new JaegerTags();
        tags.scope(span);
        if (span.kind() != SpanKind.UNSPECIFIED) {
            tags.text("span.kind", span.kind().name().toLowerCase(Locale.ROOT));
        }
        tags.status(span.status());
        tags.text("w3c.tracestate", span.traceState());
        tags.count("otel.dropped_attributes_count", span.droppedAttributes());
        tags.count("otel.dropped_events_count", span.droppedEvents());
        tags.count("otel.dropped_links_count", span.droppedLinks());
        tags.all(span.attributes());
        return tags.tags;
    }

    /// The tags of the process that a span ran in; its service has a field of its own.
    static List<Attribute> of(Resource resource) {
        var tags = new JaegerTags();
        for (var attribute : resource.attributes()) {
            switch (attribute.key()) {
                case "service.name" -> {}
                case "host.name" -> tags.add("hostname", attribute.value());
                default -> tags.add(attribute.key(), attribute.value());
            }
        }
        return tags.tags;
    }

    /// The fields of a log.
    public static List<Attribute> of(Event event) {
        var tags = new JaegerTags();
        tags.text("event", event.name());
        tags.count("otel.dropped_attributes_count", event.droppedAttributes());
        tags.all(event.attributes());
        return tags.tags;
    }

    /// Attributes under their own names.
    public static List<Attribute> of(Attributes attributes) {
        var tags = new JaegerTags();
        tags.all(attributes);
        return tags.tags;
    }

    private void scope(Span span) {
        text("otel.scope.name", span.scope().name());
        text("otel.scope.version", span.scope().version());
    }

    private void status(Status status) {
        switch (status.code()) {
            case UNSET -> {}
            case OK -> text("otel.status_code", "OK");
            case ERROR -> {
                text("otel.status_code", "ERROR");
                tags.add(new Attribute("error", new AttributeValue.Bool(true)));
            }
        }
        text("otel.status_description", status.message());
    }

    private void text(String key, String value) {
        if (!value.isEmpty()) {
            tags.add(new Attribute(key, new AttributeValue.Text(value)));
        }
    }

    private void count(String key, int value) {
        if (value > 0) {
            tags.add(new Attribute(key, new AttributeValue.Int(value)));
        }
    }

    private void all(Attributes attributes) {
        attributes.forEach(attribute -> add(attribute.key(), attribute.value()));
    }

    private void add(String key, AttributeValue value) {
        tags.add(new Attribute(key, simple(value)));
    }

    private static AttributeValue simple(AttributeValue value) {
        return switch (value) {
            case AttributeValue.Text _,
                    AttributeValue.Bool _,
                    AttributeValue.Int _,
                    AttributeValue.Real _,
                    AttributeValue.Bytes _ ->
                    value;
            case AttributeValue.Empty _ -> new AttributeValue.Text("");
            case AttributeValue.Array _, AttributeValue.Nested _ ->
                    new AttributeValue.Text(json(value));
        };
    }

    private static String json(AttributeValue value) {
        var text = new StringWriter();
        try (var json = JSON.createGenerator(text)) {
            write(json, value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private static void write(JsonGenerator json, AttributeValue value) throws IOException {
        switch (value) {
            case AttributeValue.Text(String text) -> json.writeString(text);
            case AttributeValue.Bool(boolean bool) -> json.writeBoolean(bool);
            case AttributeValue.Int(long number) -> json.writeNumber(number);
            case AttributeValue.Real(double number) -> {
                if (Double.isFinite(number)) {
                    json.writeNumber(number);
                } else {
                    json.writeString(Double.toString(number));
                }
            }
            case AttributeValue.Bytes(var bytes) ->
                    json.writeString(Base64.getEncoder().encodeToString(bytes.toByteArray()));
            case AttributeValue.Empty _ -> json.writeNull();
            case AttributeValue.Array(var values) -> {
                json.writeStartArray();
                for (var element : values) {
                    write(json, element);
                }
                json.writeEndArray();
            }
            case AttributeValue.Nested(var attributes) -> {
                json.writeStartObject();
                for (var attribute : attributes) {
                    json.writeFieldName(attribute.key());
                    write(json, attribute.value());
                }
                json.writeEndObject();
            }
        }
    }
}
