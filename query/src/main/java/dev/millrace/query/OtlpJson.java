package dev.millrace.query;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.TraceId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes spans as OTLP JSON: 64-bit integers as text, and whatever has its default value left out.
final class OtlpJson {

    /// How ids and enumerations are written.
    enum Spelling {
        /// As OTLP has them: hexadecimal digits and numbers.
        OTLP {
            @Override
            String of(TraceId id) {
                return id.toString();
            }

            @Override
            String of(SpanId id) {
                return id.toString();
            }

            @Override
            void write(JsonGenerator json, SpanKind kind) throws IOException {
                json.writeNumber(kind.number());
            }

            @Override
            void write(JsonGenerator json, Status.Code code) throws IOException {
                json.writeNumber(code.number());
            }
        },
        /// As protobuf has them in JSON: base64 and names.
        PROTOBUF {
            @Override
            String of(TraceId id) {
                var bytes = new byte[16];
                ByteBuffer.wrap(bytes).putLong(id.high()).putLong(id.low());
                return Base64.getEncoder().encodeToString(bytes);
            }

            @Override
            String of(SpanId id) {
                var bytes = new byte[8];
                ByteBuffer.wrap(bytes).putLong(id.value());
                return Base64.getEncoder().encodeToString(bytes);
            }

            @Override
            void write(JsonGenerator json, SpanKind kind) throws IOException {
                json.writeString("SPAN_KIND_" + kind.name());
            }

            @Override
            void write(JsonGenerator json, Status.Code code) throws IOException {
                json.writeString("STATUS_CODE_" + code.name());
            }
        };

        abstract String of(TraceId id);

        abstract String of(SpanId id);

        abstract void write(JsonGenerator json, SpanKind kind) throws IOException;

        abstract void write(JsonGenerator json, Status.Code code) throws IOException;
    }

    private OtlpJson() {}

    /// `TracesData` with one group for each resource and scope, in the order they first appear; of
    /// a large trace with such groups for each piece.
    static void writeTraces(JsonGenerator json, StoredTrace trace) throws IOException {
        writeTraces(json, "resourceSpans", Spelling.OTLP, trace);
    }

    /// @param name of the field with the groups
    static void writeTraces(JsonGenerator json, String name, Spelling spelling, StoredTrace trace)
            throws IOException {
        json.writeStartObject();
        json.writeArrayFieldStart(name);
        for (var parts = trace.parts(); parts.hasNext(); ) {
            writeGroups(json, spelling, parts.next().spans());
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    /// `TracesData` with one group for each resource and scope, in the order they first appear.
    static void writeTraces(JsonGenerator json, List<Span> spans) throws IOException {
        writeTraces(json, "resourceSpans", Spelling.OTLP, spans);
    }

    /// @param name of the field with the groups
    static void writeTraces(JsonGenerator json, String name, Spelling spelling, List<Span> spans)
            throws IOException {
        json.writeStartObject();
        json.writeArrayFieldStart(name);
        writeGroups(json, spelling, spans);
        json.writeEndArray();
        json.writeEndObject();
    }

    static void writeGroups(JsonGenerator json, Spelling spelling, List<Span> spans)
            throws IOException {
        for (var group : grouped(spans).entrySet()) {
            writeResourceSpans(json, spelling, group.getKey(), group.getValue());
        }
    }

    private static Map<Resource, Map<Scope, List<Span>>> grouped(List<Span> spans) {
        var groups = new LinkedHashMap<Resource, Map<Scope, List<Span>>>();
        for (var span : spans) {
            groups.computeIfAbsent(span.resource(), _ -> new LinkedHashMap<>())
                    .computeIfAbsent(span.scope(), _ -> new ArrayList<>())
                    .add(span);
        }
        return groups;
    }

    private static void writeResourceSpans(
            JsonGenerator json, Spelling spelling, Resource resource, Map<Scope, List<Span>> scopes)
            throws IOException {
        json.writeStartObject();
        json.writeObjectFieldStart("resource");
        writeAttributes(json, resource.attributes(), resource.droppedAttributes());
        json.writeEndObject();
        json.writeArrayFieldStart("scopeSpans");
        for (var group : scopes.entrySet()) {
            var scope = group.getKey();
            json.writeStartObject();
            json.writeObjectFieldStart("scope");
            writeText(json, "name", scope.name());
            writeText(json, "version", scope.version());
            writeAttributes(json, scope.attributes(), scope.droppedAttributes());
            json.writeEndObject();
            json.writeArrayFieldStart("spans");
            for (var span : group.getValue()) {
                writeSpan(json, spelling, span);
            }
            json.writeEndArray();
            writeText(json, "schemaUrl", scope.schemaUrl());
            json.writeEndObject();
        }
        json.writeEndArray();
        writeText(json, "schemaUrl", resource.schemaUrl());
        json.writeEndObject();
    }

    private static void writeSpan(JsonGenerator json, Spelling spelling, Span span)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("traceId", spelling.of(span.traceId()));
        json.writeStringField("spanId", spelling.of(span.spanId()));
        writeText(json, "traceState", span.traceState());
        var parent = span.parentSpanId();
        if (parent != null) {
            json.writeStringField("parentSpanId", spelling.of(parent));
        }
        writeCount(json, "flags", span.flags());
        writeText(json, "name", span.name());
        if (span.kind() != SpanKind.UNSPECIFIED) {
            json.writeFieldName("kind");
            spelling.write(json, span.kind());
        }
        writeNanos(json, "startTimeUnixNano", span.startNanos());
        writeNanos(json, "endTimeUnixNano", span.endNanos());
        writeAttributes(json, span.attributes(), span.droppedAttributes());
        writeEvents(json, span.events());
        writeCount(json, "droppedEventsCount", span.droppedEvents());
        writeLinks(json, spelling, span.links());
        writeCount(json, "droppedLinksCount", span.droppedLinks());
        if (!span.status().equals(Status.UNSET)) {
            json.writeObjectFieldStart("status");
            writeText(json, "message", span.status().message());
            if (span.status().code() != Status.Code.UNSET) {
                json.writeFieldName("code");
                spelling.write(json, span.status().code());
            }
            json.writeEndObject();
        }
        json.writeEndObject();
    }

    private static void writeEvents(JsonGenerator json, List<Event> events) throws IOException {
        if (events.isEmpty()) {
            return;
        }
        json.writeArrayFieldStart("events");
        for (var event : events) {
            json.writeStartObject();
            writeNanos(json, "timeUnixNano", event.timeNanos());
            writeText(json, "name", event.name());
            writeAttributes(json, event.attributes(), event.droppedAttributes());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void writeLinks(JsonGenerator json, Spelling spelling, List<Link> links)
            throws IOException {
        if (links.isEmpty()) {
            return;
        }
        json.writeArrayFieldStart("links");
        for (var link : links) {
            json.writeStartObject();
            json.writeStringField("traceId", spelling.of(link.traceId()));
            json.writeStringField("spanId", spelling.of(link.spanId()));
            writeText(json, "traceState", link.traceState());
            writeAttributes(json, link.attributes(), link.droppedAttributes());
            writeCount(json, "flags", link.flags());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void writeAttributes(JsonGenerator json, Attributes attributes, int dropped)
            throws IOException {
        if (!attributes.isEmpty()) {
            json.writeArrayFieldStart("attributes");
            writeEntries(json, attributes);
            json.writeEndArray();
        }
        writeCount(json, "droppedAttributesCount", dropped);
    }

    private static void writeEntries(JsonGenerator json, Attributes attributes) throws IOException {
        for (Attribute attribute : attributes) {
            json.writeStartObject();
            json.writeStringField("key", attribute.key());
            json.writeFieldName("value");
            writeValue(json, attribute.value());
            json.writeEndObject();
        }
    }

    /// `AnyValue`.
    static void writeValue(JsonGenerator json, AttributeValue value) throws IOException {
        json.writeStartObject();
        switch (value) {
            case AttributeValue.Text(String text) -> json.writeStringField("stringValue", text);
            case AttributeValue.Bool(boolean bool) -> json.writeBooleanField("boolValue", bool);
            case AttributeValue.Int(long number) ->
                    json.writeStringField("intValue", Long.toString(number));
            case AttributeValue.Real(double number) -> json.writeNumberField("doubleValue", number);
            case AttributeValue.Bytes(Slice bytes) -> {
                json.writeFieldName("bytesValue");
                json.writeBinary(bytes.array(), bytes.offset(), bytes.length());
            }
            case AttributeValue.Array(List<AttributeValue> values) -> {
                json.writeObjectFieldStart("arrayValue");
                json.writeArrayFieldStart("values");
                for (var element : values) {
                    writeValue(json, element);
                }
                json.writeEndArray();
                json.writeEndObject();
            }
            case AttributeValue.Nested(Attributes nested) -> {
                json.writeObjectFieldStart("kvlistValue");
                json.writeArrayFieldStart("values");
                writeEntries(json, nested);
                json.writeEndArray();
                json.writeEndObject();
            }
            case AttributeValue.Empty() -> {}
        }
        json.writeEndObject();
    }

    private static void writeText(JsonGenerator json, String name, String text) throws IOException {
        if (!text.isEmpty()) {
            json.writeStringField(name, text);
        }
    }

    // Unsigned 32-bit in OTLP, so without its sign.
    private static void writeCount(JsonGenerator json, String name, int count) throws IOException {
        if (count != 0) {
            json.writeNumberField(name, Integer.toUnsignedLong(count));
        }
    }

    private static void writeNanos(JsonGenerator json, String name, long nanos) throws IOException {
        json.writeStringField(name, Long.toUnsignedString(nanos));
    }
}
