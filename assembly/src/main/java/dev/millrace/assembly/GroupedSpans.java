package dev.millrace.assembly;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.ProtoWriter;
import dev.millrace.wire.otlp.SpanIndex;

/// Writes spans in a given order as OTLP `TracesData`; neighbours of one resource and scope share a
/// group.
final class GroupedSpans {

    private static final int RESOURCE_SPANS = 1;
    private static final int SCOPE_SPANS = 2;
    private static final int SPANS = 2;

    private final SpanIndex index;
    private final int[] order;

    private GroupedSpans(SpanIndex index, int[] order) {
        this.index = index;
        this.order = order;
    }

    static Slice write(SpanIndex index, int[] order) {
        return new GroupedSpans(index, order).write();
    }

    private Slice write() {
        var writer = new ProtoWriter(index.spanBytes() + 64 * index.scopes() + 512);
        int from = 0;
        while (from < order.length) {
            int end = endOfResource(from);
            Slice head = index.resourceHead(resource(from));
            int size = head.length();
            for (int at = from; at < end; at = endOfScope(at)) {
                size += ProtoWriter.lengthDelimitedSize(SCOPE_SPANS, scopeSize(at));
            }
            writer.header(RESOURCE_SPANS, size).raw(head.array(), head.offset(), head.length());
            for (int at = from; at < end; at = endOfScope(at)) {
                writeScope(writer, at);
            }
            from = end;
        }
        return writer.finish();
    }

    private void writeScope(ProtoWriter writer, int from) {
        Slice head = index.scopeHead(index.scope(order[from]));
        writer.header(SCOPE_SPANS, scopeSize(from)).raw(head.array(), head.offset(), head.length());
        for (int at = from; at < endOfScope(from); at++) {
            writer.bytes(SPANS, index.span(order[at]));
        }
    }

    private int scopeSize(int from) {
        int size = index.scopeHead(index.scope(order[from])).length();
        int end = endOfScope(from);
        for (int at = from; at < end; at++) {
            size += ProtoWriter.lengthDelimitedSize(SPANS, index.length(order[at]));
        }
        return size;
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
