package dev.millrace.agent.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// One file of a spool: frames, one after another.
///
/// A file that was there when the spool was opened is only read. So what a crash left at its end
/// stays its end.
final class Segment {

    static final String CORRUPT = ".corrupt";

    private static final Pattern NAME = Pattern.compile("(\\d{19})\\.segment(\\.corrupt)?");

    private final Path file;
    private final long number;
    private long size;
    private @Nullable FileChannel reader;
    private @Nullable FileChannel writer;

    Segment(Path file, long number, long size) {
        this.file = file;
        this.number = number;
        this.size = size;
    }

    /// The number of the segment that has such a name; empty for other files.
    static OptionalLong number(Path file) {
        var matcher = NAME.matcher(file.getFileName().toString());
        return matcher.matches()
                ? OptionalLong.of(Long.parseLong(matcher.group(1)))
                : OptionalLong.empty();
    }

    static Segment found(Path file, long number) throws IOException {
        return new Segment(file, number, Files.size(file));
    }

    static Segment create(Path directory, long number) throws IOException {
        var file = directory.resolve("%019d.segment".formatted(number));
        var segment = new Segment(file, number, 0);
        segment.writer =
                FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        return segment;
    }

    Path file() {
        return file;
    }

    long number() {
        return number;
    }

    long size() {
        return size;
    }

    /// Writes frames at the end and forces them to disk; all of them, or none counts as written.
    void append(ByteBuffer frames) throws IOException {
        var channel = writer;
        if (channel == null) {
            throw new IllegalStateException(file + ": only read (expected: a new segment)");
        }
        long position = size;
        while (frames.hasRemaining()) {
            position += channel.write(frames, position);
        }
        channel.force(false);
        size = position;
    }

    Frame read(long offset) throws IOException, CorruptFrameException {
        var channel = reader;
        if (channel == null) {
            channel = FileChannel.open(file, StandardOpenOption.READ);
            reader = channel;
        }
        return Frame.read(channel, offset, size);
    }

    /// Takes what an append that failed has left off the end, so that it is not read.
    void forget() throws IOException {
        var channel = writer;
        if (channel != null) {
            channel.truncate(size);
        }
    }

    /// Ends writing and reading; what is written stays.
    void close() throws IOException {
        try (var _ = reader;
                var _ = writer) {
            reader = null;
            writer = null;
        }
    }

    void delete() throws IOException {
        close();
        Files.deleteIfExists(file);
    }

    Path setAside() throws IOException {
        close();
        return Files.move(file, file.resolveSibling(file.getFileName() + CORRUPT));
    }
}
