package dev.millrace.wire.otlp;

import dev.millrace.model.Slice;

/// Walks the fields of one protobuf message without copying or building anything.
///
/// Call [#next()] until it returns 0; after each, read the value with the method of its wire type
/// or [#skip()] it. Every length is checked against the message's end, so a message that lies about
/// its lengths ends in a [MalformedSpansException] and never reads outside. Not safe for threads;
/// cheap enough to make one per message.
public final class ProtoReader {

    public static final int VARINT = 0;
    public static final int FIXED64 = 1;
    public static final int LENGTH_DELIMITED = 2;
    public static final int FIXED32 = 5;

    private final byte[] bytes;
    private final int end;
    private int position;
    private int tag;

    public ProtoReader(byte[] bytes, int offset, int length) {
        this.bytes = bytes;
        this.position = offset;
        this.end = offset + length;
    }

    public static ProtoReader of(Slice slice) {
        return new ProtoReader(slice.array(), slice.offset(), slice.length());
    }

    /// Moves to the next field and returns its tag, field number shifted left by three plus wire
    /// type; 0 at the end of the message.
    public int next() {
        if (position == end) {
            tag = 0;
            return 0;
        }
        long value = varint();
        if (value < 8 || value > 0xffffffffL) {
            throw malformed("field number 0 or over 29 bits");
        }
        tag = (int) value;
        return tag;
    }

    /// The field number of the current tag.
    public int field() {
        return tag >>> 3;
    }

    /// The wire type of the current tag.
    public int wireType() {
        return tag & 7;
    }

    /// Where the next byte will be read, in the underlying array.
    public int position() {
        return position;
    }

    /// The tag of a field with a wire type, for use in a switch or comparison.
    public static int tag(int field, int wireType) {
        return field << 3 | wireType;
    }

    public long varint() {
        int at = position;
        if (at < end) {
            byte first = bytes[at];
            if (first >= 0) {
                position = at + 1;
                return first;
            }
        }
        return longVarint();
    }

    private long longVarint() {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            if (position == end) {
                throw malformed("ends inside a number");
            }
            byte b = bytes[position++];
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw malformed("a number longer than ten bytes");
    }

    /// Eight bytes, little-endian.
    public long fixed64() {
        if (end - position < 8) {
            throw malformed("ends inside a fixed64");
        }
        long value = (long) LittleEndian.LONG.get(bytes, position);
        position += 8;
        return value;
    }

    /// Four bytes, little-endian.
    public int fixed32() {
        if (end - position < 4) {
            throw malformed("ends inside a fixed32");
        }
        int value = (int) LittleEndian.INT.get(bytes, position);
        position += 4;
        return value;
    }

    /// Reads a length and moves past that many bytes; they begin at [#position()] minus the result.
    public int lengthDelimited() {
        long length = varint();
        if (length < 0 || length > end - position) {
            throw malformed("a length of " + length + " with " + (end - position) + " bytes left");
        }
        position += (int) length;
        return (int) length;
    }

    /// Reads a length-delimited field as a slice of the underlying array.
    public Slice slice() {
        int length = lengthDelimited();
        return Slice.of(bytes, position - length, length);
    }

    /// Moves past the value of the current field, whatever it is.
    public void skip() {
        switch (tag & 7) {
            case VARINT -> varint();
            case FIXED64 -> fixed64();
            case LENGTH_DELIMITED -> lengthDelimited();
            case FIXED32 -> fixed32();
            default -> throw malformed("wire type " + (tag & 7) + " in field " + field());
        }
    }

    private MalformedSpansException malformed(String what) {
        return new MalformedSpansException("not OTLP: " + what + " (at byte " + position + ")");
    }
}
