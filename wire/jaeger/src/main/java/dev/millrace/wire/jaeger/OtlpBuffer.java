package dev.millrace.wire.jaeger;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.ProtoReader;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// A growing array of protobuf bytes with a limit, whose nested messages get their length when they
/// end.
final class OtlpBuffer {

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle BIG_LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final int maxBytes;
    private byte[] bytes;
    private int size;

    OtlpBuffer(int expectedBytes, int maxBytes) {
        this.maxBytes = maxBytes;
        bytes = new byte[Math.min(expectedBytes, maxBytes)];
    }

    int size() {
        return size;
    }

    byte[] array() {
        return bytes;
    }

    void clear() {
        size = 0;
    }

    /// What was written so far; shares the array.
    Slice finish() {
        return Slice.of(bytes, 0, size);
    }

    boolean sameAs(OtlpBuffer other) {
        return Arrays.equals(bytes, 0, size, other.bytes, 0, other.size);
    }

    /// Begins a nested message; give the result to [#end].
    int begin(int field) {
        tag(field, ProtoReader.LENGTH_DELIMITED);
        reserve(1);
        return ++size;
    }

    /// Ends the nested message that began at `start`. One byte was kept free for the length; a
    /// longer message moves.
    void end(int start) {
        int length = size - start;
        if (length < 0x80) {
            bytes[start - 1] = (byte) length;
            return;
        }
        int more = (Integer.SIZE + 6 - Integer.numberOfLeadingZeros(length)) / 7 - 1;
        reserve(more);
        System.arraycopy(bytes, start, bytes, start + more, length);
        size = start - 1;
        varint(length);
        size += length;
    }

    void number(int field, long value) {
        tag(field, ProtoReader.VARINT);
        reserve(10);
        varint(value);
    }

    void fixed64(int field, long value) {
        tag(field, ProtoReader.FIXED64);
        reserve(8);
        LONG.set(bytes, size, value);
        size += 8;
    }

    void fixed32(int field, int value) {
        tag(field, ProtoReader.FIXED32);
        reserve(4);
        bytes[size++] = (byte) value;
        bytes[size++] = (byte) (value >>> 8);
        bytes[size++] = (byte) (value >>> 16);
        bytes[size++] = (byte) (value >>> 24);
    }

    /// A trace id.
    void id(int field, long high, long low) {
        header(field, 16);
        BIG_LONG.set(bytes, size, high);
        BIG_LONG.set(bytes, size + 8, low);
        size += 16;
    }

    /// A span id.
    void id(int field, long value) {
        header(field, 8);
        BIG_LONG.set(bytes, size, value);
        size += 8;
    }

    void bytes(int field, byte[] source, int offset, int length) {
        header(field, length);
        System.arraycopy(source, offset, bytes, size, length);
        size += length;
    }

    void bytes(int field, byte[] source) {
        bytes(field, source, 0, source.length);
    }

    /// Complete fields from another buffer.
    void append(OtlpBuffer source) {
        reserve(source.size);
        System.arraycopy(source.bytes, 0, bytes, size, source.size);
        size += source.size;
    }

    static long bigEndian(byte[] source, int offset) {
        return (long) BIG_LONG.get(source, offset);
    }

    private void header(int field, int length) {
        tag(field, ProtoReader.LENGTH_DELIMITED);
        reserve(5L + length);
        varint(length);
    }

    private void tag(int field, int wireType) {
        reserve(5);
        varint(ProtoReader.tag(field, wireType));
    }

    private void varint(long value) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes[size++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[size++] = (byte) rest;
    }

    private void reserve(long more) {
        if (more > bytes.length - size) {
            grow(more);
        }
    }

    private void grow(long more) {
        long least = size + more;
        if (least > maxBytes) {
            throw new MalformedSpansException(
                    "spans: over " + maxBytes + " bytes as OTLP (expected: at most that)");
        }
        bytes = Arrays.copyOf(bytes, (int) Math.min(maxBytes, Math.max(least, 2L * bytes.length)));
    }
}
