package dev.millrace.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// One timed operation: OTLP's `Span` together with its resource and scope.
///
/// Times are nanoseconds since the epoch, unsigned in OTLP and non-negative here until the year
/// 2262.
///
/// @param parentSpanId null for a root
/// @param traceState W3C trace state, empty when there is none
/// @param flags W3C trace flags and OTLP's remote bits
public record Span(
        TraceId traceId,
        SpanId spanId,
        @Nullable SpanId parentSpanId,
        String traceState,
        int flags,
        String name,
        SpanKind kind,
        long startNanos,
        long endNanos,
        Attributes attributes,
        int droppedAttributes,
        List<Event> events,
        int droppedEvents,
        List<Link> links,
        int droppedLinks,
        Status status,
        Resource resource,
        Scope scope) {

    public Span {
        events = List.copyOf(events);
        links = List.copyOf(links);
    }

    /// End minus start; negative when the sender's clock stepped back.
    public long durationNanos() {
        return endNanos - startNanos;
    }

    public String serviceName() {
        return resource.serviceName();
    }

    public boolean isError() {
        return status.code() == Status.Code.ERROR;
    }

    public static Builder builder(TraceId traceId, SpanId spanId) {
        return new Builder(traceId, spanId);
    }

    /// The same span, to change some of it.
    public Builder toBuilder() {
        return new Builder(traceId, spanId)
                .parentSpanId(parentSpanId)
                .traceState(traceState)
                .flags(flags)
                .name(name)
                .kind(kind)
                .time(startNanos, endNanos)
                .attributes(attributes, droppedAttributes)
                .events(events, droppedEvents)
                .links(links, droppedLinks)
                .status(status)
                .resource(resource)
                .scope(scope);
    }

    /// Collects the parts of a [Span]; whatever is not set is empty or zero. Not safe for threads.
    public static final class Builder {
        private final TraceId traceId;
        private SpanId spanId;
        private @Nullable SpanId parentSpanId;
        private String traceState = "";
        private int flags;
        private String name = "";
        private SpanKind kind = SpanKind.UNSPECIFIED;
        private long startNanos;
        private long endNanos;
        private Attributes attributes = Attributes.EMPTY;
        private int droppedAttributes;
        private List<Event> events = List.of();
        private int droppedEvents;
        private List<Link> links = List.of();
        private int droppedLinks;
        private Status status = Status.UNSET;
        private Resource resource = Resource.EMPTY;
        private Scope scope = Scope.EMPTY;

        private Builder(TraceId traceId, SpanId spanId) {
            this.traceId = traceId;
            this.spanId = spanId;
        }

        public Builder spanId(SpanId spanId) {
            this.spanId = spanId;
            return this;
        }

        public Builder parentSpanId(@Nullable SpanId parentSpanId) {
            this.parentSpanId = parentSpanId;
            return this;
        }

        public Builder traceState(String traceState) {
            this.traceState = traceState;
            return this;
        }

        public Builder flags(int flags) {
            this.flags = flags;
            return this;
        }

        public Builder name(String name) {
            this.name = name;
            return this;
        }

        public Builder kind(SpanKind kind) {
            this.kind = kind;
            return this;
        }

        public Builder time(long startNanos, long endNanos) {
            this.startNanos = startNanos;
            this.endNanos = endNanos;
            return this;
        }

        public Builder attributes(Attributes attributes, int dropped) {
            this.attributes = attributes;
            this.droppedAttributes = dropped;
            return this;
        }

        public Builder events(List<Event> events, int dropped) {
            this.events = events;
            this.droppedEvents = dropped;
            return this;
        }

        public Builder links(List<Link> links, int dropped) {
            this.links = links;
            this.droppedLinks = dropped;
            return this;
        }

        public Builder status(Status status) {
            this.status = status;
            return this;
        }

        public Builder resource(Resource resource) {
            this.resource = resource;
            return this;
        }

        public Builder scope(Scope scope) {
            this.scope = scope;
            return this;
        }

        public Span build() {
            return new Span(
                    traceId,
                    spanId,
                    parentSpanId,
                    traceState,
                    flags,
                    name,
                    kind,
                    startNanos,
                    endNanos,
                    attributes,
                    droppedAttributes,
                    events,
                    droppedEvents,
                    links,
                    droppedLinks,
                    status,
                    resource,
                    scope);
        }
    }
}
