package dev.millrace.storage.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Up to where the log is in an index: the offset of the last record, in a file beside it.
///
/// The file is replaced as a whole. After a crash it says what it said before or after, and before
/// is never wrong: what is read again changes nothing. For one thread at a time.
final class CommittedOffsets {

    private static final String FORMAT = "millrace offsets 1";
    private static final Logger LOG = LoggerFactory.getLogger(CommittedOffsets.class);

    private final Path file;
    private final Map<TopicPartition, Long> offsets = new HashMap<>();

    private CommittedOffsets(Path file) {
        this.file = file;
    }

    /// What the file says; nothing where there is none, or where it cannot be understood, so that
    /// the log is read from its beginning.
    static CommittedOffsets read(Path file) throws IOException {
        var found = new CommittedOffsets(file);
        try {
            var lines = Files.readString(file).lines().toList();
            if (lines.isEmpty() || !lines.getFirst().equals(FORMAT)) {
                throw new IllegalArgumentException("no first line \"" + FORMAT + "\"");
            }
            for (String line : lines.subList(1, lines.size())) {
                String[] words = line.split(" ", 3);
                if (words.length < 3) {
                    throw new IllegalArgumentException("\"" + line + "\"");
                }
                found.offsets.put(
                        new TopicPartition(words[2], Integer.parseInt(words[1])),
                        Long.parseLong(words[0]));
            }
        } catch (NoSuchFileException _) {
            return found;
        } catch (IllegalArgumentException | CharacterCodingException e) {
            LOG.atWarn()
                    .addKeyValue("store", file)
                    .addKeyValue("error", e.toString())
                    .log("Cannot tell how far an index is; it is built again from the topic");
            found.offsets.clear();
        }
        return found;
    }

    /// The offset of the last record of a partition; null when none is known.
    @Nullable Long of(TopicPartition partition) {
        return offsets.get(partition);
    }

    /// Notes some, and forgets those that are null.
    void keep(Map<TopicPartition, Long> changes) throws IOException {
        var before = Map.copyOf(offsets);
        changes.forEach((partition, offset) -> {
            // Kafka's types do not say that it may be.
            if (offset == null) {
                offsets.remove(partition);
            } else if (offset >= 0) {
                // One that is negative says that nothing has been read yet.
                offsets.put(partition, offset);
            }
        });
        if (offsets.equals(before)) {
            return;
        }
        try {
            write();
        } catch (IOException e) {
            offsets.clear();
            offsets.putAll(before);
            throw e;
        }
    }

    void forgetAll() throws IOException {
        offsets.clear();
        Files.deleteIfExists(file);
    }

    private void write() throws IOException {
        var text = new StringBuilder(FORMAT).append('\n');
        offsets.forEach((partition, offset) ->
                text.append(offset)
                        .append(' ')
                        .append(partition.partition())
                        .append(' ')
                        .append(partition.topic())
                        .append('\n'));
        Path unfinished = file.resolveSibling(file.getFileName() + ".unfinished");
        try (var channel =
                FileChannel.open(
                        unfinished,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            var bytes = ByteBuffer.wrap(text.toString().getBytes(UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(false);
        }
        // Whether the new name outlives a crash does not matter: the old content is as good.
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
