package dev.millrace.wire.otlp;

/// Protobuf's wire format for the hot path: what [ProtoReader] does, without an object per message.
///
/// The methods that return two positions pack them into one `long`, the first in its low half, so
/// that they stay in registers: see [#low] and [#high].
final class Wire {

    private Wire() {}

    static int low(long pair) {
        return (int) pair;
    }

    static int high(long pair) {
        return (int) (pair >>> 32);
    }

    static long pair(int low, int high) {
        return ((long) high << 32) | (low & 0xffffffffL);
    }

    /// The tag at a position before `end`, and the position after it.
    static long tag(byte[] bytes, int position, int end) {
        int first = bytes[position];
        if (first >= 8) {
            return pair(first, position + 1);
        }
        return longTag(bytes, position, end);
    }

    private static long longTag(byte[] bytes, int position, int end) {
        int after = skipVarint(bytes, position, end);
        long value = varint(bytes, position, after);
        if (value < 8 || value > 0xffffffffL) {
            throw malformed("field number 0 or over 29 bits", position);
        }
        return pair((int) value, after);
    }

    /// Where the length-delimited value that begins with its length at a position starts and stops.
    static long delimited(byte[] bytes, int position, int end) {
        if (position < end) {
            int first = bytes[position];
            if (first >= 0 && first < end - position) {
                return pair(position + 1, position + 1 + first);
            }
        }
        return longDelimited(bytes, position, end);
    }

    private static long longDelimited(byte[] bytes, int position, int end) {
        int start = skipVarint(bytes, position, end);
        long length = varint(bytes, position, start);
        if (length < 0 || length > end - start) {
            throw malformed(
                    "a length of " + length + " with " + (end - start) + " bytes left", position);
        }
        return pair(start, start + (int) length);
    }

    /// The number whose bytes are known to lie between two positions.
    static long varint(byte[] bytes, int from, int to) {
        long value = 0;
        for (int i = to - 1; i >= from; i--) {
            value = (value << 7) | (bytes[i] & 0x7f);
        }
        return value;
    }

    static int skipVarint(byte[] bytes, int position, int end) {
        int last = Math.min(end, position + 10);
        for (int i = position; i < last; i++) {
            if (bytes[i] >= 0) {
                return i + 1;
            }
        }
        throw malformed(
                end - position < 10 ? "ends inside a number" : "a number longer than ten bytes",
                position);
    }

    /// Moves past a value of the tag's wire type.
    static int skip(byte[] bytes, int tag, int position, int end) {
        return switch (tag & 7) {
            case ProtoReader.VARINT -> skipVarint(bytes, position, end);
            case ProtoReader.FIXED64 -> skipFixed(position, 8, end);
            case ProtoReader.LENGTH_DELIMITED -> high(delimited(bytes, position, end));
            case ProtoReader.FIXED32 -> skipFixed(position, 4, end);
            default -> throw malformed("wire type " + (tag & 7) + " in " + field(tag), position);
        };
    }

    private static int skipFixed(int position, int width, int end) {
        if (end - position < width) {
            throw malformed("ends inside a number of " + width + " bytes", position);
        }
        return position + width;
    }

    static MalformedSpansException wrongType(int tag, int position) {
        return malformed("wire type " + (tag & 7) + " in the known " + field(tag), position);
    }

    private static String field(int tag) {
        return "field " + (tag >>> 3);
    }

    static MalformedSpansException malformed(String what, int position) {
        return new MalformedSpansException("not OTLP: " + what + " (at byte " + position + ")");
    }
}
