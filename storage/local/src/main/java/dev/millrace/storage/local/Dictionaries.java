package dev.millrace.storage.local;

import static java.util.Comparator.comparingInt;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import dev.millrace.model.Slice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.apache.lucene.util.IOUtils;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The dictionaries of a store, one file each, and the training of the next.
///
/// The first bodies of a store are the samples of its first dictionary; a new one is trained when
/// windows have moved on by a day. A dictionary is on disk before the first body uses it, and goes
/// when no window needs it any more. Many bodies depend on it, so it is there twice, in two
/// directories and under a name with its checksum; a damaged one is replaced by the other. Safe for
/// any number of threads.
final class Dictionaries implements AutoCloseable {

    /// Samples that are enough, in bodies and in bytes: whichever comes first ends the collection.
    static final int SAMPLES = 2_000;

    static final int SAMPLE_BYTES = 6 * 1024 * 1024;

    private static final int LARGEST_SAMPLE = 64 * 1024;
    private static final int CAPACITY = 64 * 1024;
    private static final long GOOD_FOR_SECONDS = Duration.ofDays(1).toSeconds();
    private static final Pattern FILE =
            Pattern.compile("(\\d{1,9})-(-?\\d{1,12})-([0-9a-f]{8})\\.zstd-dictionary");
    private static final String UNFINISHED = "unfinished";
    private static final Logger LOG = LoggerFactory.getLogger(Dictionaries.class);

    private final Path directory;
    private final Path copies;
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
        this.copies = directory.resolveSibling(directory.getFileName() + "-copy");
    }

    /// Reads all dictionaries there are.
    synchronized void start() throws IOException {
        var names = new TreeSet<String>();
        for (var place : List.of(directory, copies)) {
            Files.createDirectories(place);
            Files.deleteIfExists(place.resolve(UNFINISHED));
            try (var files = Files.newDirectoryStream(place)) {
                files.forEach(file -> names.add(file.getFileName().toString()));
            }
        }
        for (String fileName : names) {
            var name = FILE.matcher(fileName);
            if (name.matches()) {
                int id = Integer.parseInt(name.group(1));
                lastId = Math.max(lastId, id);
                byte[] content = readEither(fileName, name.group(3));
                if (content.length > 0) {
                    byId.put(id, Dictionary.of(id, Long.parseLong(name.group(2)), content));
                }
            }
        }
        var newest = byId.values().stream().max(comparingInt(Dictionary::id)).orElse(null);
        current = newest;
        if (newest != null) {
            triedForWindow = newest.windowStart();
        }
    }

    // Mends the one by the other; empty when both are damaged.
    private byte[] readEither(String fileName, String checksum) throws IOException {
        byte[] first = read(directory.resolve(fileName), checksum);
        byte[] second = read(copies.resolve(fileName), checksum);
        if (first.length == 0 && second.length == 0) {
            LOG.atError()
                    .addKeyValue("store", directory.resolve(fileName))
                    .log("A dictionary is damaged, and so is its copy; some spans are unreadable");
        } else if (first.length == 0) {
            keep(directory, fileName, second);
        } else if (second.length == 0) {
            keep(copies, fileName, first);
        }
        return first.length == 0 ? second : first;
    }

    private static byte[] read(Path file, String checksum) throws IOException {
        try {
            byte[] content = Files.readAllBytes(file);
            return checksum(content).equals(checksum) ? content : new byte[0];
        } catch (NoSuchFileException _) {
            return new byte[0];
        }
    }

    private static String checksum(byte[] content) {
        var checksum = new CRC32C();
        checksum.update(content);
        return HexFormat.of().toHexDigits((int) checksum.getValue());
    }

    /// The dictionary for bodies written now; empty before the first.
    Optional<Dictionary> current() {
        return Optional.ofNullable(current);
    }

    Optional<Dictionary> find(int id) {
        return Optional.ofNullable(byId.get(id));
    }

    /// Whether there has ever been a dictionary of this id.
    synchronized boolean hasHad(int id) {
        return id > 0 && id <= lastId;
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
        String name = id + "-" + windowStart + "-" + checksum(content) + ".zstd-dictionary";
        keep(copies, name, content);
        keep(directory, name, content);
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

    private static void keep(Path place, String name, byte[] content) throws IOException {
        Path unfinished = place.resolve(UNFINISHED);
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
        Files.move(unfinished, place.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        IOUtils.fsync(place, true);
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
                delete(id);
            } else {
                unused.add(id);
            }
        }
        unusedBefore = unused;
        retired.removeIf(Dictionary::free);
    }

    private void delete(int id) throws IOException {
        for (var place : List.of(directory, copies)) {
            try (var files = Files.newDirectoryStream(place, id + "-*.zstd-dictionary")) {
                for (var file : files) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    /// Puts the dictionaries into another directory of the same file system, by links. None may be
    /// let go meanwhile.
    void linkTo(Path target) throws IOException {
        Files.createDirectories(target);
        for (var dictionary : byId.values()) {
            try (var files =
                    Files.newDirectoryStream(directory, dictionary.id() + "-*.zstd-dictionary")) {
                for (var file : files) {
                    Files.createLink(target.resolve(file.getFileName().toString()), file);
                }
            }
        }
        IOUtils.fsync(target, true);
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
