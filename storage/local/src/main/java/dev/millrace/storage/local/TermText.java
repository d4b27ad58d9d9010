package dev.millrace.storage.local;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.wire.otlp.ProtoReader;
import java.util.Arrays;

/// Bytes that grow, and the text form of an OTLP `AnyValue` written into them.
///
/// The text is what `toString` of a [dev.millrace.model.AttributeValue] gives for the same value,
/// so that a term made from bytes and one made from a query agree. Not safe for threads.
final class TermText {

    private static final int STRING = ProtoReader.tag(1, ProtoReader.LENGTH_DELIMITED);
    private static final int BOOL = ProtoReader.tag(2, ProtoReader.VARINT);
    private static final int INT = ProtoReader.tag(3, ProtoReader.VARINT);
    private static final int DOUBLE = ProtoReader.tag(4, ProtoReader.FIXED64);
    private static final int ARRAY = ProtoReader.tag(5, ProtoReader.LENGTH_DELIMITED);
    private static final int KEY_VALUES = ProtoReader.tag(6, ProtoReader.LENGTH_DELIMITED);
    private static final int BYTES = ProtoReader.tag(7, ProtoReader.LENGTH_DELIMITED);
    private static final int REPEATED = ProtoReader.tag(1, ProtoReader.LENGTH_DELIMITED);
    private static final int KEY = ProtoReader.tag(1, ProtoReader.LENGTH_DELIMITED);
    private static final int VALUE = ProtoReader.tag(2, ProtoReader.LENGTH_DELIMITED);

    private static final byte[] TRUE = "true".getBytes(ISO_8859_1);
    private static final byte[] FALSE = "false".getBytes(ISO_8859_1);
    private static final byte[] BYTES_BEFORE = "Bytes[value=Slice[".getBytes(ISO_8859_1);
    private static final byte[] BYTES_AFTER = " bytes]]".getBytes(ISO_8859_1);

    private static final int LARGEST_KEPT = 1024 * 1024;

    byte[] bytes = new byte[16 * 1024];
    int length;

    void clear() {
        length = 0;
        if (bytes.length > LARGEST_KEPT) {
            bytes = new byte[16 * 1024];
        }
    }

    void put(int b) {
        if (length == bytes.length) {
            bytes = Arrays.copyOf(bytes, length * 2);
        }
        bytes[length++] = (byte) b;
    }

    void put(byte[] source, int offset, int count) {
        makeRoom(count);
        System.arraycopy(source, offset, bytes, length, count);
        length += count;
    }

    void put(byte[] source) {
        put(source, 0, source.length);
    }

    void makeRoom(int count) {
        if (bytes.length - length < count) {
            bytes = Arrays.copyOf(bytes, Math.max(length + count, length * 2));
        }
    }

    void putVarint(long number) {
        long rest = number;
        while ((rest & ~0x7fL) != 0) {
            put((int) rest | 0x80);
            rest >>>= 7;
        }
        put((int) rest);
    }

    /// Appends at most `room` bytes of the value's text, or a few more where it is nested: callers
    /// cut what they index.
    void putAnyValue(byte[] source, int offset, int count, int room) {
        var reader = new ProtoReader(source, offset, count);
        int begin = length;
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            // The last member of a oneof wins.
            if (reader.field() <= 7) {
                length = begin;
            }
            if (tag == STRING) {
                int size = reader.lengthDelimited();
                put(source, reader.position() - size, Math.min(size, Math.max(room, 0)));
            } else if (tag == INT) {
                putNumber(reader.varint());
            } else if (tag == BOOL) {
                put(reader.varint() != 0 ? TRUE : FALSE);
            } else if (tag == DOUBLE) {
                put(
                        Double.toString(Double.longBitsToDouble(reader.fixed64()))
                                .getBytes(ISO_8859_1));
            } else if (tag == BYTES) {
                int size = reader.lengthDelimited();
                put(BYTES_BEFORE);
                putNumber(size);
                put(BYTES_AFTER);
            } else if (tag == ARRAY) {
                int size = reader.lengthDelimited();
                putArray(source, reader.position() - size, size, room);
            } else if (tag == KEY_VALUES) {
                int size = reader.lengthDelimited();
                putNested(source, reader.position() - size, size, room);
            } else {
                reader.skip();
            }
        }
    }

    private void putArray(byte[] source, int offset, int count, int room) {
        int begin = length;
        var reader = new ProtoReader(source, offset, count);
        put('[');
        boolean first = true;
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag != REPEATED) {
                reader.skip();
                continue;
            }
            int size = reader.lengthDelimited();
            if (length - begin < room) {
                separate(first);
                first = false;
                putAnyValue(source, reader.position() - size, size, room - (length - begin));
            }
        }
        put(']');
    }

    private void putNested(byte[] source, int offset, int count, int room) {
        int begin = length;
        var reader = new ProtoReader(source, offset, count);
        put('{');
        boolean first = true;
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag != REPEATED) {
                reader.skip();
                continue;
            }
            int size = reader.lengthDelimited();
            if (length - begin < room) {
                separate(first);
                first = false;
                putPair(source, reader.position() - size, size, room - (length - begin));
            }
        }
        put('}');
    }

    private void putPair(byte[] source, int offset, int count, int room) {
        var reader = new ProtoReader(source, offset, count);
        int keyAt = 0;
        int keySize = 0;
        int valueAt = 0;
        int valueSize = 0;
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag == KEY) {
                keySize = reader.lengthDelimited();
                keyAt = reader.position() - keySize;
            } else if (tag == VALUE) {
                valueSize = reader.lengthDelimited();
                valueAt = reader.position() - valueSize;
            } else {
                reader.skip();
            }
        }
        put(source, keyAt, Math.min(keySize, room));
        put('=');
        putAnyValue(source, valueAt, valueSize, room - keySize);
    }

    private void separate(boolean first) {
        if (!first) {
            put(',');
            put(' ');
        }
    }

    private void putNumber(long number) {
        if (number >= 0 && number < 1_000_000_000L) {
            int rest = (int) number;
            int digits = 1;
            for (int bound = 10; digits < 9 && rest >= bound; bound *= 10) {
                digits++;
            }
            while (bytes.length - length < digits) {
                bytes = Arrays.copyOf(bytes, bytes.length * 2);
            }
            for (int at = length + digits - 1; at >= length; at--) {
                bytes[at] = (byte) ('0' + rest % 10);
                rest /= 10;
            }
            length += digits;
        } else {
            put(Long.toString(number).getBytes(UTF_8));
        }
    }
}
