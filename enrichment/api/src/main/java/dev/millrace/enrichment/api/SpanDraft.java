package dev.millrace.enrichment.api;

import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Span;
import java.util.List;

/// A span whose attributes may still be changed, and those of its events, links, scope and
/// resource.
///
/// Scope and resource are shared: what is changed through one span is changed for all spans of
/// them.
public final class SpanDraft {

    private final Span sent;
    private final AttributesDraft attributes;
    private final List<Draft<Event>> events;
    private final List<Draft<Link>> links;
    private final Draft<Resource> resource;
    private final Draft<Scope> scope;

    SpanDraft(Span sent, Draft<Resource> resource, Draft<Scope> scope) {
        this.sent = sent;
        this.attributes = new AttributesDraft(sent.attributes());
        this.events =
                sent.events().stream()
                        .map(event -> new Draft<>(event, event.attributes()))
                        .toList();
        this.links =
                sent.links().stream().map(link -> new Draft<>(link, link.attributes())).toList();
        this.resource = resource;
        this.scope = scope;
    }

    /// As it was sent. Name, kind, times, ids and status are here; they do not change.
    public Span sent() {
        return sent;
    }

    /// As they are now.
    public AttributesDraft attributes() {
        return attributes;
    }

    /// In their order.
    public List<Draft<Event>> events() {
        return events;
    }

    /// In their order.
    public List<Draft<Link>> links() {
        return links;
    }

    public Draft<Resource> resource() {
        return resource;
    }

    public Draft<Scope> scope() {
        return scope;
    }

    /// The service that the resource names now.
    public String serviceName() {
        return new Resource(resource.attributes().now(), 0, "").serviceName();
    }

    /// Whether an attribute of the span, its events or its links is not as it was sent.
    public boolean isChanged() {
        return attributes.isChanged()
                || events.stream().anyMatch(Draft::isChanged)
                || links.stream().anyMatch(Draft::isChanged);
    }

    /// The span as it is now.
    Span now() {
        return Span.builder(sent.traceId(), sent.spanId())
                .parentSpanId(sent.parentSpanId())
                .traceState(sent.traceState())
                .flags(sent.flags())
                .name(sent.name())
                .kind(sent.kind())
                .time(sent.startNanos(), sent.endNanos())
                .attributes(attributes.now(), sent.droppedAttributes())
                .events(events.stream().map(SpanDraft::event).toList(), sent.droppedEvents())
                .links(links.stream().map(SpanDraft::link).toList(), sent.droppedLinks())
                .status(sent.status())
                .resource(
                        new Resource(
                                resource.attributes().now(),
                                resource.sent().droppedAttributes(),
                                resource.sent().schemaUrl()))
                .scope(
                        new Scope(
                                scope.sent().name(),
                                scope.sent().version(),
                                scope.attributes().now(),
                                scope.sent().droppedAttributes(),
                                scope.sent().schemaUrl()))
                .build();
    }

    private static Event event(Draft<Event> draft) {
        var sent = draft.sent();
        return new Event(
                sent.timeNanos(), sent.name(), draft.attributes().now(), sent.droppedAttributes());
    }

    private static Link link(Draft<Link> draft) {
        var sent = draft.sent();
        return new Link(
                sent.traceId(),
                sent.spanId(),
                sent.traceState(),
                sent.flags(),
                draft.attributes().now(),
                sent.droppedAttributes());
    }
}
