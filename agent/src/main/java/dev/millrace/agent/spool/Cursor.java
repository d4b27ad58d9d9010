package dev.millrace.agent.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/// The place up to which parcels have left the spool, in a file of its own.
///
/// Written in place and not forced to disk: a place that was lost, or that is half written, only
/// means that parcels leave once more.
///
/// @param segment the number of the segment
/// @param offset where in it the next parcel begins
record Cursor(long segment, long offset) {

    static final Cursor START = new Cursor(0, 0);

    private static final int PAYLOAD = 2 * Long.BYTES;

    /// The place in the file; the start when there is none that can be read.
    static Cursor read(Path path) throws IOException {
        byte[] file = new byte[PAYLOAD + Integer.BYTES];
        var bytes = ByteBuffer.wrap(file);
        try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
                // Until it is whole.
            }
        } catch (NoSuchFileException _) {
            return START;
        }
        return !bytes.hasRemaining() && checksum(file) == bytes.getInt(PAYLOAD)
                ? new Cursor(bytes.getLong(0), bytes.getLong(Long.BYTES))
                : START;
    }

    void write(Path path) throws IOException {
        byte[] file = new byte[PAYLOAD + Integer.BYTES];
        var bytes = ByteBuffer.wrap(file).putLong(segment).putLong(offset);
        bytes.putInt(checksum(file)).flip();
        try (var channel =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            long position = 0;
            while (bytes.hasRemaining()) {
                position += channel.write(bytes, position);
            }
        }
    }

    private static int checksum(byte[] file) {
        var crc = new CRC32C();
        crc.update(file, 0, PAYLOAD);
        return (int) crc.getValue();
    }
}
