package dev.millrace.storage.local;

import dev.millrace.storage.api.StoreException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.apache.lucene.util.IOUtils;
import org.jspecify.annotations.Nullable;

/// The claim of one process on a store's directory, and the note of how the directory is laid out.
///
/// The operating system lets go of the claim when the process dies, however it dies.
final class StoreLock implements AutoCloseable {

    private static final String LAYOUT_FILE = "store.layout";
    private static final String LAYOUT = "millrace local store 2, window ";

    private final FileChannel channel;
    private final FileLock lock;

    private StoreLock(FileChannel channel, FileLock lock) {
        this.channel = channel;
        this.lock = lock;
    }

    /// @throws StoreException when another process has the directory, or when it was laid out
    ///   otherwise
    static StoreLock of(Path directory, Duration window) throws IOException {
        Files.createDirectories(directory);
        var channel =
                FileChannel.open(
                        directory.resolve("store.lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
        @Nullable StoreLock held = null;
        try {
            var lock = channel.tryLock();
            if (lock == null) {
                throw taken(directory);
            }
            checkLayout(directory, window);
            held = new StoreLock(channel, lock);
            return held;
        } catch (OverlappingFileLockException _) {
            throw taken(directory);
        } finally {
            if (held == null) {
                channel.close();
            }
        }
    }

    private static StoreException taken(Path directory) {
        return new StoreException(
                StoreException.Kind.UNAVAILABLE,
                "store directory: "
                        + directory
                        + " is in use by another process or store (expected: one at a time)");
    }

    private static void checkLayout(Path directory, Duration window) throws IOException {
        Path file = directory.resolve(LAYOUT_FILE);
        String wanted = LAYOUT + window;
        if (!Files.exists(file)) {
            Path unfinished = directory.resolve("store.layout.unfinished");
            Files.writeString(
                    unfinished,
                    wanted,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.SYNC);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        String found = Files.readString(file).strip();
        if (!found.equals(wanted)) {
            throw new StoreException(
                    StoreException.Kind.INVALID_REQUEST,
                    "store directory: "
                            + directory
                            + " holds a \""
                            + found
                            + "\" (expected: \""
                            + wanted
                            + "\"); keep its window or choose another directory");
        }
    }

    /// Puts the note into another directory of the same file system, by a link.
    static void linkLayout(Path directory, Path target) throws IOException {
        Files.createLink(target.resolve(LAYOUT_FILE), directory.resolve(LAYOUT_FILE));
        IOUtils.fsync(target, true);
    }

    @Override
    public void close() throws IOException {
        lock.release();
        channel.close();
    }
}
