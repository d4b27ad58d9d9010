package dev.millrace.wire.zipkin;

import dev.millrace.wire.otlp.MalformedSpansException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The texts of one span: ranges of the body, or of a scratch buffer where they had to be
/// unescaped.
///
/// A text is a `long`, so that a span needs no objects: its length in the upper half, its start in
/// the lower, which is the complement for one in the scratch buffer. [#NONE] is the empty text.
final class Texts {

    static final long NONE = 0;

    private static final int MIN_SCRATCH = 256;

    private final byte[] body;
    private final int maxScratch;
    private byte[] scratch = new byte[MIN_SCRATCH];
    private int used;

    Texts(byte[] body, int maxScratch) {
        this.body = body;
        this.maxScratch = maxScratch;
    }

    /// Forgets what is in the scratch buffer.
    void clear() {
        used = 0;
    }

    static long inBody(int from, int to) {
        return (long) (to - from) << 32 | from;
    }

    static int length(long text) {
        return (int) (text >>> 32);
    }

    byte[] array(long text) {
        return (int) text < 0 ? scratch : body;
    }

    static int from(long text) {
        int start = (int) text;
        return start < 0 ? ~start : start;
    }

    String string(long text) {
        return new String(array(text), from(text), length(text), StandardCharsets.UTF_8);
    }

    boolean same(long left, long right) {
        return length(left) == length(right)
                && Arrays.equals(
                        array(left),
                        from(left),
                        from(left) + length(left),
                        array(right),
                        from(right),
                        from(right) + length(right));
    }

    int compare(long left, long right) {
        return Arrays.compareUnsigned(
                array(left),
                from(left),
                from(left) + length(left),
                array(right),
                from(right),
                from(right) + length(right));
    }

    boolean is(long text, byte[] expected) {
        int length = expected.length;
        if (length(text) != length) {
            return false;
        }
        byte[] bytes = array(text);
        int from = from(text);
        for (int i = 0; i < length; i++) {
            if (bytes[from + i] != expected[i]) {
                return false;
            }
        }
        return true;
    }

    long add(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int mark = used;
        append(bytes, 0, bytes.length);
        return since(mark);
    }

    /// Where a text begins that is appended next; see [#since(int)].
    int mark() {
        return used;
    }

    long since(int mark) {
        return (long) (used - mark) << 32 | (~mark & 0xffff_ffffL);
    }

    void append(byte[] bytes, int from, int length) {
        reserve(length);
        System.arraycopy(bytes, from, scratch, used, length);
        used += length;
    }

    void append(int codePoint) {
        reserve(4);
        if (codePoint < 0x80) {
            scratch[used++] = (byte) codePoint;
            return;
        }
        if (codePoint < 0x800) {
            scratch[used++] = (byte) (0xc0 | codePoint >> 6);
        } else {
            if (codePoint < 0x10000) {
                scratch[used++] = (byte) (0xe0 | codePoint >> 12);
            } else {
                scratch[used++] = (byte) (0xf0 | codePoint >> 18);
                scratch[used++] = (byte) (0x80 | (codePoint >> 12 & 0x3f));
            }
            scratch[used++] = (byte) (0x80 | (codePoint >> 6 & 0x3f));
        }
        scratch[used++] = (byte) (0x80 | (codePoint & 0x3f));
    }

    private void reserve(int more) {
        long least = (long) used + more;
        if (least > scratch.length) {
            if (least > maxScratch) {
                throw new MalformedSpansException(
                        "texts of a span: too large (expected: at most %d bytes)"
                                .formatted(maxScratch));
            }
            scratch =
                    Arrays.copyOf(scratch, (int) Math.max(least, Math.min(2L * used, maxScratch)));
        }
    }
}
