package dev.millrace.storage.local;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import dev.millrace.model.Slice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.apache.lucene.util.IOUtils;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The dictionaries of a store, one file each, and the training of the next.
///
/// The first bodies of a store are the samples of its first dictionary; a new one is trained when
/// windows have moved on by a day. A dictionary is on disk before the first body uses it, and goes
/// when no window needs it any more. Safe for any number of threads.
final class Dictionaries implements AutoCloseable {

    /// Samples that are enough, in bodies and in bytes: whichever comes first ends the collection.
    static final int SAMPLES = 2_000;

    static final int SAMPLE_BYTES = 6 * 1024 * 1024;

    private static final int LARGEST_SAMPLE = 64 * 1024;
    private static final int CAPACITY = 64 * 1024;
    private static final long GOOD_FOR_SECONDS = Duration.ofDays(1).toSeconds();
    private static final Pattern FILE =
            Pattern.compile("(\\d{1,9})-(-?\\d{1,12})\\.zstd-dictionary");
    private static final Logger LOG = LoggerFactory.getLogger(Dictionaries.class);

    private final Path directory;
    private final Map<Integer, Dictionary> byId = new ConcurrentHashMap<>();
    private volatile @Nullable Dictionary current;

    // Guarded by this.
    private List<byte[]> samples = new ArrayList<>();
    private int sampleBytes;
    private int lastId;
    private long triedForWindow = Long.MIN_VALUE;
    private final List<Dictionary> retired = new ArrayList<>();
    private Set<Integer> unusedBefore = Set.of();

    Dictionaries(Path directory) {
        this.directory = directory;
    }

    /// Reads all dictionaries there are.
    synchronized void start() throws IOException {
        Files.createDirectories(directory);
        try (var files = Files.newDirectoryStream(directory)) {
            for (var file : files) {
                var name = FILE.matcher(file.getFileName().toString());
                if (name.matches()) {
                    int id = Integer.parseInt(name.group(1));
                    long windowStart = Long.parseLong(name.group(2));
                    byId.put(id, Dictionary.of(id, windowStart, Files.readAllBytes(file)));
                    lastId = Math.max(lastId, id);
                } else {
                    Files.delete(file);
                }
            }
        }
        var newest = byId.get(lastId);
        current = newest;
        if (newest != null) {
            triedForWindow = newest.windowStart();
        }
    }

    /// The dictionary for bodies written now; empty before the first.
    Optional<Dictionary> current() {
        return Optional.ofNullable(current);
    }

    Optional<Dictionary> find(int id) {
        return Optional.ofNullable(byId.get(id));
    }

    /// Whether bodies of this window are still wanted as samples.
    boolean wantsSamplesOf(long windowStart) {
        var dictionary = current;
        return dictionary == null || windowStart - dictionary.windowStart() >= GOOD_FOR_SECONDS;
    }

    /// Takes a sample, and trains when it was the last one needed.
    ///
    /// @param windowStart seconds since the epoch
    synchronized void offer(long windowStart, Slice body) throws IOException {
        if (!wantsSamplesOf(windowStart)
                || (triedForWindow != Long.MIN_VALUE
                        && windowStart - triedForWindow < GOOD_FOR_SECONDS)) {
            return;
        }
        int length = Math.min(body.length(), LARGEST_SAMPLE);
        samples.add(Arrays.copyOfRange(body.array(), body.offset(), body.offset() + length));
        sampleBytes += length;
        if (samples.size() >= SAMPLES || sampleBytes >= SAMPLE_BYTES) {
            triedForWindow = windowStart;
            train(windowStart);
            samples = new ArrayList<>();
            sampleBytes = 0;
        }
    }

    private void train(long windowStart) throws IOException {
        byte[] content = new byte[Math.min(CAPACITY, sampleBytes / 10)];
        try {
            long size = Zstd.trainFromBuffer(samples.toArray(byte[][]::new), content, false);
            if (Zstd.isError(size)) {
                logUntrained(Zstd.getErrorName(size));
                return;
            }
            content = Arrays.copyOf(content, (int) size);
        } catch (ZstdException e) {
            logUntrained(String.valueOf(e.getMessage()));
            return;
        }
        int id = lastId + 1;
        keep(directory.resolve(id + "-" + windowStart + ".zstd-dictionary"), content);
        lastId = id;
        var dictionary = Dictionary.of(id, windowStart, content);
        byId.put(id, dictionary);
        current = dictionary;
    }

    // Samples with too little or nothing in common; bodies are then compressed on their own.
    private void logUntrained(String reason) {
        LOG.atInfo()
                .addKeyValue("samples", samples.size())
                .addKeyValue("error", reason)
                .log("No dictionary could be trained; bodies are compressed without one");
    }

    private void keep(Path file, byte[] content) throws IOException {
        Path unfinished = directory.resolve("unfinished");
        try (var channel =
                FileChannel.open(
                        unfinished,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            var bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        IOUtils.fsync(directory, true);
    }

    /// Deletes the dictionaries that were not in use this time nor the time before: a reader that
    /// started in between may still need one.
    synchronized void retain(Set<Integer> used) throws IOException {
        var unused = new HashSet<Integer>();
        for (var dictionary : List.copyOf(byId.values())) {
            int id = dictionary.id();
            if (used.contains(id) || id == lastId) {
                continue;
            }
            if (unusedBefore.contains(id)) {
                byId.remove(id);
                retired.add(dictionary);
                Files.deleteIfExists(
                        directory.resolve(
                                id + "-" + dictionary.windowStart() + ".zstd-dictionary"));
            } else {
                unused.add(id);
            }
        }
        unusedBefore = unused;
        retired.removeIf(Dictionary::free);
    }

    /// Encoders and decoders must be closed before.
    @Override
    public synchronized void close() {
        current = null;
        retired.addAll(byId.values());
        byId.clear();
        retired.removeIf(Dictionary::free);
    }
}
