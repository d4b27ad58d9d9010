package dev.millrace.verification;

import dev.millrace.model.ByteSize;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;

/// A file system of its own, in memory, that is small enough to be filled up.
///
/// Whoever writes there meets a real disk without room. Mounting it takes the rights to do so.
///
/// Not safe for threads.
final class SmallDisk implements AutoCloseable {

    private static final int CHUNK = 1 << 20;
    private static final long COMMAND_SECONDS = 30;

    private final Path path;
    private final Path ballast;
    private boolean mounted = true;

    private SmallDisk(Path path) {
        this.path = path;
        this.ballast = path.resolve("ballast");
    }

    /// Mounts one at a new place.
    ///
    /// @throws IllegalStateException when that is not permitted
    static SmallDisk mounted(ByteSize size) {
        try {
            Path path = Files.createTempDirectory("millrace-disk-");
            run(
                    "mount",
                    "-t",
                    "tmpfs",
                    "-o",
                    "mode=755,size=" + size.bytes(),
                    "millrace",
                    path.toString());
            var disk = new SmallDisk(path);
            Runtime.getRuntime().addShutdownHook(new Thread(disk::close, "small-disk-close"));
            return disk;
        } catch (IOException e) {
            throw new UncheckedIOException("no place for a small disk", e);
        }
    }

    Path path() {
        return path;
    }

    /// Fills it but for so much.
    void leave(ByteSize room) {
        try (var file =
                FileChannel.open(ballast, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            long excess = usable() - room.bytes();
            while (excess > 0) {
                excess -= file.write(ByteBuffer.allocate((int) Math.min(CHUNK, excess)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be filled", e);
        }
    }

    private long usable() throws IOException {
        return Files.getFileStore(path).getUsableSpace();
    }

    /// Takes away what [#leave(ByteSize)] has put there.
    void free() {
        try {
            Files.deleteIfExists(ballast);
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be freed", e);
        }
    }

    private static void run(String... command) {
        String line = String.join(" ", command);
        try {
            var process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String said;
            try (var output = process.inputReader()) {
                said = String.join("\n", output.readAllLines());
            }
            if (!process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException(
                        line + ": " + said + " (expected: the rights to mount, as root has them)");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(line, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(line + ": interrupted", e);
        }
    }

    /// Everything on it is gone then, as soon as nobody has it open. Idempotent.
    @Override
    public synchronized void close() {
        if (!mounted) {
            return;
        }
        mounted = false;
        run("umount", "-l", path.toString());
        try {
            // Who still writes while it dies, writes below the empty place.
            Start.delete(path);
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be deleted", e);
        }
    }
}
