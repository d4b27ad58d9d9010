package dev.millrace.load.traffic;

import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Scope;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.TraceId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A span in the making, its times counted from the start of its trace. Not safe for threads.
final class Draft {

    private static final int SAMPLED = 1;
    private static final int REMOTE_KNOWN = 0x100;
    private static final int REMOTE = 0x200;

    final Instance instance;
    final SpanId id;
    final Words words = new Words();
    String name;
    long startNanos;
    long endNanos;
    private final @Nullable Draft parent;
    private final SpanKind kind;
    private final Scope scope;
    private final List<Event> events = new ArrayList<>(0);
    private final List<Link> links = new ArrayList<>(0);
    private Status status = Status.UNSET;

    Draft(
            Instance instance,
            SpanId id,
            @Nullable Draft parent,
            SpanKind kind,
            Scope scope,
            String name,
            long startNanos) {
        this.instance = instance;
        this.id = id;
        this.parent = parent;
        this.kind = kind;
        this.scope = scope;
        this.name = name;
        this.startNanos = startNanos;
        this.endNanos = startNanos;
    }

    void event(long atNanos, String event, Words attributes) {
        events.add(new Event(atNanos, event, attributes.attributes(), 0));
    }

    void link(Link link) {
        links.add(link);
    }

    void fail(String message) {
        status = new Status(Status.Code.ERROR, message);
    }

    /// The span as its process saw it.
    ///
    /// @param beginNanos when the trace began, nanoseconds since the epoch
    Span span(TraceId traceId, String traceState, long beginNanos) {
        long shift = beginNanos + instance.skewNanos();
        boolean remote = parent != null && parent.instance.number() != instance.number();
        var shifted =
                events.stream()
                        .map(event ->
                                new Event(
                                        shift + event.timeNanos(),
                                        event.name(),
                                        event.attributes(),
                                        0))
                        .toList();
        return Span.builder(traceId, id)
                .parentSpanId(parent == null ? null : parent.id)
                .traceState(traceState)
                .flags(SAMPLED | REMOTE_KNOWN | (remote ? REMOTE : 0))
                .name(name)
                .kind(kind)
                .time(shift + startNanos, shift + endNanos)
                .attributes(words.attributes(), 0)
                .events(shifted, 0)
                .links(links, 0)
                .status(status)
                .resource(instance.resource())
                .scope(scope)
                .build();
    }
}
