package dev.millrace.storage.cached;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.model.Slice;
import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Names as they are kept.
///
/// They are good for as long as they had not changed when they were read, within bounds. So those
/// of a system that has just begun are soon asked for again, and those of one that is as it always
/// was are hardly asked for at all.
///
/// @param readAt milliseconds since the epoch
/// @param sameSince when they were first read as they are, milliseconds since the epoch
record CachedNames(long readAt, long sameSince, List<String> names) {

    private static final byte FORMAT = 1;

    /// However new they are, so that a burst of questions is one.
    private static final long LEAST_MILLIS = 1_000;

    CachedNames {
        names = List.copyOf(names);
    }

    /// Names that were read just now.
    static CachedNames of(long now, List<String> names) {
        return new CachedNames(now, now, names);
    }

    /// Names that were read just now in place of these.
    CachedNames followedBy(long now, List<String> next) {
        return new CachedNames(now, next.equals(names) ? Math.min(sameSince, now) : now, next);
    }

    boolean isGood(long now, Duration atMost) {
        long good = Math.min(atMost.toMillis(), Math.max(LEAST_MILLIS, readAt - sameSince));
        // The clocks of two processes differ a little.
        return Math.abs(now - readAt) < good;
    }

    Slice encode() {
        var bytes = new ByteArrayOutputStream();
        bytes.write(FORMAT);
        bytes.writeBytes(
                ByteBuffer.allocate(2 * Long.BYTES).putLong(readAt).putLong(sameSince).array());
        for (String name : names) {
            byte[] text = name.getBytes(UTF_8);
            bytes.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(text.length).array());
            bytes.writeBytes(text);
        }
        return Slice.of(bytes.toByteArray());
    }

    /// Nothing when the bytes were not written by [#encode].
    static Optional<CachedNames> decode(Slice slice) {
        var bytes = ByteBuffer.wrap(slice.array(), slice.offset(), slice.length());
        try {
            if (bytes.get() != FORMAT) {
                return Optional.empty();
            }
            long readAt = bytes.getLong();
            long sameSince = bytes.getLong();
            var names = new ArrayList<String>();
            while (bytes.hasRemaining()) {
                int length = bytes.getInt();
                if (length < 0 || length > bytes.remaining()) {
                    return Optional.empty();
                }
                byte[] text = new byte[length];
                bytes.get(text);
                names.add(new String(text, UTF_8));
            }
            return Optional.of(new CachedNames(readAt, sameSince, names));
        } catch (BufferUnderflowException _) {
            return Optional.empty();
        }
    }
}
