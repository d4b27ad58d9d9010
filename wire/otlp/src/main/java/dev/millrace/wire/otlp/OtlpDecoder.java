package dev.millrace.wire.otlp;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
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
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Builds model spans from OTLP `TracesData`, for queries and pages. Not for the hot path.
public final class OtlpDecoder {

    private OtlpDecoder() {}

    /// Every span in the bytes, in their order, each with its resource and scope.
    ///
    /// @throws MalformedSpansException when the bytes are not OTLP or an id is not valid
    public static List<Span> spans(Slice body) {
        var spans = new ArrayList<Span>();
        for (var resourceSpans : parse(body).getResourceSpansList()) {
            var resource =
                    new Resource(
                            attributes(resourceSpans.getResource().getAttributesList()),
                            resourceSpans.getResource().getDroppedAttributesCount(),
                            resourceSpans.getSchemaUrl());
            for (var scopeSpans : resourceSpans.getScopeSpansList()) {
                var scope = scope(scopeSpans.getScope(), scopeSpans.getSchemaUrl());
                for (var span : scopeSpans.getSpansList()) {
                    spans.add(span(span, resource, scope));
                }
            }
        }
        return spans;
    }

    private static TracesData parse(Slice body) {
        try {
            var input = CodedInputStream.newInstance(body.array(), body.offset(), body.length());
            return TracesData.parseFrom(input);
        } catch (InvalidProtocolBufferException e) {
            throw new MalformedSpansException("not OTLP: " + e.getMessage());
        } catch (IOException e) {
            throw new MalformedSpansException("not OTLP: " + e);
        }
    }

    private static Span span(
            io.opentelemetry.proto.trace.v1.Span span, Resource resource, Scope scope) {
        var events = new ArrayList<Event>(span.getEventsCount());
        for (var event : span.getEventsList()) {
            events.add(
                    new Event(
                            event.getTimeUnixNano(),
                            event.getName(),
                            attributes(event.getAttributesList()),
                            event.getDroppedAttributesCount()));
        }
        var links = new ArrayList<Link>(span.getLinksCount());
        for (var link : span.getLinksList()) {
            links.add(
                    new Link(
                            traceId(link.getTraceId()),
                            spanId(link.getSpanId()),
                            link.getTraceState(),
                            link.getFlags(),
                            attributes(link.getAttributesList()),
                            link.getDroppedAttributesCount()));
        }
        return Span.builder(traceId(span.getTraceId()), spanId(span.getSpanId()))
                .parentSpanId(parentSpanId(span.getParentSpanId()))
                .traceState(span.getTraceState())
                .flags(span.getFlags())
                .name(span.getName())
                .kind(SpanKind.of(span.getKindValue()))
                .time(span.getStartTimeUnixNano(), span.getEndTimeUnixNano())
                .attributes(attributes(span.getAttributesList()), span.getDroppedAttributesCount())
                .events(events, span.getDroppedEventsCount())
                .links(links, span.getDroppedLinksCount())
                .status(
                        new Status(
                                Status.Code.of(span.getStatus().getCodeValue()),
                                span.getStatus().getMessage()))
                .resource(resource)
                .scope(scope)
                .build();
    }

    private static Scope scope(InstrumentationScope scope, String schemaUrl) {
        return new Scope(
                scope.getName(),
                scope.getVersion(),
                attributes(scope.getAttributesList()),
                scope.getDroppedAttributesCount(),
                schemaUrl);
    }

    private static Attributes attributes(List<KeyValue> pairs) {
        if (pairs.isEmpty()) {
            return Attributes.EMPTY;
        }
        var entries = new ArrayList<Attribute>(pairs.size());
        for (var pair : pairs) {
            entries.add(new Attribute(pair.getKey(), value(pair.getValue())));
        }
        return new Attributes(entries);
    }

    private static AttributeValue value(AnyValue value) {
        return switch (value.getValueCase()) {
            case STRING_VALUE -> new AttributeValue.Text(value.getStringValue());
            case BOOL_VALUE -> new AttributeValue.Bool(value.getBoolValue());
            case INT_VALUE -> new AttributeValue.Int(value.getIntValue());
            case DOUBLE_VALUE -> new AttributeValue.Real(value.getDoubleValue());
            case BYTES_VALUE ->
                    new AttributeValue.Bytes(Slice.of(value.getBytesValue().toByteArray()));
            case ARRAY_VALUE ->
                    new AttributeValue.Array(
                            value.getArrayValue().getValuesList().stream()
                                    .map(OtlpDecoder::value)
                                    .toList());
            case KVLIST_VALUE ->
                    new AttributeValue.Nested(attributes(value.getKvlistValue().getValuesList()));
            // String indices belong to the profiles signal and carry nothing here.
            case STRING_VALUE_STRINDEX, VALUE_NOT_SET -> new AttributeValue.Empty();
        };
    }

    private static TraceId traceId(ByteString bytes) {
        if (bytes.size() != 16) {
            throw new MalformedSpansException(
                    "trace id: " + bytes.size() + " bytes (expected: 16)");
        }
        ByteBuffer buffer = bytes.asReadOnlyByteBuffer();
        try {
            return new TraceId(buffer.getLong(), buffer.getLong());
        } catch (IllegalArgumentException e) {
            throw new MalformedSpansException(String.valueOf(e.getMessage()));
        }
    }

    private static SpanId spanId(ByteString bytes) {
        if (bytes.size() != 8) {
            throw new MalformedSpansException("span id: " + bytes.size() + " bytes (expected: 8)");
        }
        try {
            return new SpanId(bytes.asReadOnlyByteBuffer().getLong());
        } catch (IllegalArgumentException e) {
            throw new MalformedSpansException(String.valueOf(e.getMessage()));
        }
    }

    // OTLP has a root's parent empty; some senders write eight zeros instead.
    private static @Nullable SpanId parentSpanId(ByteString bytes) {
        return bytes.isEmpty() || (bytes.size() == 8 && bytes.asReadOnlyByteBuffer().getLong() == 0)
                ? null
                : spanId(bytes);
    }
}
