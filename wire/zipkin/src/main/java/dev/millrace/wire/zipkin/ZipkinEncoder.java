package dev.millrace.wire.zipkin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.ProtoWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Turns OTLP into lists of Zipkin v2 spans, by OpenTelemetry's mapping.
///
/// What Zipkin has no place for is lost: see `docs/reference/zipkin.md`.
public final class ZipkinEncoder {

    private static final JsonFactory JSON = new JsonFactory();

    private ZipkinEncoder() {}

    /// A JSON list of the spans in one `TracesData`.
    ///
    /// @throws MalformedSpansException when the bytes are not OTLP
    public static Slice json(Slice traces) {
        var bytes = new ByteArrayOutputStream(2 * traces.length() + 2);
        try (var json = JSON.createGenerator(bytes)) {
            json.writeStartArray();
            for (var span : OtlpDecoder.spans(traces)) {
                write(json, span, ZipkinTags.of(span));
            }
            json.writeEndArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Slice.of(bytes.toByteArray());
    }

    /// A protobuf `ListOfSpans` of the spans in one `TracesData`.
    ///
    /// @throws MalformedSpansException when the bytes are not OTLP
    public static Slice protobuf(Slice traces) {
        var out = new ProtoWriter(traces.length() + 64);
        for (var span : OtlpDecoder.spans(traces)) {
            int opened = out.open(1);
            write(out, span, ZipkinTags.of(span));
            out.close(opened);
        }
        return out.finish();
    }

    /// Lists of a limited size.
    ///
    /// @param lists none of them empty
    /// @param leftOut spans that are larger than that alone
    public record Lists(List<Slice> lists, int leftOut) {

        public Lists {
            lists = List.copyOf(lists);
        }
    }

    /// As many protobuf `ListOfSpans` as hold the spans in one `TracesData`, in their order.
    ///
    /// In Zipkin's form every span repeats its resource, so that it can take many times the bytes.
    ///
    /// @param maxBytes of each list
    /// @throws MalformedSpansException when the bytes are not OTLP
    public static Lists protobuf(Slice traces, int maxBytes) {
        var lists = new ArrayList<Slice>();
        var out = new ProtoWriter(traces.length() + 64);
        int leftOut = 0;
        for (var span : OtlpDecoder.spans(traces)) {
            var one = new ProtoWriter(512);
            int opened = one.open(1);
            write(one, span, ZipkinTags.of(span));
            one.close(opened);
            var bytes = one.finish();
            if (bytes.length() > maxBytes) {
                leftOut++;
                continue;
            }
            if (out.size() + bytes.length() > maxBytes) {
                lists.add(out.finish());
                out = new ProtoWriter(traces.length() + 64);
            }
            out.raw(bytes.array(), bytes.offset(), bytes.length());
        }
        if (out.size() > 0) {
            lists.add(out.finish());
        }
        return new Lists(lists, leftOut);
    }

    /// Writes a span as Zipkin's server does.
    public static void write(JsonGenerator json, ZipkinSpan span) throws IOException {
        json.writeStartObject();
        json.writeStringField("traceId", ZipkinSpan.text(span.traceId()));
        var parent = span.parentId();
        if (parent != null) {
            json.writeStringField("parentId", parent.toString());
        }
        json.writeStringField("id", span.id().toString());
        var kind = span.kind();
        if (kind != null) {
            json.writeStringField("kind", kind.name());
        }
        if (!span.name().isEmpty()) {
            json.writeStringField("name", span.name());
        }
        times(json, span.timestamp(), span.duration());
        endpoint(json, "localEndpoint", span.local());
        endpoint(json, "remoteEndpoint", span.remote());
        if (!span.annotations().isEmpty()) {
            json.writeArrayFieldStart("annotations");
            for (var annotation : span.annotations()) {
                annotation(json, annotation.timestamp(), annotation.value());
            }
            json.writeEndArray();
        }
        tags(json, span.tags());
        flags(json, span.debug(), span.shared());
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, Span span, ZipkinTags tags) throws IOException {
        json.writeStartObject();
        json.writeStringField("traceId", span.traceId().toString());
        var parent = span.parentSpanId();
        if (parent != null) {
            json.writeStringField("parentId", parent.toString());
        }
        json.writeStringField("id", span.spanId().toString());
        if (!tags.kind().isEmpty()) {
            json.writeStringField("kind", tags.kind());
        }
        if (!span.name().isEmpty()) {
            json.writeStringField("name", span.name());
        }
        times(json, tags.timestamp(), tags.duration());
        endpoint(json, "localEndpoint", tags.local());
        endpoint(json, "remoteEndpoint", tags.remote());
        if (!span.events().isEmpty()) {
            json.writeArrayFieldStart("annotations");
            for (var event : span.events()) {
                annotation(
                        json, ZipkinTags.micros(event.timeNanos()), ZipkinTags.annotation(event));
            }
            json.writeEndArray();
        }
        tags(json, tags.tags());
        flags(json, tags.debug(), tags.shared());
        json.writeEndObject();
    }

    private static void times(JsonGenerator json, long timestamp, long duration)
            throws IOException {
        if (timestamp > 0) {
            json.writeNumberField("timestamp", timestamp);
        }
        if (duration > 0) {
            json.writeNumberField("duration", duration);
        }
    }

    private static void annotation(JsonGenerator json, long timestamp, String value)
            throws IOException {
        json.writeStartObject();
        json.writeNumberField("timestamp", timestamp);
        json.writeStringField("value", value);
        json.writeEndObject();
    }

    private static void tags(JsonGenerator json, Map<String, String> tags) throws IOException {
        if (tags.isEmpty()) {
            return;
        }
        json.writeObjectFieldStart("tags");
        for (Map.Entry<String, String> tag : tags.entrySet()) {
            json.writeStringField(tag.getKey(), tag.getValue());
        }
        json.writeEndObject();
    }

    private static void flags(JsonGenerator json, boolean debug, boolean shared)
            throws IOException {
        if (debug) {
            json.writeBooleanField("debug", true);
        }
        if (shared) {
            json.writeBooleanField("shared", true);
        }
    }

    private static void endpoint(JsonGenerator json, String field, ZipkinSpan.Endpoint endpoint)
            throws IOException {
        if (endpoint.isEmpty()) {
            return;
        }
        json.writeObjectFieldStart(field);
        if (!endpoint.service().isEmpty()) {
            json.writeStringField("serviceName", endpoint.service());
        }
        if (!endpoint.ip().isEmpty()) {
            json.writeStringField(endpoint.isIpv6() ? "ipv6" : "ipv4", endpoint.ip());
        }
        if (endpoint.port() > 0) {
            json.writeNumberField("port", endpoint.port());
        }
        json.writeEndObject();
    }

    private static void write(ProtoWriter out, Span span, ZipkinTags tags) {
        out.header(1, 16).rawLong(span.traceId().high()).rawLong(span.traceId().low());
        var parent = span.parentSpanId();
        if (parent != null) {
            out.header(2, 8).rawLong(parent.value());
        }
        out.header(3, 8).rawLong(span.spanId().value());
        out.number(
                4,
                switch (tags.kind()) {
                    case "CLIENT" -> 1;
                    case "SERVER" -> 2;
                    case "PRODUCER" -> 3;
                    case "CONSUMER" -> 4;
                    default -> 0;
                });
        out.text(5, span.name());
        if (tags.timestamp() > 0) {
            out.fixed64(6, tags.timestamp());
        }
        out.number(7, tags.duration());
        endpoint(out, 8, tags.local());
        endpoint(out, 9, tags.remote());
        for (var event : span.events()) {
            int opened = out.open(10);
            out.fixed64(1, ZipkinTags.micros(event.timeNanos()));
            out.text(2, ZipkinTags.annotation(event));
            out.close(opened);
        }
        for (Map.Entry<String, String> tag : tags.tags().entrySet()) {
            int opened = out.open(11);
            out.text(1, tag.getKey()).text(2, tag.getValue());
            out.close(opened);
        }
        out.number(12, tags.debug() ? 1 : 0).number(13, tags.shared() ? 1 : 0);
    }

    private static void endpoint(ProtoWriter out, int field, ZipkinSpan.Endpoint endpoint) {
        if (endpoint.isEmpty()) {
            return;
        }
        int opened = out.open(field);
        out.text(1, endpoint.service());
        if (!endpoint.ip().isEmpty()) {
            out.bytes(
                    endpoint.isIpv6() ? 3 : 2,
                    Slice.of(InetAddress.ofLiteral(endpoint.ip()).getAddress()));
        }
        out.number(4, endpoint.port());
        out.close(opened);
    }
}
