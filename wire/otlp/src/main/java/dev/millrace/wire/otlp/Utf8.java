package dev.millrace.wire.otlp;

import com.google.protobuf.UnsafeByteOperations;

/// Whether bytes are UTF-8, quickly when they are ASCII as most text of spans is.
final class Utf8 {

    private static final long HIGH_BITS = 0x8080_8080_8080_8080L;

    private Utf8() {}

    static boolean isValid(byte[] bytes, int from, int to) {
        return isAscii(bytes, from, to)
                || UnsafeByteOperations.unsafeWrap(bytes, from, to - from).isValidUtf8();
    }

    private static boolean isAscii(byte[] bytes, int from, int to) {
        int length = to - from;
        if (length >= Long.BYTES) {
            long seen = (long) LittleEndian.LONG.get(bytes, to - Long.BYTES);
            for (int i = from; i < to - Long.BYTES; i += Long.BYTES) {
                seen |= (long) LittleEndian.LONG.get(bytes, i);
            }
            return (seen & HIGH_BITS) == 0;
        }
        if (length == 0) {
            return true;
        }
        if (to >= Long.BYTES) {
            // The bytes before the text are shifted out.
            long last = (long) LittleEndian.LONG.get(bytes, to - Long.BYTES);
            return ((last >>> (Long.SIZE - length * Byte.SIZE)) & HIGH_BITS) == 0;
        }
        for (int i = from; i < to; i++) {
            if (bytes[i] < 0) {
                return false;
            }
        }
        return true;
    }
}
