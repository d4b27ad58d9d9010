package dev.millrace.verification;

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
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.KeyValue;
import io.opentelemetry.api.common.Value;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.trace.data.DelegatingSpanData;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/// Passes spans on to an exporter, and knows how each of them must look when it comes back.
///
/// It also gives every scope attributes, for which the SDK has no setter yet.
final class SentSpans implements SpanExporter {

    private static final int HAS_IS_REMOTE = 0x100;
    private static final int IS_REMOTE = 0x200;

    private final SpanExporter exporter;
    private final io.opentelemetry.api.common.Attributes scopeAttributes;
    private final List<Span> sent = new CopyOnWriteArrayList<>();

    SentSpans(SpanExporter exporter, io.opentelemetry.api.common.Attributes scopeAttributes) {
        this.exporter = exporter;
        this.scopeAttributes = scopeAttributes;
    }

    List<Span> sent() {
        return sent;
    }

    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
        List<SpanData> scoped = spans.stream().<SpanData>map(Scoped::new).toList();
        scoped.forEach(span -> sent.add(expected(span)));
        return exporter.export(scoped);
    }

    @Override
    public CompletableResultCode flush() {
        return exporter.flush();
    }

    @Override
    public CompletableResultCode shutdown() {
        return exporter.shutdown();
    }

    private final class Scoped extends DelegatingSpanData {

        Scoped(SpanData span) {
            super(span);
        }

        @Override
        public InstrumentationScopeInfo getInstrumentationScopeInfo() {
            var scope = super.getInstrumentationScopeInfo();
            var builder =
                    InstrumentationScopeInfo.builder(scope.getName())
                            .setAttributes(scopeAttributes);
            if (scope.getVersion() != null) {
                builder.setVersion(scope.getVersion());
            }
            if (scope.getSchemaUrl() != null) {
                builder.setSchemaUrl(scope.getSchemaUrl());
            }
            return builder.build();
        }
    }

    private static Span expected(SpanData span) {
        var attributes = span.getAttributes();
        var parent = span.getParentSpanContext();
        return Span.builder(traceId(span.getSpanContext()), spanId(span.getSpanContext()))
                .parentSpanId(parent.isValid() ? spanId(parent) : null)
                .traceState(text(span.getSpanContext().getTraceState()))
                .flags(flags(span.getSpanContext(), parent))
                .name(span.getName())
                .kind(kind(span.getKind()))
                .time(span.getStartEpochNanos(), span.getEndEpochNanos())
                .attributes(of(attributes), span.getTotalAttributeCount() - attributes.size())
                .events(
                        span.getEvents().stream().map(SentSpans::event).toList(),
                        span.getTotalRecordedEvents() - span.getEvents().size())
                .links(
                        span.getLinks().stream().map(SentSpans::link).toList(),
                        span.getTotalRecordedLinks() - span.getLinks().size())
                .status(status(span))
                .resource(resource(span.getResource()))
                .scope(scope(span.getInstrumentationScopeInfo()))
                .build();
    }

    private static TraceId traceId(SpanContext context) {
        return TraceId.parse(context.getTraceId());
    }

    private static SpanId spanId(SpanContext context) {
        return SpanId.parse(context.getSpanId());
    }

    private static int flags(SpanContext context, SpanContext origin) {
        return context.getTraceFlags().asByte()
                | HAS_IS_REMOTE
                | (origin.isRemote() ? IS_REMOTE : 0);
    }

    private static String text(TraceState state) {
        return state.asMap().entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(","));
    }

    private static SpanKind kind(io.opentelemetry.api.trace.SpanKind kind) {
        return switch (kind) {
            case INTERNAL -> SpanKind.INTERNAL;
            case SERVER -> SpanKind.SERVER;
            case CLIENT -> SpanKind.CLIENT;
            case PRODUCER -> SpanKind.PRODUCER;
            case CONSUMER -> SpanKind.CONSUMER;
        };
    }

    private static Event event(EventData event) {
        return new Event(
                event.getEpochNanos(),
                event.getName(),
                of(event.getAttributes()),
                event.getDroppedAttributesCount());
    }

    private static Link link(LinkData link) {
        var to = link.getSpanContext();
        return new Link(
                traceId(to),
                spanId(to),
                text(to.getTraceState()),
                flags(to, to),
                of(link.getAttributes()),
                link.getTotalAttributeCount() - link.getAttributes().size());
    }

    private static Status status(SpanData span) {
        var code =
                switch (span.getStatus().getStatusCode()) {
                    case UNSET -> Status.Code.UNSET;
                    case OK -> Status.Code.OK;
                    case ERROR -> Status.Code.ERROR;
                };
        return new Status(code, span.getStatus().getDescription());
    }

    private static Resource resource(io.opentelemetry.sdk.resources.Resource resource) {
        return new Resource(
                of(resource.getAttributes()),
                0,
                Objects.requireNonNullElse(resource.getSchemaUrl(), ""));
    }

    private static Scope scope(InstrumentationScopeInfo scope) {
        return new Scope(
                scope.getName(),
                Objects.requireNonNullElse(scope.getVersion(), ""),
                of(scope.getAttributes()),
                0,
                Objects.requireNonNullElse(scope.getSchemaUrl(), ""));
    }

    private static Attributes of(io.opentelemetry.api.common.Attributes attributes) {
        var entries = new ArrayList<Attribute>();
        attributes.forEach((key, value) -> entries.add(attribute(key, value)));
        return new Attributes(entries);
    }

    private static Attribute attribute(AttributeKey<?> key, Object value) {
        return new Attribute(key.getKey(), value(value));
    }

    private static AttributeValue value(Object value) {
        return switch (value) {
            case String text -> new AttributeValue.Text(text);
            case Boolean bool -> new AttributeValue.Bool(bool);
            case Long number -> new AttributeValue.Int(number);
            case Double number -> new AttributeValue.Real(number);
            case List<?> values ->
                    new AttributeValue.Array(
                            values.stream().map(element -> value((Object) element)).toList());
            case Value<?> compound -> compound(compound);
            default -> throw new IllegalArgumentException("attribute: " + value);
        };
    }

    private static AttributeValue compound(Value<?> value) {
        return switch (value.getType()) {
            case STRING, BOOLEAN, LONG, DOUBLE, ARRAY -> value((Object) value.getValue());
            case BYTES -> new AttributeValue.Bytes(slice((ByteBuffer) value.getValue()));
            case KEY_VALUE_LIST ->
                    new AttributeValue.Nested(
                            new Attributes(
                                    ((List<?>) value.getValue())
                                            .stream()
                                                    .map(entry -> (KeyValue) entry)
                                                    .map(entry ->
                                                            new Attribute(
                                                                    entry.getKey(),
                                                                    value(entry.getValue())))
                                                    .toList()));
            case EMPTY -> new AttributeValue.Empty();
        };
    }

    private static Slice slice(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return Slice.of(bytes);
    }
}
