package dev.millrace.load.traffic;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.ProtoWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Spans as a Jaeger client sends them: a `PostSpansRequest` of `jaeger.api_v2`.
///
/// Written by field number, and apart from the codecs of the server. Every span carries its
/// process, as spans of several do in one request. Trace state, links' attributes and schemas are
/// left out.
///
/// | Message | Fields |
/// |---|---|
/// | `PostSpansRequest` | 1 batch |
/// | `Batch` | 1 spans |
/// | `Span` | 1 trace_id, 2 span_id, 3 operation_name, 4 references, 5 flags, 6 start_time, 7 duration, 8 tags, 9 logs, 10 process |
/// | `SpanRef` | 1 trace_id, 2 span_id, 3 ref_type |
/// | `Log` | 1 timestamp, 2 fields |
/// | `Process` | 1 service_name, 2 tags |
/// | `KeyValue` | 1 key, 2 v_type, 3 v_str, 4 v_bool, 5 v_int64, 6 v_float64, 7 v_binary |
final class JaegerBatch {

    private static final int CHILD_OF = 0;
    private static final int FOLLOWS_FROM = 1;
    private static final int SAMPLED = 1;
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final String SERVICE = "service.name";

    private final ProtoWriter out;

    private JaegerBatch(int expectedSize) {
        out = new ProtoWriter(expectedSize);
    }

    /// @param otlp `TracesData`
    static Slice of(Slice otlp) {
        var request = new JaegerBatch(2 * otlp.length());
        int batch = request.out.open(1);
        OtlpDecoder.spans(otlp).forEach(request::span);
        request.out.close(batch);
        return request.out.finish();
    }

    private void span(Span span) {
        int opened = out.open(1);
        out.bytes(1, traceId(span.traceId().high(), span.traceId().low()));
        out.bytes(2, id(span.spanId().value()));
        out.text(3, span.name());
        var parent = span.parentSpanId();
        if (parent != null) {
            reference(
                    traceId(span.traceId().high(), span.traceId().low()),
                    id(parent.value()),
                    CHILD_OF);
        }
        span.links()
                .forEach(link ->
                        reference(
                                traceId(link.traceId().high(), link.traceId().low()),
                                id(link.spanId().value()),
                                FOLLOWS_FROM));
        out.number(5, SAMPLED);
        time(6, span.startNanos());
        time(7, Math.max(0, span.endNanos() - span.startNanos()));
        tags(span);
        span.events()
                .forEach(event -> {
                    int log = out.open(9);
                    time(1, event.timeNanos());
                    text(2, "event", event.name());
                    attributes(2, event.attributes());
                    out.close(log);
                });
        process(span.resource(), span.serviceName());
        out.close(opened);
    }

    private void reference(Slice traceId, Slice spanId, int type) {
        int reference = out.open(4);
        out.bytes(1, traceId);
        out.bytes(2, spanId);
        out.number(3, type);
        out.close(reference);
    }

    private void tags(Span span) {
        if (span.kind() != SpanKind.UNSPECIFIED) {
            text(8, "span.kind", span.kind().name().toLowerCase(Locale.ROOT));
        }
        if (!span.scope().name().isEmpty()) {
            text(8, "otel.scope.name", span.scope().name());
        }
        if (!span.scope().version().isEmpty()) {
            text(8, "otel.scope.version", span.scope().version());
        }
        switch (span.status().code()) {
            case UNSET -> {}
            case OK -> text(8, "otel.status_code", "OK");
            case ERROR -> failed(span.status());
        }
        attributes(8, span.attributes());
    }

    private void failed(Status status) {
        text(8, "otel.status_code", "ERROR");
        attribute(8, new Attribute("error", new AttributeValue.Bool(true)));
        if (!status.message().isEmpty()) {
            text(8, "otel.status_description", status.message());
        }
    }

    private void process(Resource resource, String service) {
        int process = out.open(10);
        out.text(1, service);
        for (var attribute : resource.attributes().entries()) {
            if (!attribute.key().equals(SERVICE)) {
                attribute(2, attribute);
            }
        }
        out.close(process);
    }

    private void attributes(int field, Attributes attributes) {
        attributes.entries().forEach(attribute -> attribute(field, attribute));
    }

    private void text(int field, String key, String value) {
        attribute(field, new Attribute(key, new AttributeValue.Text(value)));
    }

    private void attribute(int field, Attribute attribute) {
        int tag = out.open(field);
        out.text(1, attribute.key());
        switch (attribute.value()) {
            case AttributeValue.Bool(boolean value) -> out.number(2, 1).number(4, value ? 1 : 0);
            case AttributeValue.Int(long value) -> out.number(2, 2).number(5, value);
            case AttributeValue.Real(double value) ->
                    out.number(2, 3).fixed64(6, Double.doubleToRawLongBits(value));
            case AttributeValue.Bytes(Slice value) -> out.number(2, 4).bytes(7, value);
            case AttributeValue.Text _,
                    AttributeValue.Array _,
                    AttributeValue.Nested _,
                    AttributeValue.Empty _ ->
                    out.bytes(3, utf8(attribute.value().toString()));
        }
        out.close(tag);
    }

    private void time(int field, long nanos) {
        int time = out.open(field);
        out.number(1, nanos / NANOS_PER_SECOND);
        out.number(2, nanos % NANOS_PER_SECOND);
        out.close(time);
    }

    private static Slice utf8(String text) {
        return Slice.of(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Slice traceId(long high, long low) {
        return Slice.of(ByteBuffer.allocate(16).putLong(high).putLong(low).array());
    }

    private static Slice id(long value) {
        return Slice.of(ByteBuffer.allocate(Long.BYTES).putLong(value).array());
    }
}
