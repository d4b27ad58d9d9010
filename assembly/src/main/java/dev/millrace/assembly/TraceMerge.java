package dev.millrace.assembly;

import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/// Makes one body out of several: duplicates removed, parents before their children.
public final class TraceMerge {

    private record Identity(SpanId spanId, SpanKind kind, String service) {}

    private TraceMerge() {}

    /// @param bodies valid OTLP `TracesData`, all of one trace and one tenant
    /// @return OTLP `TracesData` that holds every span once
    public static Slice merge(List<Slice> bodies) {
        var distinct = new LinkedHashMap<Identity, Span>();
        for (var body : bodies) {
            for (var span : OtlpDecoder.spans(body)) {
                distinct.merge(
                        new Identity(span.spanId(), span.kind(), span.serviceName()),
                        span,
                        TraceMerge::winner);
            }
        }
        return OtlpEncoder.encode(parentsFirst(List.copyOf(distinct.values())));
    }

    // The later end wins, then the larger body, then the bytewise greater.
    private static Span winner(Span one, Span other) {
        if (one.endNanos() != other.endNanos()) {
            return one.endNanos() > other.endNanos() ? one : other;
        }
        Slice oneBytes = OtlpEncoder.encode(List.of(one));
        Slice otherBytes = OtlpEncoder.encode(List.of(other));
        if (oneBytes.length() != otherBytes.length()) {
            return oneBytes.length() > otherBytes.length() ? one : other;
        }
        return oneBytes.compareTo(otherBytes) >= 0 ? one : other;
    }

    private static List<Span> parentsFirst(List<Span> spans) {
        Map<SpanId, List<Span>> children = new HashMap<>();
        var ids = new LinkedHashSet<SpanId>();
        spans.forEach(span -> ids.add(span.spanId()));
        var next = new ArrayDeque<Span>();
        for (var span : spans) {
            var parent = span.parentSpanId();
            if (parent == null || !ids.contains(parent) || parent.equals(span.spanId())) {
                next.add(span);
            } else {
                children.computeIfAbsent(parent, _ -> new ArrayList<>()).add(span);
            }
        }
        var ordered = new LinkedHashSet<Span>();
        for (var span = next.poll(); span != null; span = next.poll()) {
            ordered.add(span);
            var below = children.remove(span.spanId());
            if (below != null) {
                next.addAll(below);
            }
        }
        // What is left hangs on a circle of parents.
        ordered.addAll(spans);
        return List.copyOf(ordered);
    }
}
