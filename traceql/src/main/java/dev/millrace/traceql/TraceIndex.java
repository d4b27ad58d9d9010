package dev.millrace.traceql;

import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Trace;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// How the spans of one trace hang together. Spans are told by their place in the trace, because
/// two halves of a call may share an id: both are then parents of what names it. Whatever hangs in
/// a ring ends.
final class TraceIndex {

    private final Trace trace;
    private final List<Span> spans;
    private final Map<SpanId, List<Integer>> children = new HashMap<>();
    private final Map<SpanId, List<Integer>> byId = new HashMap<>();
    private int @Nullable [] lefts;
    private int[] rights = {};
    private int[] parents = {};

    TraceIndex(Trace trace) {
        this.trace = trace;
        this.spans = trace.spans();
        for (int i = 0; i < spans.size(); i++) {
            var span = spans.get(i);
            byId.computeIfAbsent(span.spanId(), _ -> new ArrayList<>(1)).add(i);
            var parent = span.parentSpanId();
            if (parent != null) {
                children.computeIfAbsent(parent, _ -> new ArrayList<>()).add(i);
            }
        }
    }

    Trace trace() {
        return trace;
    }

    Span span(int place) {
        return spans.get(place);
    }

    List<Integer> children(int place) {
        return children.getOrDefault(spans.get(place).spanId(), List.of());
    }

    List<Integer> parents(int place) {
        var parent = spans.get(place).parentSpanId();
        return parent == null ? List.of() : byId.getOrDefault(parent, List.of());
    }

    BitSet childrenOf(BitSet of) {
        var found = new BitSet();
        of.stream().forEach(place -> children(place).forEach(found::set));
        return found;
    }

    BitSet parentsOf(BitSet of) {
        var found = new BitSet();
        of.stream().forEach(place -> parents(place).forEach(found::set));
        return found;
    }

    BitSet descendantsOf(BitSet of) {
        return reach(of, true);
    }

    BitSet ancestorsOf(BitSet of) {
        return reach(of, false);
    }

    private BitSet reach(BitSet from, boolean down) {
        var found = new BitSet();
        var open = new ArrayDeque<Integer>();
        from.stream().forEach(open::add);
        while (!open.isEmpty()) {
            int place = open.remove();
            for (int next : down ? children(place) : parents(place)) {
                if (!found.get(next)) {
                    found.set(next);
                    open.add(next);
                }
            }
        }
        return found;
    }

    /// The spans that have another one of `of` under the same parent.
    BitSet siblingsOf(BitSet of) {
        var counts = new HashMap<SpanId, Integer>();
        of.stream()
                .mapToObj(place -> spans.get(place).parentSpanId())
                .filter(Objects::nonNull)
                .forEach(parent -> counts.merge(parent, 1, Integer::sum));
        var found = new BitSet();
        counts.forEach((parent, count) ->
                children.getOrDefault(parent, List.of()).stream()
                        .filter(place -> count > (of.get(place) ? 1 : 0))
                        .forEach(found::set));
        return found;
    }

    /// The number a walk through the trees gives a span on the way in, from 1 on; 0 for one that
    /// hangs under no root.
    int left(int place) {
        return numbered()[place];
    }

    /// The number the same walk gives it on the way out.
    int right(int place) {
        numbered();
        return rights[place];
    }

    /// The parent's number on the way in; -1 for a root, 0 for a span under none.
    int parentLeft(int place) {
        numbered();
        return parents[place];
    }

    private int[] numbered() {
        var known = lefts;
        if (known != null) {
            return known;
        }
        var numbers = new int[spans.size()];
        rights = new int[spans.size()];
        parents = new int[spans.size()];
        int number = 0;
        for (int root = 0; root < spans.size(); root++) {
            if (spans.get(root).parentSpanId() == null) {
                parents[root] = -1;
                number = walk(root, number, numbers);
            }
        }
        lefts = numbers;
        return numbers;
    }

    // Without recursion, because a trace may be as deep as it is long.
    private int walk(int root, int from, int[] numbers) {
        record Visit(int place, boolean out) {}
        int number = from;
        var open = new ArrayDeque<Visit>();
        open.push(new Visit(root, false));
        while (!open.isEmpty()) {
            var visit = open.pop();
            int place = visit.place();
            if (visit.out()) {
                rights[place] = ++number;
            } else if (numbers[place] == 0) {
                numbers[place] = ++number;
                open.push(new Visit(place, true));
                for (int child : children(place).reversed()) {
                    if (numbers[child] == 0) {
                        parents[child] = numbers[place];
                        open.push(new Visit(child, false));
                    }
                }
            }
        }
        return number;
    }
}
