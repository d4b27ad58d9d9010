package dev.millrace.wire.otlp;

import dev.millrace.model.Slice;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Writes the fields of protobuf messages into a growing buffer.
///
/// Lengths of nested messages are the caller's to know beforehand; [#varintSize(long)] and
/// [#lengthDelimitedSize(int, int)] help. Not safe for threads.
public final class ProtoWriter {

    private byte[] bytes;
    private int position;

    public ProtoWriter(int expectedSize) {
        bytes = new byte[Math.max(16, expectedSize)];
    }

    /// What was written so far; shares the buffer, so write no more after it.
    public Slice finish() {
        return Slice.of(bytes, 0, position);
    }

    public int size() {
        return position;
    }

    /// A field of wire type varint; left out when zero, as proto3 has it.
    public ProtoWriter number(int field, long value) {
        if (value != 0) {
            tag(field, ProtoReader.VARINT);
            varint(value);
        }
        return this;
    }

    /// A text field; left out when empty, as proto3 has it.
    public ProtoWriter text(int field, String value) {
        if (!value.isEmpty()) {
            bytes(field, Slice.of(value.getBytes(StandardCharsets.UTF_8)));
        }
        return this;
    }

    /// A length-delimited field.
    public ProtoWriter bytes(int field, Slice value) {
        header(field, value.length());
        return raw(value.array(), value.offset(), value.length());
    }

    /// The tag and length of a nested message whose `length` bytes the caller writes next.
    public ProtoWriter header(int field, int length) {
        tag(field, ProtoReader.LENGTH_DELIMITED);
        varint(length);
        return this;
    }

    /// Bytes as they are.
    public ProtoWriter raw(byte[] source, int offset, int length) {
        ensure(length);
        System.arraycopy(source, offset, bytes, position, length);
        position += length;
        return this;
    }

    /// The bytes that a length-delimited field of `length` bytes takes, tag and length included.
    public static int lengthDelimitedSize(int field, int length) {
        return varintSize((long) field << 3) + varintSize(length) + length;
    }

    public static int varintSize(long value) {
        return (70 - Long.numberOfLeadingZeros(value | 1)) / 7;
    }

    private void tag(int field, int wireType) {
        varint((long) field << 3 | wireType);
    }

    private void varint(long value) {
        ensure(10);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes[position++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[position++] = (byte) rest;
    }

    private void ensure(int more) {
        if (bytes.length - position < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, position + more));
        }
    }
}
