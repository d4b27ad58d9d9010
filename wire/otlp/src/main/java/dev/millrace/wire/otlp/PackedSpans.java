package dev.millrace.wire.otlp;

import dev.millrace.model.Slice;
import java.util.List;

/// Sorts a body with spans of several traces by trace again.
///
/// Trusts [TraceSplitter] to have checked what is nested in the spans, and looks only at what
/// sorting needs. The same bytes always give the same chunks in the same order.
public final class PackedSpans {

    private static final int RESOURCE_SPANS = tag(1);
    private static final int CHILDREN = tag(2);
    private static final int TRACE_ID = tag(1);

    private final byte[] bytes;
    private final TraceTable table = new TraceTable(Grouping.TRACE);

    private PackedSpans(byte[] bytes) {
        this.bytes = bytes;
    }

    /// @param body OTLP `TracesData`
    /// @return one chunk per trace, in order of first appearance
    /// @throws MalformedSpansException when the body is not OTLP, or a span has no valid trace id
    public static List<TraceChunk> byTrace(Slice body) {
        return new PackedSpans(body.array()).sort(body);
    }

    private static int tag(int field) {
        return ProtoReader.tag(field, ProtoReader.LENGTH_DELIMITED);
    }

    private List<TraceChunk> sort(Slice body) {
        int position = body.offset();
        int end = position + body.length();
        while (position < end) {
            long tag = Wire.tag(bytes, position, end);
            int after = Wire.skip(bytes, Wire.low(tag), Wire.high(tag), end);
            if (Wire.low(tag) == RESOURCE_SPANS) {
                children(table.addResource(), true, content(tag, after), after);
            }
            position = after;
        }
        return table.chunks(body, Slice.EMPTY.array());
    }

    /// Both messages keep what repeats in field 2, and all else is their header.
    private void children(int group, boolean ofResource, int from, int to) {
        int position = from;
        while (position < to) {
            long tag = Wire.tag(bytes, position, to);
            int after = Wire.skip(bytes, Wire.low(tag), Wire.high(tag), to);
            if (Wire.low(tag) != CHILDREN) {
                table.addHeader(group, position, after - position);
            } else if (ofResource) {
                children(table.addScope(group), false, content(tag, after), after);
            } else {
                span(group, position, content(tag, after), after);
            }
            position = after;
        }
    }

    private void span(int scope, int start, int from, int to) {
        int position = from;
        int id = -1;
        while (position < to) {
            long tag = Wire.tag(bytes, position, to);
            position = Wire.skip(bytes, Wire.low(tag), Wire.high(tag), to);
            if (Wire.low(tag) == TRACE_ID) {
                int value = content(tag, position);
                id = position - value == 16 ? value : -1;
            }
        }
        if (id < 0 || (bits(id) | bits(id + 8)) == 0) {
            throw Wire.malformed("a span without a valid trace id", from);
        }
        table.addSpan(bits(id), bits(id + 8), scope, start, to - start);
    }

    /// Where the value begins of a length-delimited field that is known to be whole.
    private int content(long tag, int after) {
        return Wire.low(Wire.delimited(bytes, Wire.high(tag), after));
    }

    private long bits(int offset) {
        return Long.reverseBytes((long) LittleEndian.LONG.get(bytes, offset));
    }
}
