package dev.millrace.wire.otlp;

import com.google.protobuf.UnsafeByteOperations;

/// Whether bytes are UTF-8, quickly when they are ASCII as most text of spans is.
public final class Utf8 {

    private static final long HIGH_BITS = 0x8080_8080_8080_8080L;

    private Utf8() {}

    public static boolean isValid(byte[] bytes, int from, int to) {
        return isAscii(bytes, from, to)
                || UnsafeByteOperations.unsafeWrap(bytes, from, to - from).isValidUtf8();
    }

    static boolean isAscii(byte[] bytes, int from, int to) {
        int length = to - from;
        if (length >= 8) {
            long seen = word(bytes, from) | word(bytes, to - 8);
            for (int i = from + 8; i < to - 8; i += 8) {
                seen |= word(bytes, i);
            }
            return (seen & HIGH_BITS) == 0;
        }
        if (length == 0) {
            return true;
        }
        if (to >= 8) {
            // The bytes before the text are shifted out.
            return ((word(bytes, to - 8) >>> (64 - length * 8)) & HIGH_BITS) == 0;
        }
        for (int i = from; i < to; i++) {
            if (bytes[i] < 0) {
                return false;
            }
        }
        return true;
    }

    private static long word(byte[] bytes, int at) {
        return (long) LittleEndian.LONG.get(bytes, at);
    }
}
