package dev.millrace.agent.spool;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/// A parcel as it lies in a segment.
///
/// ```
/// length  4 bytes, of what follows the checksum
/// crc32c  4 bytes, of the length and of what follows
/// at      8 bytes, when it was appended, milliseconds since the epoch
/// spans   4 bytes
/// size    4 bytes, before compression
/// packing 1 byte
/// tenant  1 byte of length, then ASCII
/// body    the rest
/// ```
///
/// @param at when it was appended, milliseconds since the epoch
/// @param end where the next frame begins
record Frame(Parcel parcel, long at, long end) {

    static final int PREFIX = 8;
    static final int LARGEST = 256 << 20;

    private static final int FIXED = 18;

    /// The bytes that a parcel takes on disk.
    static long length(Parcel parcel) {
        return (long) PREFIX + FIXED + parcel.tenant().name().length() + parcel.body().length();
    }

    /// Returns where the next frame begins.
    static int write(Parcel parcel, long at, byte[] bytes, int start) {
        byte[] tenant = parcel.tenant().name().getBytes(StandardCharsets.US_ASCII);
        var into = ByteBuffer.wrap(bytes).position(start);
        into.putInt(FIXED + tenant.length + parcel.body().length())
                .putInt(0)
                .putLong(at)
                .putInt(parcel.spans())
                .putInt(parcel.size())
                .put(parcel.packing().number())
                .put((byte) tenant.length)
                .put(tenant)
                .put(parcel.body().array(), parcel.body().offset(), parcel.body().length());
        int end = into.position();
        into.putInt(start + Integer.BYTES, checksum(bytes, start, end));
        return end;
    }

    /// @throws CorruptFrameException when there is none at this place
    static Frame read(FileChannel channel, long position, long size)
            throws IOException, CorruptFrameException {
        var prefix = ByteBuffer.allocate(PREFIX);
        if (size - position < PREFIX) {
            throw new CorruptFrameException((size - position) + " bytes are left", true);
        }
        fill(channel, prefix, position);
        int length = prefix.getInt(0);
        if (length == 0 && prefix.getInt(Integer.BYTES) == 0) {
            // What a file system leaves that had the length on disk before the bytes.
            throw new CorruptFrameException("zeros", onlyZeros(channel, position, size));
        }
        if (length < FIXED || length > LARGEST) {
            throw new CorruptFrameException("a length of " + length, false);
        }
        long end = position + PREFIX + length;
        if (end > size) {
            throw new CorruptFrameException(
                    "a length of " + length + " with " + (size - position) + " bytes left", true);
        }
        byte[] frame = new byte[PREFIX + length];
        var bytes = ByteBuffer.wrap(frame);
        fill(channel, bytes, position);
        if (checksum(frame, 0, frame.length) != bytes.getInt(Integer.BYTES)) {
            throw new CorruptFrameException("a checksum that does not match", end == size);
        }
        return new Frame(parcel(frame), bytes.getLong(PREFIX), end);
    }

    private static Parcel parcel(byte[] frame) throws CorruptFrameException {
        var bytes = ByteBuffer.wrap(frame);
        int spans = bytes.getInt(16);
        int size = bytes.getInt(20);
        var packing = Packing.of(bytes.get(24));
        int tenant = bytes.get(25);
        int body = PREFIX + FIXED + tenant;
        if (tenant < 0 || body > frame.length) {
            throw new CorruptFrameException("a tenant of " + tenant + " bytes", false);
        }
        try {
            return new Parcel(
                    new Tenant(
                            new String(frame, PREFIX + FIXED, tenant, StandardCharsets.US_ASCII)),
                    packing,
                    spans,
                    size,
                    Slice.of(frame, body, frame.length - body));
        } catch (IllegalArgumentException e) {
            throw new CorruptFrameException(String.valueOf(e.getMessage()), false);
        }
    }

    // Of the length and all that follows the checksum.
    private static int checksum(byte[] bytes, int from, int to) {
        var crc = new CRC32C();
        crc.update(bytes, from, Integer.BYTES);
        crc.update(bytes, from + PREFIX, to - from - PREFIX);
        return (int) crc.getValue();
    }

    private static void fill(FileChannel channel, ByteBuffer into, long position)
            throws IOException, CorruptFrameException {
        long at = position;
        while (into.hasRemaining()) {
            int read = channel.read(into, at);
            if (read < 0) {
                throw new CorruptFrameException("the file ended", true);
            }
            at += read;
        }
    }

    private static boolean onlyZeros(FileChannel channel, long position, long size)
            throws IOException {
        var buffer = ByteBuffer.allocate(64 << 10);
        for (long at = position; at < size; at += buffer.position()) {
            buffer.clear();
            if (channel.read(buffer, at) < 0) {
                return true;
            }
            for (int i = 0; i < buffer.position(); i++) {
                if (buffer.get(i) != 0) {
                    return false;
                }
            }
        }
        return true;
    }
}
