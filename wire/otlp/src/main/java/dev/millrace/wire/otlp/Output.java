package dev.millrace.wire.otlp;

import java.util.Arrays;

/// A growing array of protobuf bytes.
final class Output {

    private byte[] bytes;
    private int size;

    Output(int capacity) {
        bytes = new byte[capacity];
    }

    /// The array written to, which more writing may replace.
    byte[] array() {
        return bytes;
    }

    int size() {
        return size;
    }

    void raw(byte[] source, int from, int to) {
        reserve(to - from);
        System.arraycopy(source, from, bytes, size, to - from);
        size += to - from;
    }

    void varint(long value) {
        reserve(10);
        size = putVarint(bytes, size, value);
    }

    /// Eight bytes, little-endian.
    void fixed64(long value) {
        reserve(Long.BYTES);
        LittleEndian.LONG.set(bytes, size, value);
        size += Long.BYTES;
    }

    void delimited(int tag, byte[] value, int from, int to) {
        varint(Integer.toUnsignedLong(tag));
        varint(to - from);
        raw(value, from, to);
    }

    void delimited(int tag, byte[] value) {
        delimited(tag, value, 0, value.length);
    }

    void delimited(int tag, Output value) {
        delimited(tag, value.bytes, 0, value.size);
    }

    private void reserve(int more) {
        if (more > bytes.length - size) {
            int least = Math.addExact(size, more);
            bytes = Arrays.copyOf(bytes, Math.max(least, Math.min(2 * least, 1 << 30)));
        }
    }

    /// Writes a number and returns the position after it.
    static int putVarint(byte[] target, int position, long value) {
        int at = position;
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            target[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        target[at++] = (byte) rest;
        return at;
    }

    /// How many bytes [#putVarint] writes.
    static int varintSize(long value) {
        return (Long.SIZE + 6 - Long.numberOfLeadingZeros(value | 1)) / 7;
    }
}
