package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.storage.api.FragmentId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Writes a span as the document that Jaeger would write, with what that loses beside it.
///
/// The field `millrace` holds the bytes of the span, and of the resource and scope it came with, as
/// they are in OTLP: the same for many spans, so the server can compress them away.
record SpanDocument(TagWriter tags) {

    private static final JsonFactory JSON = new JsonFactory();

    // The field is a signed integer to the server, and more bits than these mean nothing.
    private static final int FLAGS = 0x7fff_ffff;

    /// A span in OTLP's bytes.
    ///
    /// @param resource the fields of `ResourceSpans` other than the scopes
    /// @param scope the fields of `ScopeSpans` other than the spans
    /// @param span the span message
    record Exact(Slice resource, Slice scope, Slice span) {}

    byte[] of(Span span, FragmentId fragment, Exact exact) {
        var bytes = new ByteArrayOutputStream(1_024);
        try (var json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            writeHead(json, span);
            writeReferences(json, span);
            writeTimes(json, span);
            tags.write(json, "tags", "tag", tagsOf(span));
            if (!span.scope().attributes().isEmpty()) {
                tags.write(json, "scopeTags", "scopeTag", span.scope().attributes().entries());
            }
            writeLogs(json, span.events());
            writeProcess(json, span);
            json.writeObjectFieldStart(Templates.MILLRACE);
            json.writeStringField("fragment", fragment.toString());
            writeBytes(json, "resource", exact.resource());
            writeBytes(json, "scope", exact.scope());
            writeBytes(json, "span", exact.span());
            json.writeEndObject();
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("memory cannot fail to be written to", e);
        }
        return bytes.toByteArray();
    }

    private static void writeHead(JsonGenerator json, Span span) throws IOException {
        json.writeStringField("traceID", span.traceId().toString());
        json.writeStringField("spanID", span.spanId().toString());
        var parent = span.parentSpanId();
        if (parent != null) {
            json.writeStringField("parentSpanID", parent.toString());
        }
        if ((span.flags() & FLAGS) != 0) {
            json.writeNumberField("flags", span.flags() & FLAGS);
        }
        json.writeStringField("operationName", span.name());
    }

    // The parent once more: until version 2.20 Jaeger looked for it here alone.
    private static void writeReferences(JsonGenerator json, Span span) throws IOException {
        json.writeArrayFieldStart("references");
        var parent = span.parentSpanId();
        if (parent != null) {
            json.writeStartObject();
            json.writeStringField("refType", TagNames.CHILD_OF);
            json.writeStringField("traceID", span.traceId().toString());
            json.writeStringField("spanID", parent.toString());
            json.writeEndObject();
        }
        for (var link : span.links()) {
            writeLink(json, link);
        }
        json.writeEndArray();
    }

    private static void writeLink(JsonGenerator json, Link link) throws IOException {
        boolean childOf =
                link.attributes()
                        .find(TagNames.REFERENCE_TYPE)
                        .equals(Optional.of(new AttributeValue.Text("child_of")));
        json.writeStartObject();
        json.writeStringField("refType", childOf ? TagNames.CHILD_OF : TagNames.FOLLOWS_FROM);
        json.writeStringField("traceID", link.traceId().toString());
        json.writeStringField("spanID", link.spanId().toString());
        if (!link.traceState().isEmpty()) {
            json.writeStringField("traceState", link.traceState());
        }
        if ((link.flags() & FLAGS) != 0) {
            json.writeNumberField("flags", link.flags() & FLAGS);
        }
        if (!link.attributes().isEmpty()) {
            TagWriter.write(json, "tags", link.attributes());
        }
        json.writeEndObject();
    }

    private static void writeTimes(JsonGenerator json, Span span) throws IOException {
        long micros = Micros.of(span.startNanos());
        json.writeNumberField("startTime", micros);
        json.writeNumberField("startTimeMillis", micros / 1_000);
        json.writeNumberField("duration", Micros.of(span.durationNanos()));
    }

    // What Jaeger makes of OTLP's fields comes first: should a sender have used the same keys,
    // these
    // get the fields.
    private static List<Attribute> tagsOf(Span span) {
        var tags = new ArrayList<Attribute>();
        if (span.kind() != SpanKind.UNSPECIFIED) {
            addText(tags, TagNames.KIND, span.kind().name().toLowerCase(Locale.ROOT));
        }
        switch (span.status().code()) {
            case UNSET -> {}
            case OK -> addText(tags, TagNames.STATUS_CODE, Status.Code.OK.name());
            case ERROR -> tags.add(new Attribute(TagNames.ERROR, new AttributeValue.Bool(true)));
        }
        addText(tags, TagNames.STATUS_MESSAGE, span.status().message());
        addText(tags, TagNames.TRACE_STATE, span.traceState());
        addText(tags, TagNames.SCOPE_NAME, span.scope().name());
        addText(tags, TagNames.SCOPE_VERSION, span.scope().version());
        tags.addAll(span.attributes().entries());
        return tags;
    }

    private static void addText(List<Attribute> tags, String key, String text) {
        if (!text.isEmpty()) {
            tags.add(new Attribute(key, new AttributeValue.Text(text)));
        }
    }

    private static void writeLogs(JsonGenerator json, List<Event> events) throws IOException {
        json.writeArrayFieldStart("logs");
        for (var event : events) {
            json.writeStartObject();
            json.writeNumberField("timestamp", Micros.of(event.timeNanos()));
            json.writeArrayFieldStart("fields");
            if (!event.name().isEmpty() && event.attributes().find(TagNames.EVENT).isEmpty()) {
                TagWriter.writePair(json, TagNames.EVENT, new AttributeValue.Text(event.name()));
            }
            for (var attribute : event.attributes()) {
                TagWriter.writePair(json, attribute.key(), attribute.value());
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void writeProcess(JsonGenerator json, Span span) throws IOException {
        json.writeObjectFieldStart("process");
        json.writeStringField("serviceName", span.serviceName());
        var rest = new ArrayList<Attribute>();
        for (var attribute : span.resource().attributes()) {
            if (!isServiceName(attribute, span)) {
                rest.add(attribute);
            }
        }
        tags.write(json, "tags", "tag", rest);
        json.writeEndObject();
    }

    private static boolean isServiceName(Attribute attribute, Span span) {
        return attribute.key().equals(TagNames.SERVICE)
                && attribute.value() instanceof AttributeValue.Text(String name)
                && name.equals(span.serviceName());
    }

    private static void writeBytes(JsonGenerator json, String field, Slice bytes)
            throws IOException {
        json.writeFieldName(field);
        json.writeBinary(bytes.array(), bytes.offset(), bytes.length());
    }
}
