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
