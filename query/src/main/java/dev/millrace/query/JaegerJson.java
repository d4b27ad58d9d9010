package dev.millrace.query;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.analysis.AdjustedTrace;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Event;
import dev.millrace.model.Resource;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.TraceId;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Writes the JSON that Jaeger's UI reads, with OpenTelemetry's mapping of spans onto Jaeger's.
final class JaegerJson {

    private static final JsonFactory JSON = new JsonFactory();

    // The largest integer that every JSON reader keeps exact.
    private static final long MAX_EXACT = (1L << 53) - 1;

    // The link attribute by which bridges from OpenTracing say that a link is a parent.
    private static final String REFERENCE_TYPE = "opentracing.ref_type";

    private JaegerJson() {}

    /// One entry of the envelope's `errors`.
    ///
    /// @param code 0 for none
    /// @param traceId empty for none
    record Problem(int code, String message, String traceId) {}

    /// Writes the envelope that every answer comes in.
    ///
    /// @param total how many names the data holds; 0 for traces, as Jaeger has it
    static void writeEnvelope(
            JsonGenerator json, int total, List<Problem> problems, Answer.JsonBody data)
            throws IOException {
        json.writeStartObject();
        json.writeFieldName("data");
        data.writeTo(json);
        json.writeNumberField("total", total);
        json.writeNumberField("limit", 0);
        json.writeNumberField("offset", 0);
        json.writeFieldName("errors");
        writeProblems(json, problems);
        json.writeEndObject();
    }

    static void writeError(JsonGenerator json, int code, String message) throws IOException {
        writeEnvelope(json, 0, List.of(new Problem(code, message, "")), JsonGenerator::writeNull);
    }

    static void writeTraces(JsonGenerator json, List<ShownTrace> traces) throws IOException {
        json.writeStartArray();
        for (var trace : traces) {
            writeTrace(json, trace);
        }
        json.writeEndArray();
    }

    /// Jaeger writes ids of 64 bits with 16 digits, others with 32.
    static String text(TraceId id) {
        return id.high() == 0 ? id.toString().substring(16) : id.toString();
    }

    /// Jaeger's word for a kind; empty when there is none.
    static String text(SpanKind kind) {
        return kind == SpanKind.UNSPECIFIED ? "" : kind.name().toLowerCase(Locale.ROOT);
    }

    private static void writeProblems(JsonGenerator json, List<Problem> problems)
            throws IOException {
        if (problems.isEmpty()) {
            json.writeNull();
            return;
        }
        json.writeStartArray();
        for (var problem : problems) {
            json.writeStartObject();
            if (problem.code() != 0) {
                json.writeNumberField("code", problem.code());
            }
            json.writeStringField("msg", problem.message());
            if (!problem.traceId().isEmpty()) {
                json.writeStringField("traceID", problem.traceId());
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void writeTrace(JsonGenerator json, ShownTrace trace) throws IOException {
        // A process is a service with its tags: resources that differ in nothing else are one.
        var processes = new LinkedHashMap<Attributes, String>();
        json.writeStartObject();
        json.writeStringField("traceID", text(trace.traceId()));
        json.writeArrayFieldStart("spans");
        for (var parts = trace.parts().get(); parts.hasNext(); ) {
            writeSpans(json, parts.next(), processes);
        }
        json.writeEndArray();
        json.writeObjectFieldStart("processes");
        for (var process : processes.entrySet()) {
            json.writeObjectFieldStart(process.getValue());
            writeProcess(json, process.getKey());
            json.writeEndObject();
        }
        json.writeEndObject();
        writeWarnings(json, trace.warnings());
        json.writeEndObject();
    }

    private static void writeSpans(
            JsonGenerator json, AdjustedTrace part, Map<Attributes, String> processes)
            throws IOException {
        var spans = part.trace().spans();
        for (int i = 0; i < spans.size(); i++) {
            var process =
                    processes.computeIfAbsent(
                            spans.get(i).resource().attributes(),
                            _ -> "p" + (processes.size() + 1));
            writeSpan(json, spans.get(i), process, JaegerWarnings.of(part, i));
        }
    }

    private static void writeProcess(JsonGenerator json, Attributes attributes) throws IOException {
        var resource = new Resource(attributes, 0, "");
        json.writeStringField("serviceName", resource.serviceName());
        json.writeArrayFieldStart("tags");
        for (Attribute attribute : attributes) {
            if (!attribute.key().equals("service.name")) {
                writeTag(json, attribute.key(), attribute.value());
            }
        }
        json.writeEndArray();
    }

    private static void writeSpan(
            JsonGenerator json, Span span, String process, List<String> warnings)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("traceID", text(span.traceId()));
        json.writeStringField("spanID", span.spanId().toString());
        // Of OTLP's flags only the 8 bits of W3C are Jaeger's.
        if ((span.flags() & 0xff) != 0) {
            json.writeNumberField("flags", span.flags() & 0xff);
        }
        json.writeStringField("operationName", span.name());
        writeReferences(json, span);
        json.writeNumberField("startTime", span.startNanos() / 1000);
        json.writeNumberField("duration", Math.max(0, span.durationNanos()) / 1000);
        writeTags(json, span);
        writeLogs(json, span.events());
        json.writeStringField("processID", process);
        writeWarnings(json, warnings);
        json.writeEndObject();
    }

    private static void writeReferences(JsonGenerator json, Span span) throws IOException {
        json.writeArrayFieldStart("references");
        var parent = span.parentSpanId();
        if (parent != null) {
            writeReference(json, "CHILD_OF", span.traceId(), parent);
        }
        for (var link : span.links()) {
            boolean child =
                    link.attributes()
                            .find(REFERENCE_TYPE)
                            .filter(new AttributeValue.Text("child_of")::equals)
                            .isPresent();
            writeReference(
                    json, child ? "CHILD_OF" : "FOLLOWS_FROM", link.traceId(), link.spanId());
        }
        json.writeEndArray();
    }

    private static void writeReference(
            JsonGenerator json, String type, TraceId traceId, SpanId spanId) throws IOException {
        json.writeStartObject();
        json.writeStringField("refType", type);
        json.writeStringField("traceID", text(traceId));
        json.writeStringField("spanID", spanId.toString());
        json.writeEndObject();
    }

    private static void writeTags(JsonGenerator json, Span span) throws IOException {
        json.writeArrayFieldStart("tags");
        writeTextTag(json, "otel.scope.name", span.scope().name());
        writeTextTag(json, "otel.scope.version", span.scope().version());
        for (Attribute attribute : span.attributes()) {
            if (!attribute.key().equals(JaegerWarnings.ATTRIBUTE)) {
                writeTag(json, attribute.key(), attribute.value());
            }
        }
        writeTextTag(json, "span.kind", text(span.kind()));
        if (span.status().code() != Status.Code.UNSET) {
            writeTextTag(json, "otel.status_code", span.status().code().name());
        }
        if (span.isError()) {
            writeTag(json, "error", new AttributeValue.Bool(true));
        }
        writeTextTag(json, "otel.status_description", span.status().message());
        writeTextTag(json, "w3c.tracestate", span.traceState());
        json.writeEndArray();
    }

    private static void writeLogs(JsonGenerator json, List<Event> events) throws IOException {
        json.writeArrayFieldStart("logs");
        for (var event : events) {
            json.writeStartObject();
            json.writeNumberField("timestamp", event.timeNanos() / 1000);
            json.writeArrayFieldStart("fields");
            if (event.attributes().find("event").isEmpty()) {
                writeTextTag(json, "event", event.name());
            }
            for (Attribute attribute : event.attributes()) {
                writeTag(json, attribute.key(), attribute.value());
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void writeWarnings(JsonGenerator json, List<String> warnings)
            throws IOException {
        if (warnings.isEmpty()) {
            json.writeNullField("warnings");
            return;
        }
        json.writeArrayFieldStart("warnings");
        for (var warning : warnings) {
            json.writeString(warning);
        }
        json.writeEndArray();
    }

    private static void writeTextTag(JsonGenerator json, String key, String text)
            throws IOException {
        if (!text.isEmpty()) {
            writeTag(json, key, new AttributeValue.Text(text));
        }
    }

    private static void writeTag(JsonGenerator json, String key, AttributeValue value)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("key", key);
        json.writeStringField("type", type(value));
        json.writeFieldName("value");
        switch (value) {
            case AttributeValue.Text(String text) -> json.writeString(text);
            case AttributeValue.Bool(boolean bool) -> json.writeBoolean(bool);
            case AttributeValue.Int(long number) -> writeInteger(json, number);
            case AttributeValue.Real(double number) -> json.writeNumber(number);
            case AttributeValue.Bytes(Slice bytes) ->
                    json.writeBinary(bytes.array(), bytes.offset(), bytes.length());
            case AttributeValue.Array _, AttributeValue.Nested _ -> json.writeString(asText(value));
            case AttributeValue.Empty() -> json.writeString("");
        }
        json.writeEndObject();
    }

    private static String type(AttributeValue value) {
        return switch (value) {
            case AttributeValue.Bool _ -> "bool";
            case AttributeValue.Int _ -> "int64";
            case AttributeValue.Real _ -> "float64";
            case AttributeValue.Bytes _ -> "binary";
            case AttributeValue.Text _,
                    AttributeValue.Array _,
                    AttributeValue.Nested _,
                    AttributeValue.Empty _ ->
                    "string";
        };
    }

    private static void writeInteger(JsonGenerator json, long number) throws IOException {
        if (number >= -MAX_EXACT && number <= MAX_EXACT) {
            json.writeNumber(number);
        } else {
            json.writeString(Long.toString(number));
        }
    }

    // Jaeger has no compound tags: they become the text of their JSON.
    private static String asText(AttributeValue value) {
        var text = new StringWriter();
        try (var json = JSON.createGenerator(text)) {
            writePlain(json, value);
        } catch (IOException e) {
            throw new UncheckedIOException("a string cannot fail to be written to", e);
        }
        return text.toString();
    }

    private static void writePlain(JsonGenerator json, AttributeValue value) throws IOException {
        switch (value) {
            case AttributeValue.Text(String text) -> json.writeString(text);
            case AttributeValue.Bool(boolean bool) -> json.writeBoolean(bool);
            case AttributeValue.Int(long number) -> json.writeNumber(number);
            case AttributeValue.Real(double number) -> json.writeNumber(number);
            case AttributeValue.Bytes(Slice bytes) ->
                    json.writeBinary(bytes.array(), bytes.offset(), bytes.length());
            case AttributeValue.Array(List<AttributeValue> values) -> {
                json.writeStartArray();
                for (var element : values) {
                    writePlain(json, element);
                }
                json.writeEndArray();
            }
            case AttributeValue.Nested(Attributes nested) -> {
                json.writeStartObject();
                for (var entry : firstOfEachKey(nested).entrySet()) {
                    json.writeFieldName(entry.getKey());
                    writePlain(json, entry.getValue());
                }
                json.writeEndObject();
            }
            case AttributeValue.Empty() -> json.writeNull();
        }
    }

    private static Map<String, AttributeValue> firstOfEachKey(Attributes attributes) {
        var values = new LinkedHashMap<String, AttributeValue>();
        for (Attribute attribute : attributes) {
            values.putIfAbsent(attribute.key(), attribute.value());
        }
        return values;
    }
}
