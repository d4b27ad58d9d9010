package dev.millrace.wire.otlp;

import dev.millrace.model.Slice;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Writes the fields of protobuf messages into a growing buffer.
///
/// Lengths of nested messages are either known beforehand, for which [#varintSize(long)] and
/// [#lengthDelimitedSize(int, int)] help, or filled in afterwards: see [#open(int)]. Not safe for
/// threads.
public final class ProtoWriter {

    // Most messages of unknown length are spans, of more than 127 bytes and less than 16 KiB.
    private static final int GUESSED_LENGTH_SIZE = 2;

    // What an attribute of texts takes besides them: five tags or lengths of at most five bytes.
    private static final int ATTRIBUTE_FRAME = 35;

    private final int maxSize;
    private byte[] bytes;
    private int position;

    public ProtoWriter(int expectedSize) {
        this(expectedSize, Integer.MAX_VALUE - 8);
    }

    /// @param maxSize the size over which writing ends in a [MalformedSpansException], bytes
    public ProtoWriter(int expectedSize, int maxSize) {
        this.maxSize = maxSize;
        bytes = new byte[Math.max(16, Math.min(expectedSize, maxSize))];
    }

    /// What was written so far; shares the buffer, so write no more after it.
    public Slice finish() {
        if (position > maxSize) {
            throw tooLarge();
        }
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

    /// A field of wire type varint that says something even when zero, as in a `oneof`.
    public ProtoWriter chosen(int field, long value) {
        tag(field, ProtoReader.VARINT);
        varint(value);
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

    /// A field of eight bytes, little-endian.
    public ProtoWriter fixed64(int field, long value) {
        tag(field, ProtoReader.FIXED64);
        ensure(Long.BYTES);
        LittleEndian.LONG.set(bytes, position, value);
        position += Long.BYTES;
        return this;
    }

    /// Eight bytes, big-endian as ids are written.
    public ProtoWriter rawLong(long value) {
        ensure(Long.BYTES);
        LittleEndian.LONG.set(bytes, position, Long.reverseBytes(value));
        position += Long.BYTES;
        return this;
    }

    /// A `KeyValue` in a field whose number is under 16, of which both sides are UTF-8.
    public ProtoWriter attribute(
            int field,
            byte[] keys,
            int keyFrom,
            int keyLength,
            byte[] values,
            int valueFrom,
            int valueLength) {
        ensure((long) ATTRIBUTE_FRAME + keyLength + valueLength);
        int any = 1 + varintSize(valueLength) + valueLength;
        int at = position;
        bytes[at] = (byte) (field << 3 | ProtoReader.LENGTH_DELIMITED);
        at =
                Output.putVarint(
                        bytes,
                        at + 1,
                        lengthDelimitedSize(1, keyLength) + lengthDelimitedSize(2, any));
        bytes[at] = 1 << 3 | ProtoReader.LENGTH_DELIMITED;
        at = Output.putVarint(bytes, at + 1, keyLength);
        System.arraycopy(keys, keyFrom, bytes, at, keyLength);
        at += keyLength;
        bytes[at] = 2 << 3 | ProtoReader.LENGTH_DELIMITED;
        at = Output.putVarint(bytes, at + 1, any);
        bytes[at] = 1 << 3 | ProtoReader.LENGTH_DELIMITED;
        at = Output.putVarint(bytes, at + 1, valueLength);
        System.arraycopy(values, valueFrom, bytes, at, valueLength);
        position = at + valueLength;
        return this;
    }

    /// Begins a nested message whose length is not known yet, and returns what [#close(int)] needs.
    public int open(int field) {
        tag(field, ProtoReader.LENGTH_DELIMITED);
        ensure(GUESSED_LENGTH_SIZE);
        position += GUESSED_LENGTH_SIZE;
        return position;
    }

    /// Ends the nested message and fills in its length, in as few bytes as it takes.
    public void close(int opened) {
        int length = position - opened;
        int size = varintSize(length);
        int shift = size - GUESSED_LENGTH_SIZE;
        if (shift != 0) {
            ensure(Math.max(0, shift));
            System.arraycopy(bytes, opened, bytes, opened + shift, length);
            position += shift;
        }
        Output.putVarint(bytes, opened - GUESSED_LENGTH_SIZE, length);
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

    private void ensure(long more) {
        if (bytes.length - position < more) {
            grow(position + more);
        }
    }

    private void grow(long least) {
        // What is asked for may be somewhat more than what is then written.
        if (least > (long) maxSize + ATTRIBUTE_FRAME) {
            throw tooLarge();
        }
        long most = Math.min(Integer.MAX_VALUE - 8L, (long) maxSize + ATTRIBUTE_FRAME);
        bytes = Arrays.copyOf(bytes, (int) Math.max(least, Math.min(bytes.length * 2L, most)));
    }

    private MalformedSpansException tooLarge() {
        return new MalformedSpansException(
                "size as OTLP: too large (expected: at most %d bytes)".formatted(maxSize));
    }
}
