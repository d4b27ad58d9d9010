package dev.millrace.assembly;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.ProtoWriter;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Writes spans in a given order as OTLP `TracesData`; neighbours of one resource and scope share a
/// group.
final class GroupedSpans {

    private static final int RESOURCE_SPANS = 1;
    private static final int SCOPE_SPANS = 2;
    private static final int SPANS = 2;
    private static final int TRACE_STATE = 3;

    private final SpanIndex index;
    private final int[] order;

    /// By position in the order: the trace state a span is written with in place of its own; null
    /// where it stays as it is.
    private final @Nullable Slice[] states;

    private GroupedSpans(SpanIndex index, int[] order, @Nullable Slice[] states) {
        this.index = index;
        this.order = order;
        this.states = states;
    }

    static Slice write(SpanIndex index, int[] order) {
        return write(index, order, UnaryOperator.identity());
    }

    /// @param traceState the state to write in place of another; an equal one where nothing changes
    static Slice write(SpanIndex index, int[] order, UnaryOperator<Slice> traceState) {
        var states = new @Nullable Slice[order.length];
        for (int at = 0; at < order.length; at++) {
            Slice before = index.traceState(order[at]);
            Slice after = traceState.apply(before);
            states[at] = after.equals(before) ? null : after;
        }
        return new GroupedSpans(index, order, states).write();
    }

    /// How many bytes the spans take as they are.
    static int size(SpanIndex index, int[] order) {
        return new GroupedSpans(index, order, new @Nullable Slice[order.length]).size();
    }

    private Slice write() {
        // To the byte, so that the buffer neither grows nor is cut to size by who sends it.
        var writer = new ProtoWriter(size());
        for (int from = 0; from < order.length; from = endOfResource(from)) {
            Slice head = index.resourceHead(resource(from));
            writer.header(RESOURCE_SPANS, resourceSize(from))
                    .raw(head.array(), head.offset(), head.length());
            int end = endOfResource(from);
            for (int at = from; at < end; at = endOfScope(at)) {
                writeScope(writer, at);
            }
        }
        return writer.finish();
    }

    private int size() {
        int size = 0;
        for (int from = 0; from < order.length; from = endOfResource(from)) {
            size += ProtoWriter.lengthDelimitedSize(RESOURCE_SPANS, resourceSize(from));
        }
        return size;
    }

    private int resourceSize(int from) {
        int size = index.resourceHead(resource(from)).length();
        int end = endOfResource(from);
        for (int at = from; at < end; at = endOfScope(at)) {
            size += ProtoWriter.lengthDelimitedSize(SCOPE_SPANS, scopeSize(at));
        }
        return size;
    }

    private void writeScope(ProtoWriter writer, int from) {
        Slice head = index.scopeHead(index.scope(order[from]));
        writer.header(SCOPE_SPANS, scopeSize(from)).raw(head.array(), head.offset(), head.length());
        int end = endOfScope(from);
        for (int at = from; at < end; at++) {
            writeSpan(writer, at);
        }
    }

    private int scopeSize(int from) {
        int size = index.scopeHead(index.scope(order[from])).length();
        int end = endOfScope(from);
        for (int at = from; at < end; at++) {
            size += ProtoWriter.lengthDelimitedSize(SPANS, spanSize(at));
        }
        return size;
    }

    private void writeSpan(ProtoWriter writer, int at) {
        Slice span = index.span(order[at]);
        Slice state = states[at];
        if (state == null) {
            writer.bytes(SPANS, span);
            return;
        }
        Slice old = index.traceStateField(order[at]);
        int before = old.length() == 0 ? span.length() : old.offset() - span.offset();
        int after = before + old.length();
        writer.header(SPANS, spanSize(at))
                .raw(span.array(), span.offset(), before)
                .raw(span.array(), span.offset() + after, span.length() - after)
                .bytes(TRACE_STATE, state);
    }

    private int spanSize(int at) {
        Slice state = states[at];
        int size = index.length(order[at]);
        return state == null
                ? size
                : size
                        - index.traceStateField(order[at]).length()
                        + ProtoWriter.lengthDelimitedSize(TRACE_STATE, state.length());
    }

    private int endOfScope(int from) {
        int end = from + 1;
        while (end < order.length && index.scope(order[end]) == index.scope(order[from])) {
            end++;
        }
        return end;
    }

    private int endOfResource(int from) {
        int end = from + 1;
        while (end < order.length && resource(end) == resource(from)) {
            end++;
        }
        return end;
    }

    private int resource(int position) {
        return index.resourceOf(index.scope(order[position]));
    }
}
