package dev.millrace.access;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What was last read from some files, read again when they change.
///
/// Looks at them on an interval rather than listening, for that works on every file system and
/// where the files are swapped by a link. What cannot be read leaves what was read before.
final class WatchedFiles<T> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(WatchedFiles.class);

    /// A value and the files it comes from.
    record Content<T>(T value, Set<Path> files) {}

    /// Reads the files.
    @FunctionalInterface
    interface Reader<T> {

        /// @throws IllegalArgumentException when they are not as they should be, without a secret
        ///   in its message
        Content<T> read() throws IOException;
    }

    /// How reading the files again went.
    enum Outcome {
        SUCCESS,
        FAILURE;

        private String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    // What tells one state of a file from another; a link that points elsewhere does, too.
    private record Stamp(String realPath, long modified, long size, @Nullable Object key) {}

    private final String what;
    private final Reader<T> reader;
    private final Duration interval;
    private final ScheduledExecutorService scheduler;
    private final Consumer<Outcome> outcomes;
    private Set<Path> files;
    private Map<Path, Stamp> stamps = Map.of();
    private volatile @Nullable T current;
    private @Nullable ScheduledFuture<?> task;

    /// @param what the files hold, for the log
    /// @param files the first to look at; those that reading names are added
    WatchedFiles(
            String what,
            Collection<Path> files,
            Reader<T> reader,
            Duration interval,
            ScheduledExecutorService scheduler,
            Consumer<Outcome> outcomes) {
        this.what = what;
        this.files = Set.copyOf(files);
        this.reader = reader;
        this.interval = interval;
        this.scheduler = scheduler;
        this.outcomes = outcomes;
    }

    /// Counts how reading changed files again went.
    static Consumer<Outcome> reloads(
            MeterRegistry meters, String name, String description, String... tags) {
        var counter =
                Counter.builder(name).description(description).tags(tags).withRegistry(meters);
        for (var outcome : Outcome.values()) {
            counter.withTag("outcome", outcome.text());
        }
        return outcome -> counter.withTag("outcome", outcome.text()).increment();
    }

    /// Reads the files and begins to watch them.
    ///
    /// @throws IllegalArgumentException when they cannot be read
    synchronized void start() {
        if (task != null) {
            throw new IllegalStateException(what + ": started before (expected: once)");
        }
        var seen = stamps();
        try {
            var content = reader.read();
            accept(content, seen);
        } catch (IOException e) {
            throw new IllegalArgumentException(what + ": " + e, e);
        }
        task =
                scheduler.scheduleWithFixedDelay(
                        this::refresh,
                        interval.toMillis(),
                        interval.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    T current() {
        var value = current;
        if (value == null) {
            throw new IllegalStateException(what + ": not read yet (expected: started)");
        }
        return value;
    }

    /// Reads the files again if they changed since the last look.
    synchronized void refresh() {
        var seen = stamps();
        if (seen.equals(stamps)) {
            return;
        }
        try {
            accept(reader.read(), seen);
            outcomes.accept(Outcome.SUCCESS);
            LOG.atInfo().addKeyValue("files", files).log("Read {} again", what);
        } catch (IOException | RuntimeException e) {
            // Not looked at again before they change once more.
            stamps = seen;
            outcomes.accept(Outcome.FAILURE);
            LOG.atError()
                    .addKeyValue("files", files)
                    .addKeyValue("error", e.toString())
                    .log("Kept the {} read before, as the changed files cannot be used", what);
        }
    }

    @Override
    public synchronized void close() {
        if (task != null) {
            task.cancel(false);
        }
    }

    private void accept(Content<T> content, Map<Path, Stamp> seen) {
        current = content.value();
        if (content.files().equals(files)) {
            stamps = seen;
        } else {
            files = content.files();
            stamps = stamps();
        }
    }

    private Map<Path, Stamp> stamps() {
        var found = new HashMap<Path, Stamp>();
        for (var file : files) {
            try {
                var real = file.toRealPath();
                var attributes = Files.readAttributes(real, BasicFileAttributes.class);
                found.put(
                        file,
                        new Stamp(
                                real.toString(),
                                attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS),
                                attributes.size(),
                                attributes.fileKey()));
            } catch (IOException _) {
                // Gone is a state like any other: reading will say what is wrong.
                found.put(file, new Stamp("", 0, 0, null));
            }
        }
        return found;
    }
}
