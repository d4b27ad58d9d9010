package dev.millrace.storage.local;

import dev.millrace.storage.api.Expired;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.IOUtils;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The windows of a store: which there are, which are open for writing, which have to go.
///
/// A window appears under its name only when it can be opened, so one that cannot is damaged. Its
/// damaged segments are set aside, or all of it when they cannot be told, under a name ending in
/// `.corrupt-` and a number, for people to look at. Safe for any number of threads.
final class Windows implements AutoCloseable {

    /// Late data keeps a few windows busy at once; more than this take turns.
    static final int MAX_WRITING = 8;

    private static final DateTimeFormatter NAME =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
    private static final String UNFINISHED = ".unfinished";
    private static final String DROPPED = ".dropped";
    private static final Logger LOG = LoggerFactory.getLogger(Windows.class);

    private final Path directory;
    private final long windowSeconds;
    private final Dictionaries dictionaries;
    private final ConcurrentSkipListMap<Long, Window> byStart = new ConcurrentSkipListMap<>();
    private final AtomicLong setAside = new AtomicLong();
    private final AtomicLong segmentsSetAside = new AtomicLong();

    // Guarded by this: windows last written, the most recent at the end.
    private final LinkedHashSet<Window> writing = new LinkedHashSet<>();
    private boolean closed;

    Windows(Path directory, Duration window, Dictionaries dictionaries) {
        this.directory = directory;
        this.windowSeconds = window.toSeconds();
        this.dictionaries = dictionaries;
    }

    /// Opens what is there for reading.
    synchronized void start() throws IOException {
        Files.createDirectories(directory);
        var paths = new ArrayList<Path>();
        try (var entries = Files.newDirectoryStream(directory)) {
            entries.forEach(paths::add);
        }
        for (var path : paths) {
            String name = path.getFileName().toString();
            if (name.endsWith(UNFINISHED) || name.endsWith(DROPPED)) {
                IOUtils.rm(path);
            } else if (!Damage.isSetAside(name)) {
                openExisting(path, name);
            }
        }
    }

    private void openExisting(Path path, String name) throws IOException {
        long start;
        try {
            start = Instant.from(NAME.parse(name)).getEpochSecond();
        } catch (DateTimeParseException _) {
            LOG.atWarn().addKeyValue("store", path).log("Not a window of the store; left alone");
            return;
        }
        try {
            byStart.put(start, Window.open(path, start, dictionaries));
        } catch (IOException | IllegalArgumentException e) {
            if (!Damage.isShownBy(e)) {
                throw e;
            }
            if (!openWithoutDamaged(path, start)) {
                setAside(path, e);
            }
        }
    }

    // Where it is known which segments there are, the sound ones go on.
    private boolean openWithoutDamaged(Path path, long start) throws IOException {
        try (var index = FSDirectory.open(path)) {
            Path place = Damage.place(path);
            var taken = Damage.takeOut(index, place);
            if (taken.isEmpty()) {
                return false;
            }
            byStart.put(start, Window.open(path, start, dictionaries));
            tell(taken, place);
            return true;
        } catch (IOException | IllegalArgumentException e) {
            if (!Damage.isShownBy(e)) {
                throw e;
            }
            return false;
        }
    }

    /// Windows that were damaged and set aside since the start.
    long setAside() {
        return setAside.get();
    }

    /// Segments that were damaged and set aside since the start.
    long segmentsSetAside() {
        return segmentsSetAside.get();
    }

    private void setAside(Path path, Exception cause) throws IOException {
        Path place = Damage.setAside(path);
        setAside.incrementAndGet();
        LOG.atError()
                .addKeyValue("store", place)
                .addKeyValue("error", cause.toString())
                .log("A window of the store is damaged and was set aside; its traces are missing");
    }

    private void tell(List<Damage.Segment> taken, Path place) {
        segmentsSetAside.addAndGet(taken.size());
        for (var segment : taken) {
            LOG.atError()
                    .addKeyValue("store", place)
                    .addKeyValue("segment", segment.name())
                    .addKeyValue("fragments", segment.documents())
                    .log("A part of the store is damaged and was set aside; its spans are missing");
        }
    }

    /// Takes what is damaged in a window out of use: segments, or all of it when it cannot be told
    /// which.
    ///
    /// @param wholly when taking segments out has not helped before
    void repair(Window window, Exception cause, boolean wholly) throws IOException {
        if (!wholly) {
            Path place = Damage.place(window.path());
            try {
                tell(window.takeOutDamaged(place), place);
                return;
            } catch (IOException | IllegalArgumentException e) {
                if (!Damage.isShownBy(e)) {
                    throw e;
                }
            }
        }
        synchronized (this) {
            if (byStart.remove(window.startSeconds(), window)) {
                writing.remove(window);
                close(window);
                setAside(window.path(), cause);
            }
        }
    }

    /// Reads through what was found on disk at the start, newest first and so many bytes at a time,
    /// and sets aside what is damaged.
    void verify(long budget) throws IOException {
        long left = budget;
        for (var window : all()) {
            if (left <= 0) {
                return;
            }
            var verified = window.verify(left);
            if (verified.damaged()) {
                repair(
                        window,
                        new CorruptIndexException("a checksum differs", window.path().toString()),
                        false);
            }
            left -= verified.bytes();
        }
    }

    // A damaged index may fail to close as well; its files are closed all the same.
    private static void close(Window window) {
        try {
            window.close();
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("store", window.path())
                    .addKeyValue("error", e.toString())
                    .log("A window of the store did not close cleanly");
        }
    }

    /// When the window begins that a moment lies in, both in seconds since the epoch.
    long startSeconds(long seconds) {
        return Math.floorDiv(seconds, windowSeconds) * windowSeconds;
    }

    /// The window with this start, made if there is none, and others closed for writing when there
    /// are too many.
    Window forWriting(long startSeconds) throws IOException {
        var window = byStart.get(startSeconds);
        if (window == null) {
            window = create(startSeconds);
        }
        closeLeastRecent(window);
        return window;
    }

    private synchronized Window create(long startSeconds) throws IOException {
        var existing = byStart.get(startSeconds);
        if (existing != null) {
            return existing;
        }
        if (closed) {
            throw new IOException("the store is closed");
        }
        String name = NAME.format(Instant.ofEpochSecond(startSeconds));
        Path unfinished = directory.resolve(name + UNFINISHED);
        if (Files.exists(unfinished)) {
            IOUtils.rm(unfinished);
        }
        try (var index = FSDirectory.open(unfinished);
                var writer = new IndexWriter(index, WindowWriter.config())) {
            writer.commit();
        }
        Path path = directory.resolve(name);
        Files.move(unfinished, path, StandardCopyOption.ATOMIC_MOVE);
        IOUtils.fsync(directory, true);
        var window = Window.open(path, startSeconds, dictionaries);
        byStart.put(startSeconds, window);
        return window;
    }

    private void closeLeastRecent(Window used) throws IOException {
        Window oldest = null;
        synchronized (this) {
            writing.remove(used);
            writing.add(used);
            if (writing.size() > MAX_WRITING) {
                oldest = writing.removeFirst();
            }
        }
        if (oldest != null && !oldest.closeWriter()) {
            synchronized (this) {
                // In use at this moment: its turn comes again.
                writing.addLast(oldest);
            }
        }
    }

    /// All windows, newest first.
    List<Window> all() {
        return List.copyOf(byStart.descendingMap().values());
    }

    /// Drops the windows that end at or before the horizon, then the oldest as long as there are
    /// more bytes than allowed; the newest stays in any case.
    ///
    /// @param maxBytes 0 for no bound
    Expired expire(Instant horizon, long maxBytes) throws IOException {
        var dropped = dropOldest(horizon, maxBytes);
        var used = new HashSet<Integer>();
        for (var window : byStart.values()) {
            window.closeWriterIfIdle();
            used.addAll(window.dictionariesUsed());
        }
        synchronized (this) {
            writing.removeIf(window -> !window.isWriting());
        }
        dictionaries.retain(used);
        return dropped;
    }

    private synchronized Expired dropOldest(Instant horizon, long maxBytes) throws IOException {
        int byAge = 0;
        for (var window : List.copyOf(byStart.values())) {
            if (window.startSeconds() + windowSeconds > horizon.getEpochSecond()) {
                break;
            }
            drop(window, "older than the retention");
            byAge++;
        }
        int bySize = 0;
        while (maxBytes > 0 && byStart.size() > 1 && bytes() > maxBytes) {
            drop(byStart.firstEntry().getValue(), "the store is larger than it may be");
            bySize++;
        }
        return new Expired(byAge, bySize);
    }

    private void drop(Window window, String reason) throws IOException {
        long bytes = window.bytes();
        byStart.remove(window.startSeconds(), window);
        writing.remove(window);
        close(window);
        Path doomed = window.path().resolveSibling(window.path().getFileName() + DROPPED);
        Files.move(window.path(), doomed, StandardCopyOption.ATOMIC_MOVE);
        IOUtils.rm(doomed);
        LOG.atInfo()
                .addKeyValue("store", window.path())
                .addKeyValue("bytes", bytes)
                .addKeyValue("reason", reason)
                .log("Dropped a window of the store");
    }

    /// When the oldest window begins, in seconds since the epoch; empty when there is none.
    OptionalLong oldestSeconds() {
        var oldest = byStart.firstEntry();
        return oldest == null ? OptionalLong.empty() : OptionalLong.of(oldest.getKey());
    }

    /// Puts what is committed into another directory of the same file system, by links.
    void linkTo(Path target) throws IOException {
        for (var window : all()) {
            window.linkTo(target.resolve(window.path().getFileName().toString()));
        }
    }

    /// How many windows are open for writing.
    long writing() {
        return byStart.values().stream().filter(Window::isWriting).count();
    }

    /// The bytes on disk.
    long bytes() throws IOException {
        long bytes = 0;
        for (var window : byStart.values()) {
            bytes += window.bytes();
        }
        return bytes;
    }

    @Override
    public void close() throws IOException {
        List<Window> open;
        synchronized (this) {
            closed = true;
            open = List.copyOf(byStart.values());
            byStart.clear();
            writing.clear();
        }
        @Nullable IOException failure = null;
        for (var window : open) {
            try {
                window.close();
            } catch (IOException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
