package dev.millrace.load.traffic;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Where in the bytes of a template ids and times stand, and how they are written there.
///
/// They are found by their sample values, in whatever encoding the template is. Ids stand as eight
/// bytes or as sixteen hexadecimal digits, times as nanoseconds or microseconds of eight bytes, as
/// sixteen decimal digits of microseconds, or as protobuf's `Timestamp`. All take the same room
/// whatever their value.
final class Slots {

    /// What may stand in a slot.
    static final int TRACE_HIGH = 0;

    static final int TRACE_LOW = 1;
    static final int SPAN = 2;
    static final int PARENT = 3;
    static final int START = 4;
    static final int END = 5;

    private static final int WHATS = 6;

    /// How it is written.
    private enum Form {
        BYTES,
        HEX,
        NANOS,
        MICROS,
        DECIMAL,
        TIMESTAMP
    }

    private static final VarHandle BIG_ENDIAN =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LITTLE_ENDIAN =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final byte[] HEX_DIGITS = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final int DIGITS = 16;

    /// Begins every sample id; nothing else in a template does.
    private static final int MAGIC = 0xf1a6f1a6;

    // Enough nanoseconds beyond the second that a varint of them takes all of its five bytes.
    private static final long SAMPLE_START = 1_790_000_000_300_000_000L;
    private static final long LONGEST_SAMPLE = 60_000_000;
    private static final long NANOS_PER_MICRO = 1_000;
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final int VARINT_BYTES = 5;
    private static final int TIMESTAMP_BYTES = 2 + 2 * VARINT_BYTES;
    private static final int SECONDS_TAG = 1 << 3;
    private static final int NANOS_TAG = 2 << 3;

    private final int spans;
    private int count;
    private int[] at = new int[4_096];
    private int[] index = new int[4_096];
    private Form[] form = new Form[4_096];

    /// @param body of spans that have sample values
    /// @param spans how many; fewer than a thousand
    Slots(byte[] body, int spans) {
        this.spans = spans;
        for (int i = 0; i + Long.BYTES <= body.length; i++) {
            find(body, i);
        }
    }

    /// The id of a span of the template.
    static long sampleId(int what, int span) {
        return (long) MAGIC << 32 | (long) what << 16 | span;
    }

    /// When a span of the template starts; it takes whole milliseconds, fewer than sixty.
    static long sampleStart(int span) {
        return SAMPLE_START + span * NANOS_PER_MICRO;
    }

    /// Where in an array of values a slot's is.
    static int index(int span, int what) {
        return span * WHATS + what;
    }

    static long[] values(int spans) {
        return new long[spans * WHATS];
    }

    int count() {
        return count;
    }

    /// Puts values in place of those that are there.
    void fill(byte[] copy, long[] values) {
        for (int i = 0; i < count; i++) {
            long value = values[index[i]];
            int position = at[i];
            switch (form[i]) {
                case BYTES -> BIG_ENDIAN.set(copy, position, value);
                case NANOS -> LITTLE_ENDIAN.set(copy, position, value);
                case MICROS -> LITTLE_ENDIAN.set(copy, position, value / NANOS_PER_MICRO);
                case HEX -> {
                    for (int digit = DIGITS - 1; digit >= 0; digit--, value >>>= 4) {
                        copy[position + digit] = HEX_DIGITS[(int) value & 0xf];
                    }
                }
                case DECIMAL -> {
                    long rest = value / NANOS_PER_MICRO;
                    for (int digit = DIGITS - 1; digit >= 0; digit--, rest /= 10) {
                        copy[position + digit] = (byte) ('0' + rest % 10);
                    }
                }
                case TIMESTAMP -> {
                    putVarint(copy, position + 1, value / NANOS_PER_SECOND);
                    putVarint(copy, position + 2 + VARINT_BYTES, value % NANOS_PER_SECOND);
                }
            }
        }
    }

    private void find(byte[] body, int i) {
        long bigEndian = (long) BIG_ENDIAN.get(body, i);
        long littleEndian = (long) LITTLE_ENDIAN.get(body, i);
        int first = body[i];
        id(bigEndian, i, Form.BYTES);
        time(littleEndian, i, Form.NANOS);
        if (littleEndian >= SAMPLE_START / NANOS_PER_MICRO && littleEndian < SAMPLE_START) {
            micros(littleEndian, i, Form.MICROS);
        }
        if (first == 'f' && i + DIGITS <= body.length) {
            id(number(body, i, 16), i, Form.HEX);
        }
        if (first == '1' && i + DIGITS <= body.length) {
            micros(number(body, i, 10), i, Form.DECIMAL);
        }
        if (first == SECONDS_TAG
                && i + TIMESTAMP_BYTES <= body.length
                && body[i + 1 + VARINT_BYTES] == NANOS_TAG) {
            long seconds = varint(body, i + 1);
            long nanos = varint(body, i + 2 + VARINT_BYTES);
            if (seconds == SAMPLE_START / NANOS_PER_SECOND) {
                time(seconds * NANOS_PER_SECOND + nanos, i, Form.TIMESTAMP);
            }
        }
    }

    private void id(long value, int position, Form how) {
        int span = (int) (value & 0xffff);
        int what = (int) (value >>> 16 & 0xffff);
        if ((int) (value >>> 32) == MAGIC && what <= PARENT && span < spans) {
            add(position, span, what, how);
        }
    }

    private void micros(long micros, int position, Form how) {
        if (micros < SAMPLE_START / NANOS_PER_MICRO + LONGEST_SAMPLE) {
            time(micros * NANOS_PER_MICRO, position, how);
        }
    }

    private void time(long nanos, int position, Form how) {
        long offset = nanos - SAMPLE_START;
        if (offset >= 0 && offset < LONGEST_SAMPLE && offset % NANOS_PER_MICRO == 0) {
            int span = (int) (offset % NANOS_PER_MILLI / NANOS_PER_MICRO);
            if (span < spans) {
                add(position, span, offset < NANOS_PER_MILLI ? START : END, how);
            }
        }
    }

    private void add(int position, int span, int what, Form how) {
        if (count == at.length) {
            at = Arrays.copyOf(at, 2 * count);
            index = Arrays.copyOf(index, 2 * count);
            form = Arrays.copyOf(form, 2 * count);
        }
        at[count] = position;
        index[count] = index(span, what);
        form[count] = how;
        count++;
    }

    // Negative when there is another character among the sixteen.
    private static long number(byte[] body, int position, int radix) {
        long value = 0;
        for (int i = position; i < position + DIGITS; i++) {
            int digit = Character.digit(body[i], radix);
            if (digit < 0) {
                return -1;
            }
            value = value * radix + digit;
        }
        return value;
    }

    private static long varint(byte[] body, int position) {
        long value = 0;
        for (int i = 0; i < VARINT_BYTES; i++) {
            value |= (body[position + i] & 0x7fL) << (7 * i);
        }
        return value;
    }

    // Always of five bytes, the last ones being empty if need be, which protobuf allows.
    private static void putVarint(byte[] copy, int position, long value) {
        for (int i = 0; i < VARINT_BYTES; i++) {
            int more = i < VARINT_BYTES - 1 ? 0x80 : 0;
            copy[position + i] = (byte) ((value >>> (7 * i) & 0x7f) | more);
        }
    }
}
