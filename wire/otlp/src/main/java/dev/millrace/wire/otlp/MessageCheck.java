package dev.millrace.wire.otlp;

/// Checks the structure of OTLP messages down to the last nested field, and notes whether anything
/// in them must be repaired before it may go on.
///
/// Accepts nothing that protobuf's own parser would refuse, but for text that is not UTF-8, which
/// [MessageRepair] mends. Stricter than that parser in three things: a known field with another
/// wire type, a group, and values nested deeper than [#MAX_DEPTH] are malformed.
final class MessageCheck {

    /// How many attribute values may be nested in each other: with the messages around and between
    /// them this stays below the 100 levels that protobuf's parsers allow.
    static final int MAX_DEPTH = 32;

    private static final byte KEY = 1 << 3 | ProtoReader.LENGTH_DELIMITED;
    private static final byte VALUE = 2 << 3 | ProtoReader.LENGTH_DELIMITED;
    private static final byte TEXT = 1 << 3 | ProtoReader.LENGTH_DELIMITED;
    private static final byte INT = 3 << 3 | ProtoReader.VARINT;

    private final byte[] bytes;
    private final int maxAttributeBytes;
    private final int maxAttributes;
    private final int maxDepth;
    private boolean repairNeeded;

    MessageCheck(byte[] bytes, SpanLimits limits) {
        this.bytes = bytes;
        this.maxAttributeBytes = limits.maxAttributeBytes();
        this.maxAttributes = limits.maxAttributes();
        this.maxDepth = limits.maxDepth();
    }

    /// Whether something needed repair since the last [#reset].
    boolean repairNeeded() {
        return repairNeeded;
    }

    void reset() {
        repairNeeded = false;
    }

    /// Checks the value of one field and returns the position after it.
    ///
    /// @param shape the message that holds the field
    /// @param position after the tag
    int field(Shape shape, int tag, int position, int end) {
        return field(shape, tag, position, end, 1);
    }

    private int field(Shape shape, int tag, int position, int end, int depth) {
        int content = shape.content(tag);
        if (content == Shape.OTHER) {
            return Wire.skip(bytes, tag, position, end);
        }
        if (content == Shape.WRONG) {
            throw Wire.wrongType(tag, position);
        }
        long value = Wire.delimited(bytes, position, end);
        int start = Wire.low(value);
        int stop = Wire.high(value);
        switch (content) {
            case Shape.TEXT -> text(start, stop);
            case Shape.ATTRIBUTE -> {
                if (!isPlainAttribute(start, stop)) {
                    message(shape.child(tag), start, stop, depth);
                }
            }
            case Shape.MESSAGE -> message(shape.child(tag), start, stop, depth);
            case Shape.VALUE_TEXT -> {
                text(start, stop);
                limit(start, stop);
            }
            case Shape.VALUE_BYTES -> limit(start, stop);
            case Shape.CONTAINER -> {
                if (depth == MAX_DEPTH) {
                    throw Wire.malformed("values nested deeper than " + MAX_DEPTH, start);
                }
                repairNeeded |= depth >= maxDepth;
                message(shape.child(tag), start, stop, depth + 1);
            }
            case Shape.LINK_OF_SPAN -> {
                message(shape.child(tag), start, stop, depth);
                repairNeeded |= !linkHasIds(bytes, start, stop);
            }
            default -> throw new IllegalStateException("content: " + content);
        }
        return stop;
    }

    private void message(Shape shape, int from, int to, int depth) {
        int attributes = 0;
        int position = from;
        while (position < to) {
            long tag = Wire.tag(bytes, position, to);
            position = field(shape, Wire.low(tag), Wire.high(tag), to, depth);
            if (shape.content(Wire.low(tag)) == Shape.ATTRIBUTE) {
                attributes++;
            }
        }
        repairNeeded |= attributes > maxAttributes;
    }

    /// A short cut for what most attributes are: a key and then text in ASCII or an integer, with
    /// lengths of one byte that fit each other. Whatever else may be valid too goes the long way.
    private boolean isPlainAttribute(int start, int stop) {
        if (stop - start < 6 || bytes[start] != KEY || bytes[start + 1] < 0) {
            return false;
        }
        int value = start + 2 + bytes[start + 1];
        if (stop - value < 4 || bytes[value] != VALUE || bytes[value + 1] != stop - value - 2) {
            return false;
        }
        int content = value + 3;
        return switch (bytes[value + 2]) {
            case TEXT ->
                    bytes[content] == stop - content - 1
                            && bytes[content] <= maxAttributeBytes
                            && Utf8.isAscii(bytes, start, stop);
            case INT ->
                    Wire.skipVarint(bytes, content, stop) == stop
                            && Utf8.isAscii(bytes, start, value);
            default -> false;
        };
    }

    private void text(int start, int stop) {
        if (!Utf8.isValid(bytes, start, stop)) {
            repairNeeded = true;
        }
    }

    private void limit(int start, int stop) {
        if (stop - start > maxAttributeBytes) {
            repairNeeded = true;
        }
    }

    /// Whether a link that is well-formed points to a valid span.
    static boolean linkHasIds(byte[] bytes, int from, int to) {
        boolean traceId = false;
        boolean spanId = false;
        var link = new ProtoReader(bytes, from, to - from);
        for (int tag = link.next(); tag != 0; tag = link.next()) {
            switch (link.field()) {
                case 1 -> traceId = isId(bytes, link, 16);
                case 2 -> spanId = isId(bytes, link, 8);
                default -> link.skip();
            }
        }
        return traceId && spanId;
    }

    private static boolean isId(byte[] bytes, ProtoReader message, int size) {
        int length = message.lengthDelimited();
        if (length != size) {
            return false;
        }
        long bits = 0;
        for (int i = message.position() - size; i < message.position(); i += Long.BYTES) {
            bits |= (long) LittleEndian.LONG.get(bytes, i);
        }
        return bits != 0;
    }
}
