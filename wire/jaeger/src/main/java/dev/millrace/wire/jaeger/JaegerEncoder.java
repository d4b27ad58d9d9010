package dev.millrace.wire.jaeger;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.ProtoWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Writes spans as a Jaeger collector writes them to Kafka, and its query service to clients: one
/// message a span, its process inside.
///
/// The mapping is that of [JaegerDecoder] the other way round. For readers that were there before
/// us: it builds every span as an object. Safe for any number of threads.
public final class JaegerEncoder {

    private static final JsonFactory JSON = new JsonFactory();
    private static final long NANOS = 1_000_000_000L;

    // Span
    private static final int TRACE_ID = 1;
    private static final int SPAN_ID = 2;
    private static final int OPERATION_NAME = 3;
    private static final int REFERENCES = 4;
    private static final int FLAGS = 5;
    private static final int START_TIME = 6;
    private static final int DURATION = 7;
    private static final int TAGS = 8;
    private static final int LOGS = 9;
    private static final int PROCESS = 10;
    private static final int WARNINGS = 12;

    // SpanRef
    private static final int REF_TRACE_ID = 1;
    private static final int REF_SPAN_ID = 2;
    private static final int REF_TYPE = 3;

    // KeyValue
    private static final int KEY = 1;
    private static final int VALUE_TYPE = 2;
    private static final int STRING = 3;
    private static final int BOOL = 4;
    private static final int INT64 = 5;
    private static final int FLOAT64 = 6;
    private static final int BINARY = 7;

    private static final int SAMPLED = 1;

    private JaegerEncoder() {}

    /// @param traces an OTLP `TracesData`
    /// @return one `jaeger.api_v2.Span` for each of its spans
    public static List<byte[]> protobuf(Slice traces) {
        var messages = new ArrayList<byte[]>();
        for (var span : OtlpDecoder.spans(traces)) {
            messages.add(protobuf(span, List.of()).toByteArray());
        }
        return messages;
    }

    /// @param traces an OTLP `TracesData`
    /// @return the same spans in protobuf's JSON
    public static List<byte[]> json(Slice traces) {
        var messages = new ArrayList<byte[]>();
        for (var span : OtlpDecoder.spans(traces)) {
            messages.add(json(span));
        }
        return messages;
    }

    /// Where a span points to: its parent first, then its links.
    private record Reference(TraceId traceId, SpanId spanId, boolean followsFrom) {}

    private static List<Reference> references(Span span) {
        var references = new ArrayList<Reference>();
        var parent = span.parentSpanId();
        if (parent != null) {
            references.add(new Reference(span.traceId(), parent, false));
        }
        for (var link : span.links()) {
            boolean childOf =
                    link.attributes()
                            .find("opentracing.ref_type")
                            .equals(Optional.of(new AttributeValue.Text("child_of")));
            references.add(new Reference(link.traceId(), link.spanId(), !childOf));
        }
        return references;
    }

    /// @param warnings that Jaeger's UI shows with the span
    /// @return a `jaeger.api_v2.Span`
    public static Slice protobuf(Span span, List<String> warnings) {
        var out = new ProtoWriter(512);
        out.bytes(TRACE_ID, bytes(span.traceId()));
        out.bytes(SPAN_ID, bytes(span.spanId()));
        out.text(OPERATION_NAME, span.name());
        for (var reference : references(span)) {
            int from = out.open(REFERENCES);
            out.bytes(REF_TRACE_ID, bytes(reference.traceId()));
            out.bytes(REF_SPAN_ID, bytes(reference.spanId()));
            out.number(REF_TYPE, reference.followsFrom() ? 1 : 0);
            out.close(from);
        }
        out.number(FLAGS, SAMPLED);
        time(out, START_TIME, span.startNanos());
        time(out, DURATION, span.durationNanos());
        tags(out, TAGS, JaegerTags.of(span));
        for (var event : span.events()) {
            int from = out.open(LOGS);
            time(out, 1, event.timeNanos());
            tags(out, 2, JaegerTags.of(event));
            out.close(from);
        }
        int process = out.open(PROCESS);
        out.text(1, span.serviceName());
        tags(out, 2, JaegerTags.of(span.resource()));
        out.close(process);
        warnings.forEach(warning -> out.text(WARNINGS, warning));
        return out.finish();
    }

    /// A `Timestamp` or a `Duration`, which look alike.
    private static void time(ProtoWriter out, int field, long nanos) {
        int from = out.open(field);
        out.number(1, nanos / NANOS);
        out.number(2, nanos % NANOS);
        out.close(from);
    }

    private static void tags(ProtoWriter out, int field, List<Attribute> tags) {
        for (var tag : tags) {
            int from = out.open(field);
            out.text(KEY, tag.key());
            switch (tag.value()) {
                case AttributeValue.Bool(boolean bool) ->
                        out.number(VALUE_TYPE, Tag.BOOL).number(BOOL, bool ? 1 : 0);
                case AttributeValue.Int(long number) ->
                        out.number(VALUE_TYPE, Tag.INT64).number(INT64, number);
                case AttributeValue.Real(double number) ->
                        out.number(VALUE_TYPE, Tag.FLOAT64)
                                .fixed64(FLOAT64, Double.doubleToRawLongBits(number));
                case AttributeValue.Bytes(Slice bytes) ->
                        out.number(VALUE_TYPE, Tag.BINARY).bytes(BINARY, bytes);
                case AttributeValue.Text(String text) -> out.text(STRING, text);
                case AttributeValue.Array _, AttributeValue.Nested _, AttributeValue.Empty _ ->
                        throw new IllegalStateException(tag + " (expected: a simple value)");
            }
            out.close(from);
        }
    }

    private static byte[] json(Span span) {
        var bytes = new ByteArrayOutputStream(1024);
        try (var json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            json.writeBinaryField("traceId", bytes(span.traceId()).toByteArray());
            json.writeBinaryField("spanId", bytes(span.spanId()).toByteArray());
            json.writeStringField("operationName", span.name());
            json.writeArrayFieldStart("references");
            for (var reference : references(span)) {
                json.writeStartObject();
                json.writeBinaryField("traceId", bytes(reference.traceId()).toByteArray());
                json.writeBinaryField("spanId", bytes(reference.spanId()).toByteArray());
                json.writeStringField(
                        "refType", reference.followsFrom() ? "FOLLOWS_FROM" : "CHILD_OF");
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeNumberField("flags", SAMPLED);
            json.writeStringField("startTime", instant(span.startNanos()));
            json.writeStringField("duration", seconds(span.durationNanos()));
            tags(json, "tags", JaegerTags.of(span));
            json.writeArrayFieldStart("logs");
            for (var event : span.events()) {
                json.writeStartObject();
                json.writeStringField("timestamp", instant(event.timeNanos()));
                tags(json, "fields", JaegerTags.of(event));
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeObjectFieldStart("process");
            json.writeStringField("serviceName", span.serviceName());
            tags(json, "tags", JaegerTags.of(span.resource()));
            json.writeEndObject();
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void tags(JsonGenerator json, String field, List<Attribute> tags)
            throws IOException {
        json.writeArrayFieldStart(field);
        for (var tag : tags) {
            json.writeStartObject();
            json.writeStringField("key", tag.key());
            switch (tag.value()) {
                case AttributeValue.Bool(boolean bool) -> {
                    json.writeStringField("vType", "BOOL");
                    json.writeBooleanField("vBool", bool);
                }
                case AttributeValue.Int(long number) -> {
                    json.writeStringField("vType", "INT64");
                    // Text, as protobuf has it: other readers' numbers are doubles.
                    json.writeStringField("vInt64", Long.toString(number));
                }
                case AttributeValue.Real(double number) -> {
                    json.writeStringField("vType", "FLOAT64");
                    real(json, number);
                }
                case AttributeValue.Bytes(Slice bytes) -> {
                    json.writeStringField("vType", "BINARY");
                    json.writeBinaryField("vBinary", bytes.toByteArray());
                }
                case AttributeValue.Text(String text) -> json.writeStringField("vStr", text);
                case AttributeValue.Array _, AttributeValue.Nested _, AttributeValue.Empty _ ->
                        throw new IllegalStateException(tag + " (expected: a simple value)");
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    // Protobuf's words for what JSON has no numbers for.
    private static void real(JsonGenerator json, double number) throws IOException {
        if (Double.isFinite(number)) {
            json.writeNumberField("vFloat64", number);
        } else {
            json.writeStringField("vFloat64", Double.toString(number));
        }
    }

    private static String instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, NANOS), Math.floorMod(nanos, NANOS))
                .toString();
    }

    private static String seconds(long nanos) {
        return "%d.%09ds".formatted(nanos / NANOS, Math.abs(nanos % NANOS));
    }

    private static Slice bytes(TraceId id) {
        return Slice.of(ByteBuffer.allocate(16).putLong(id.high()).putLong(id.low()).array());
    }

    private static Slice bytes(SpanId id) {
        return Slice.of(ByteBuffer.allocate(8).putLong(id.value()).array());
    }
}
