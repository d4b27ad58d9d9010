package dev.millrace.storage.local;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Makes a body again of what [BodyFold] made of it, walking the rest as the walk through the body
/// went. Used once.
///
/// What is damaged ends in an [IndexOutOfBoundsException] or an [IllegalArgumentException], or in
/// other bytes than there were: whoever stores a body stores a checksum with it.
final class BodyUnfold {

    private static final VarHandle LITTLE_ENDIAN =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final TraceId traceId;
    private final byte[] text;
    private final byte[] ids;
    private final int restEnd;
    private final byte[] body;

    private int restAt;
    private int numberAt;
    private int idAt;
    private int at;
    private long[] spans = new long[64];
    private int spanCount;
    private long start;

    /// @param ids where they are kept
    /// @param idAt where in there they begin
    private BodyUnfold(TraceId traceId, byte[] text, byte[] ids, int idAt) {
        this.traceId = traceId;
        this.text = text;
        this.ids = ids;
        this.idAt = idAt;
        int bodyLength = Math.toIntExact(numberOfHead());
        int restLength = Math.toIntExact(numberOfHead());
        if (bodyLength < 0 || bodyLength > LocalTraceStore.MAX_BODY_BYTES || restLength < 0) {
            throw new IllegalArgumentException("a body of " + bodyLength + " bytes");
        }
        this.restEnd = Math.addExact(restAt, restLength);
        this.numberAt = restEnd;
        this.body = new byte[bodyLength];
    }

    /// @param text all of it
    static Slice unfold(TraceId traceId, byte[] text, byte[] ids, int idAt) {
        var unfold = new BodyUnfold(traceId, text, ids, idAt);
        unfold.message(0, unfold.body.length);
        if (unfold.restAt != unfold.restEnd || unfold.numberAt != text.length) {
            throw new IllegalArgumentException("more of a body than it has room for");
        }
        return Slice.of(unfold.body);
    }

    private void message(int level, int end) {
        while (at < end) {
            long tag = copyVarint();
            switch ((int) tag & 7) {
                case 0 -> copyVarint();
                case 1 -> {
                    if (level == BodyFold.SPAN_LEVEL
                            && (tag == BodyFold.START || tag == BodyFold.END)) {
                        putTime(tag == BodyFold.START);
                    } else {
                        copy(Long.BYTES);
                    }
                }
                case 2 -> lengthDelimited(level, tag);
                case 5 -> copy(Integer.BYTES);
                default -> throw new IllegalArgumentException("wire type " + (tag & 7));
            }
        }
        if (at != end) {
            throw new IllegalArgumentException("a message that does not end where it should");
        }
    }

    private void lengthDelimited(int level, long tag) {
        int length = Math.toIntExact(copyVarint());
        if (length < 0 || length > body.length - at) {
            throw new IllegalArgumentException("a length of " + length);
        }
        if (level < BodyFold.SPAN_LEVEL) {
            if (tag == BodyFold.child(level)) {
                message(level + 1, at + length);
            } else {
                copy(length);
            }
        } else if (tag == BodyFold.TRACE_ID && length == BodyFold.TRACE_ID_BYTES) {
            putId(traceId.high());
            putId(traceId.low());
        } else if (tag == BodyFold.SPAN_ID && length == BodyFold.SPAN_ID_BYTES) {
            if (spanCount == spans.length) {
                spans = Arrays.copyOf(spans, spanCount * 2);
            }
            long id = nextId();
            spans[spanCount++] = id;
            putId(id);
        } else if (tag == BodyFold.PARENT_ID && length == BodyFold.SPAN_ID_BYTES) {
            int back = Math.toIntExact(number());
            putId(back == 0 ? nextId() : spans[spanCount - back]);
        } else {
            copy(length);
        }
    }

    private void putTime(boolean isStart) {
        long zigzag = number();
        long time = start + ((zigzag >>> 1) ^ -(zigzag & 1));
        LITTLE_ENDIAN.set(body, at, time);
        at += Long.BYTES;
        if (isStart) {
            start = time;
        }
    }

    private void putId(long id) {
        BodyFold.BIG_ENDIAN.set(body, at, id);
        at += Long.BYTES;
    }

    private long nextId() {
        long id = (long) BodyFold.BIG_ENDIAN.get(ids, idAt);
        idAt += Long.BYTES;
        return id;
    }

    private void copy(int length) {
        System.arraycopy(text, restAt, body, at, length);
        restAt += length;
        at += length;
    }

    private long copyVarint() {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            byte b = text[restAt++];
            body[at++] = b;
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("a number longer than ten bytes");
    }

    private long numberOfHead() {
        numberAt = restAt;
        long number = number();
        restAt = numberAt;
        return number;
    }

    private long number() {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            byte b = text[numberAt++];
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("a number longer than ten bytes");
    }
}
