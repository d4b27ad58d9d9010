package dev.millrace.analysis;

import dev.millrace.analysis.SpanRemark.ClockCorrected;
import dev.millrace.analysis.SpanRemark.ClockOff;
import dev.millrace.analysis.SpanRemark.IdTaken;
import dev.millrace.analysis.SpanRemark.ParentMissing;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Event;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/// The clocks of the hosts a trace went through, as far as its spans tell how they differ.
///
/// A child on another host than its parent, or on one that nobody knows, must lie within its
/// parent: where it does not, it is moved into the middle, as if request and answer had taken
/// equally long on their way. Everything below it on the same host moves along. A child that takes
/// longer than its parent may end after it, and is only kept from beginning before.
///
/// Walks without recursion, for traces may be deep. Spans whose parents lead round in a circle stay
/// as they are.
final class ClockSkew {

    private static final List<String> HOST_KEYS = List.of("host.id", "host.ip", "host.name");
    private static final int NOBODY = -1;

    private final List<Span> spans;
    private final long limitNanos;
    private final Map<SpanId, Integer> places = new HashMap<>();
    private final Map<Integer, List<Integer>> children = new HashMap<>();
    private final IdentityHashMap<Resource, String> hosts = new IdentityHashMap<>();
    private final Map<Integer, List<SpanRemark>> remarks = new HashMap<>();

    /// One span on the way through the tree.
    ///
    /// @param parent its place, or [#NOBODY]
    /// @param host whose clock the span above was read from
    /// @param skewNanos by which that clock is off
    private record Step(int place, int parent, String host, long skewNanos) {}

    /// @param spans no server of which shares its id with a client; moved in place
    /// @param limitNanos the most by which a span may be moved
    ClockSkew(List<Span> spans, long limitNanos) {
        this.spans = spans;
        this.limitNanos = limitNanos;
    }

    /// Moves what has to be moved, and returns what there is to say about it, by place.
    Map<Integer, List<SpanRemark>> correct() {
        for (int i = 0; i < spans.size(); i++) {
            if (places.putIfAbsent(spans.get(i).spanId(), i) != null) {
                remark(i, new IdTaken());
            }
        }
        var waiting = new ArrayDeque<Step>();
        for (int root : roots()) {
            waiting.push(new Step(root, NOBODY, host(root), 0));
            while (!waiting.isEmpty()) {
                follow(waiting);
            }
        }
        return remarks;
    }

    private List<Integer> roots() {
        var roots = new ArrayList<Integer>();
        for (int place : places.values()) {
            var parent = spans.get(place).parentSpanId();
            var above = parent == null ? null : places.get(parent);
            if (above != null) {
                children.computeIfAbsent(above, _ -> new ArrayList<>()).add(place);
                continue;
            }
            if (parent != null) {
                remark(place, new ParentMissing(parent));
            }
            roots.add(place);
        }
        return roots;
    }

    private void follow(ArrayDeque<Step> waiting) {
        var step = waiting.pop();
        var host = host(step.place());
        long skew = step.skewNanos();
        if (step.parent() != NOBODY && (host.isEmpty() || !host.equals(step.host()))) {
            skew = skew(spans.get(step.place()), spans.get(step.parent()));
        }
        move(step.place(), skew);
        for (int child : children.getOrDefault(step.place(), List.of())) {
            waiting.push(new Step(child, step.place(), host, skew));
        }
    }

    // The parent has been moved already.
    private static long skew(Span child, Span parent) {
        long room = parent.durationNanos() - child.durationNanos();
        long tooEarly = parent.startNanos() - child.startNanos();
        if (room < 0) {
            return Math.max(0, tooEarly);
        }
        boolean within = tooEarly <= 0 && child.endNanos() <= parent.endNanos();
        return within ? 0 : tooEarly + room / 2;
    }

    private void move(int place, long skew) {
        if (skew == 0) {
            return;
        }
        if (Math.abs(skew) > limitNanos) {
            remark(place, new ClockOff(skew, limitNanos));
            return;
        }
        var span = spans.get(place);
        var events =
                span.events().stream()
                        .map(event ->
                                new Event(
                                        event.timeNanos() + skew,
                                        event.name(),
                                        event.attributes(),
                                        event.droppedAttributes()))
                        .toList();
        spans.set(
                place,
                span.toBuilder()
                        .time(span.startNanos() + skew, span.endNanos() + skew)
                        .events(events, span.droppedEvents())
                        .build());
        remark(place, new ClockCorrected(skew));
    }

    private void remark(int place, SpanRemark remark) {
        remarks.computeIfAbsent(place, _ -> new ArrayList<>()).add(remark);
    }

    private String host(int place) {
        return hosts.computeIfAbsent(
                spans.get(place).resource(), resource -> host(resource.attributes()));
    }

    private static String host(Attributes attributes) {
        for (var key : HOST_KEYS) {
            var value = attributes.find(key);
            if (value.isPresent()) {
                return first(value.get());
            }
        }
        return "";
    }

    private static String first(AttributeValue value) {
        return switch (value) {
            case AttributeValue.Text(String text) -> text;
            case AttributeValue.Array(List<AttributeValue> values) ->
                    values.isEmpty() ? "" : values.getFirst().toString();
            case AttributeValue.Bool _,
                    AttributeValue.Int _,
                    AttributeValue.Real _,
                    AttributeValue.Bytes _,
                    AttributeValue.Nested _,
                    AttributeValue.Empty _ ->
                    "";
        };
    }
}
