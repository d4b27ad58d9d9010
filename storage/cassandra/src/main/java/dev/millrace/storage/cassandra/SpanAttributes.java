package dev.millrace.storage.cassandra;

import dev.millrace.model.Attributes;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Span;
import java.util.stream.Stream;

/// The attributes that a span is found by.
final class SpanAttributes {

    private SpanAttributes() {}

    /// Of every level: its own, and those of its resource, scope, events and links.
    static Stream<Attributes> of(Span span) {
        return Stream.of(
                        Stream.of(
                                span.attributes(),
                                span.resource().attributes(),
                                span.scope().attributes()),
                        span.events().stream().map(Event::attributes),
                        span.links().stream().map(Link::attributes))
                .flatMap(all -> all);
    }
}
