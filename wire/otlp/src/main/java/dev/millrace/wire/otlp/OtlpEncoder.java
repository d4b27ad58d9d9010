package dev.millrace.wire.otlp;

import com.google.protobuf.ByteString;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.TraceId;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.common.v1.KeyValueList;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Status;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.nio.ByteBuffer;
import java.util.List;

/// Writes model spans as OTLP `TracesData`. Not for the hot path.
public final class OtlpEncoder {

    private OtlpEncoder() {}

    /// The spans in their order; neighbours of one resource and scope share a group.
    public static Slice encode(List<Span> spans) {
        var data = TracesData.newBuilder();
        int from = 0;
        while (from < spans.size()) {
            var resource = spans.get(from).resource();
            var resourceSpans =
                    ResourceSpans.newBuilder()
                            .setResource(resource(resource))
                            .setSchemaUrl(resource.schemaUrl());
            while (from < spans.size() && spans.get(from).resource().equals(resource)) {
                var scope = spans.get(from).scope();
                var scopeSpans =
                        ScopeSpans.newBuilder()
                                .setScope(scope(scope))
                                .setSchemaUrl(scope.schemaUrl());
                while (from < spans.size()
                        && spans.get(from).resource().equals(resource)
                        && spans.get(from).scope().equals(scope)) {
                    scopeSpans.addSpans(span(spans.get(from)));
                    from++;
                }
                resourceSpans.addScopeSpans(scopeSpans);
            }
            data.addResourceSpans(resourceSpans);
        }
        return Slice.of(data.build().toByteArray());
    }

    /// One attribute as `KeyValue`.
    public static Slice attribute(Attributes.Attribute attribute) {
        return Slice.of(keyValue(attribute).toByteArray());
    }

    private static io.opentelemetry.proto.resource.v1.Resource resource(Resource resource) {
        return io.opentelemetry.proto.resource.v1.Resource.newBuilder()
                .addAllAttributes(attributes(resource.attributes()))
                .setDroppedAttributesCount(resource.droppedAttributes())
                .build();
    }

    private static InstrumentationScope scope(Scope scope) {
        return InstrumentationScope.newBuilder()
                .setName(scope.name())
                .setVersion(scope.version())
                .addAllAttributes(attributes(scope.attributes()))
                .setDroppedAttributesCount(scope.droppedAttributes())
                .build();
    }

    private static io.opentelemetry.proto.trace.v1.Span span(Span span) {
        var builder =
                io.opentelemetry.proto.trace.v1.Span.newBuilder()
                        .setTraceId(bytes(span.traceId()))
                        .setSpanId(bytes(span.spanId()))
                        .setTraceState(span.traceState())
                        .setFlags(span.flags())
                        .setName(span.name())
                        .setKindValue(span.kind().number())
                        .setStartTimeUnixNano(span.startNanos())
                        .setEndTimeUnixNano(span.endNanos())
                        .addAllAttributes(attributes(span.attributes()))
                        .setDroppedAttributesCount(span.droppedAttributes())
                        .setDroppedEventsCount(span.droppedEvents())
                        .setDroppedLinksCount(span.droppedLinks());
        var parent = span.parentSpanId();
        if (parent != null) {
            builder.setParentSpanId(bytes(parent));
        }
        for (var event : span.events()) {
            builder.addEventsBuilder()
                    .setTimeUnixNano(event.timeNanos())
                    .setName(event.name())
                    .addAllAttributes(attributes(event.attributes()))
                    .setDroppedAttributesCount(event.droppedAttributes());
        }
        for (var link : span.links()) {
            builder.addLinksBuilder()
                    .setTraceId(bytes(link.traceId()))
                    .setSpanId(bytes(link.spanId()))
                    .setTraceState(link.traceState())
                    .setFlags(link.flags())
                    .addAllAttributes(attributes(link.attributes()))
                    .setDroppedAttributesCount(link.droppedAttributes());
        }
        if (!span.status().equals(dev.millrace.model.Status.UNSET)) {
            builder.setStatus(
                    Status.newBuilder()
                            .setCodeValue(span.status().code().number())
                            .setMessage(span.status().message()));
        }
        return builder.build();
    }

    private static List<KeyValue> attributes(Attributes attributes) {
        return attributes.entries().stream().map(OtlpEncoder::keyValue).toList();
    }

    private static KeyValue keyValue(Attributes.Attribute attribute) {
        return KeyValue.newBuilder()
                .setKey(attribute.key())
                .setValue(value(attribute.value()))
                .build();
    }

    private static AnyValue value(AttributeValue value) {
        var builder = AnyValue.newBuilder();
        return switch (value) {
            case AttributeValue.Text(String text) -> builder.setStringValue(text).build();
            case AttributeValue.Bool(boolean bool) -> builder.setBoolValue(bool).build();
            case AttributeValue.Int(long number) -> builder.setIntValue(number).build();
            case AttributeValue.Real(double number) -> builder.setDoubleValue(number).build();
            case AttributeValue.Bytes(Slice bytes) ->
                    builder.setBytesValue(
                                    ByteString.copyFrom(
                                            bytes.array(), bytes.offset(), bytes.length()))
                            .build();
            case AttributeValue.Array(List<AttributeValue> values) ->
                    builder.setArrayValue(
                                    ArrayValue.newBuilder()
                                            .addAllValues(
                                                    values.stream()
                                                            .map(OtlpEncoder::value)
                                                            .toList()))
                            .build();
            case AttributeValue.Nested(Attributes nested) ->
                    builder.setKvlistValue(
                                    KeyValueList.newBuilder().addAllValues(attributes(nested)))
                            .build();
            case AttributeValue.Empty() -> builder.build();
        };
    }

    private static ByteString bytes(TraceId id) {
        return ByteString.copyFrom(
                ByteBuffer.allocate(16).putLong(id.high()).putLong(id.low()).flip());
    }

    private static ByteString bytes(SpanId id) {
        return ByteString.copyFrom(ByteBuffer.allocate(8).putLong(id.value()).flip());
    }
}
