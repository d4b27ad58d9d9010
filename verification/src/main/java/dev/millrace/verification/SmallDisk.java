package dev.millrace.verification;

import dev.millrace.model.ByteSize;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A file system of its own that is small enough to be filled up, in memory or in a file.
///
/// Whoever writes there meets a real disk without room. One in a file can also be broken, and then
/// nobody can write there any more. Mounting it takes the rights to do so.
///
/// Not safe for threads.
final class SmallDisk implements AutoCloseable {

    private static final int CHUNK = 1 << 20;
    private static final long COMMAND_SECONDS = 30;

    private final Path path;
    private final Path ballast;
    private final @Nullable Path image;
    private boolean mounted;

    private SmallDisk(Path path, @Nullable Path image) {
        this.path = path;
        this.ballast = path.resolve("ballast");
        this.image = image;
        Runtime.getRuntime().addShutdownHook(new Thread(this::close, "small-disk-close"));
    }

    /// Mounts one in memory at a new place.
    ///
    /// @throws IllegalStateException when that is not permitted
    static SmallDisk mounted(ByteSize size) {
        var disk = new SmallDisk(newPlace(), null);
        disk.mount("-t", "tmpfs", "-o", "mode=755,size=" + size.bytes(), "millrace");
        return disk;
    }

    /// Mounts one in a file, of the kind that Linux has its disks in, at a new place.
    ///
    /// @throws IllegalStateException when that is not permitted
    static SmallDisk inFile(ByteSize size) {
        Path place = newPlace();
        Path image = place.resolveSibling(place.getFileName() + ".img");
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(size.bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(image + ": cannot be made", e);
        }
        // No room that only root may fill.
        run("mkfs.ext4", "-q", "-F", "-m", "0", image.toString());
        var disk = new SmallDisk(place, image);
        disk.mount("-o", "loop", image.toString());
        return disk;
    }

    private static Path newPlace() {
        try {
            return Files.createTempDirectory("millrace-disk-");
        } catch (IOException e) {
            throw new UncheckedIOException("no place for a small disk", e);
        }
    }

    private void mount(String... options) {
        var command = new ArrayList<>(List.of("mount"));
        command.addAll(List.of(options));
        command.add(path.toString());
        run(command.toArray(String[]::new));
        mounted = true;
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
            // Not all that a disk calls usable can be had.
            if (room.bytes() > 0) {
                throw new UncheckedIOException(path + ": cannot be filled", e);
            }
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

    /// What Linux does with a disk that it cannot rely on: nothing more is written, also by those
    /// who have files open. Only for one in a file.
    void breakDown() {
        run("mount", "-o", "remount,abort", path.toString());
    }

    /// Checks it and mounts it anew, with what is on it. Nobody may have a file of it open.
    synchronized void repair() {
        var file = Objects.requireNonNull(image, "only a disk in a file can be repaired");
        run("umount", path.toString());
        mounted = false;
        run("mount", "-o", "loop", file.toString(), path.toString());
        mounted = true;
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
            if (image != null) {
                Files.deleteIfExists(image);
            }
            // Who still writes while it dies, writes below the empty place.
            Start.delete(path);
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be deleted", e);
        }
    }
}
