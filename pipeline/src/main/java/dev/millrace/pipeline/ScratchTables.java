package dev.millrace.pipeline;

import dev.millrace.assembly.TableSpace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Tables in files that nobody else sees and that go when their table goes.
///
/// They hold nothing that the log does not, so they need not survive the process.
final class ScratchTables implements TableSpace {

    private final Path directory;

    ScratchTables(Path directory) {
        this.directory = directory;
    }

    @Override
    public MemorySegment allocate(Arena arena, long bytes) {
        try {
            Files.createDirectories(directory);
            Path file = Files.createTempFile(directory, "closed-traces-", ".table");
            try (var channel =
                    FileChannel.open(
                            file,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.DELETE_ON_CLOSE)) {
                // The mapping outlives the file's name, and with it goes the space on disk.
                return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "scratch table in " + directory + ": " + bytes + " bytes", e);
        }
    }
}
