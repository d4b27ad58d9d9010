package dev.millrace.storage.local;

import static dev.millrace.wire.otlp.ProtoReader.FIXED64;
import static dev.millrace.wire.otlp.ProtoReader.LENGTH_DELIMITED;
import static dev.millrace.wire.otlp.ProtoReader.tag;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.ProtoReader;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Takes ids and times out of a body, so that what is left repeats from trace to trace.
///
/// A folded body is a text, which compresses well, and ids, which nothing compresses. The text is
/// the length of the body, the length of the rest, the rest, and numbers. The rest is the body
/// without the payloads of some fields of its spans:
///
/// | field | becomes |
/// |---|---|
/// | trace id | nothing: it is the fragment's |
/// | span id | an id |
/// | parent's id | the number of spans back to the parent; 0, and an id, where it is not among the last 64 |
/// | start | a number: what it is later than the start before |
/// | end | a number: what it is later than the start before |
///
/// Tags and lengths stay, so that it can be seen in the rest where something was taken out, and
/// [BodyUnfold] makes the same bytes of it again. The result stays valid until the next body. Not
/// safe for threads.
final class BodyFold {

    /// How deep in a body the spans lie, and by which field each level holds the next.
    static final int SPAN_LEVEL = 3;

    static final int TRACE_ID = tag(1, LENGTH_DELIMITED);
    static final int SPAN_ID = tag(2, LENGTH_DELIMITED);
    static final int PARENT_ID = tag(4, LENGTH_DELIMITED);
    static final int START = tag(7, FIXED64);
    static final int END = tag(8, FIXED64);
    static final int TRACE_ID_BYTES = 16;
    static final int SPAN_ID_BYTES = 8;

    /// How far back a parent is looked for.
    static final int LOOK_BACK = 64;

    static final VarHandle BIG_ENDIAN =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private static final int[] CHILDREN = {
        tag(1, LENGTH_DELIMITED), tag(2, LENGTH_DELIMITED), tag(2, LENGTH_DELIMITED)
    };

    // Two lengths of five bytes at most stand before the rest.
    private static final int HEAD = 10;

    private final TermText text = new TermText();
    private final TermText numbers = new TermText();
    private final TermText ids = new TermText();
    private long[] spans = new long[64];
    private int spanCount;
    private int textAt;

    private byte[] source = Slice.EMPTY.array();
    private int copied;
    private long traceHigh;
    private long traceLow;
    private long start;

    /// The tag of the field that holds the messages of the next level.
    static int child(int level) {
        return CHILDREN[level];
    }

    /// @return false when it cannot be folded: a span is of another trace, or it is no OTLP
    boolean fold(TraceId traceId, Slice body) {
        text.clear();
        numbers.clear();
        ids.clear();
        spanCount = 0;
        start = 0;
        source = body.array();
        copied = body.offset();
        traceHigh = traceId.high();
        traceLow = traceId.low();
        text.length = HEAD;
        text.makeRoom(body.length());
        try {
            if (!foldMessage(0, ProtoReader.of(body))) {
                return false;
            }
        } catch (MalformedSpansException _) {
            return false;
        }
        text.put(source, copied, body.offset() + body.length() - copied);
        int restLength = text.length - HEAD;
        text.put(numbers.bytes, 0, numbers.length);
        int end = text.length;
        textAt = HEAD - varintSize(body.length()) - varintSize(restLength);
        text.length = textAt;
        text.putVarint(body.length());
        text.putVarint(restLength);
        text.length = end;
        return true;
    }

    /// Valid until the next body is folded.
    Slice text() {
        return Slice.of(text.bytes, textAt, text.length - textAt);
    }

    byte[] ids() {
        return ids.bytes;
    }

    int idCount() {
        return ids.length / SPAN_ID_BYTES;
    }

    private boolean foldMessage(int level, ProtoReader message) {
        for (int tag = message.next(); tag != 0; tag = message.next()) {
            if (level == SPAN_LEVEL) {
                if (!foldField(tag, message)) {
                    return false;
                }
            } else if (tag == CHILDREN[level]) {
                int size = message.lengthDelimited();
                var child = new ProtoReader(source, message.position() - size, size);
                if (!foldMessage(level + 1, child)) {
                    return false;
                }
            } else {
                message.skip();
            }
        }
        return true;
    }

    private boolean foldField(int tag, ProtoReader span) {
        if (tag == TRACE_ID) {
            int size = span.lengthDelimited();
            if (size == TRACE_ID_BYTES) {
                int at = span.position() - size;
                if ((long) BIG_ENDIAN.get(source, at) != traceHigh
                        || (long) BIG_ENDIAN.get(source, at + 8) != traceLow) {
                    return false;
                }
                takeOut(span.position(), size);
            }
        } else if (tag == SPAN_ID || tag == PARENT_ID) {
            int size = span.lengthDelimited();
            if (size == SPAN_ID_BYTES) {
                takeOut(span.position(), size);
                long id = (long) BIG_ENDIAN.get(source, span.position() - size);
                if (tag == SPAN_ID) {
                    putSpan(id);
                } else {
                    putParent(id);
                }
            }
        } else if (tag == START) {
            long time = span.fixed64();
            takeOut(span.position(), Long.BYTES);
            putDifference(time - start);
            start = time;
        } else if (tag == END) {
            long time = span.fixed64();
            takeOut(span.position(), Long.BYTES);
            putDifference(time - start);
        } else {
            span.skip();
        }
        return true;
    }

    private void takeOut(int end, int size) {
        text.put(source, copied, end - size - copied);
        copied = end;
    }

    private void putSpan(long id) {
        if (spanCount == spans.length) {
            spans = Arrays.copyOf(spans, spanCount * 2);
        }
        spans[spanCount++] = id;
        putId(id);
    }

    private void putParent(long id) {
        for (int back = 1; back <= Math.min(LOOK_BACK, spanCount); back++) {
            if (spans[spanCount - back] == id) {
                numbers.putVarint(back);
                return;
            }
        }
        numbers.putVarint(0);
        putId(id);
    }

    private void putId(long id) {
        ids.makeRoom(SPAN_ID_BYTES);
        BIG_ENDIAN.set(ids.bytes, ids.length, id);
        ids.length += SPAN_ID_BYTES;
    }

    // Small numbers of either sign stay short.
    private void putDifference(long difference) {
        numbers.putVarint((difference << 1) ^ (difference >> 63));
    }

    private static int varintSize(int number) {
        return (Math.max(32 - Integer.numberOfLeadingZeros(number), 1) + 6) / 7;
    }
}
