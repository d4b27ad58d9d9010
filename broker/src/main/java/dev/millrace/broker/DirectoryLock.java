package dev.millrace.broker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Keeps a second broker out of a directory, in this process and in others.
///
/// The operating system lets go of it when the process dies, however it dies.
final class DirectoryLock implements AutoCloseable {

    private final FileChannel channel;

    private DirectoryLock(FileChannel channel) {
        this.channel = channel;
    }

    /// Makes the directory when it is missing.
    ///
    /// @throws IllegalStateException when another broker has the directory
    static DirectoryLock take(Path directory) {
        Path file = directory.resolve("broker.lock");
        try {
            Files.createDirectories(directory);
            var channel =
                    FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                if (channel.tryLock() != null) {
                    return new DirectoryLock(channel);
                }
            } catch (OverlappingFileLockException _) {
                // Another broker of this same process: the same answer as for another process.
            }
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("broker directory: cannot lock " + file, e);
        }
        throw new IllegalStateException(
                "broker directory: "
                        + directory
                        + " is in use by another broker (expected: one broker per directory)");
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("broker directory: cannot unlock", e);
        }
    }
}
