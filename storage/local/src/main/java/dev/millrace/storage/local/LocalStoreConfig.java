package dev.millrace.storage.local;

import dev.millrace.model.ByteSize;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/// Where the embedded store keeps its files, and for how long.
///
/// @param directory created when missing; one process at a time may use it
/// @param window the length of time one index covers and the grain of expiry; fixed for a directory
///   once it is in use
/// @param retention how long traces are kept
/// @param maxSize the size on disk above which the oldest windows go early; 0 for no bound
public record LocalStoreConfig(
        Path directory, Duration window, Duration retention, ByteSize maxSize) {

    /// Short enough for a grain of retention, long enough that a week is few directories.
    public static final Duration DEFAULT_WINDOW = Duration.ofHours(6);

    public static final Duration DEFAULT_RETENTION = Duration.ofDays(7);

    public LocalStoreConfig {
        if (window.compareTo(Duration.ofMinutes(1)) < 0
                || window.compareTo(Duration.ofDays(365)) > 0
                || !window.equals(Duration.ofSeconds(window.toSeconds()))) {
            throw new IllegalArgumentException(
                    "window: " + window + " (expected: whole seconds, PT1M to PT8760H)");
        }
        if (retention.compareTo(window) < 0) {
            throw new IllegalArgumentException(
                    "retention: " + retention + " (expected: at least the window, " + window + ")");
        }
    }

    /// A store with the default window and retention, and no bound on its size.
    public static LocalStoreConfig in(Path directory) {
        return new LocalStoreConfig(directory, DEFAULT_WINDOW, DEFAULT_RETENTION, new ByteSize(0));
    }

    /// What lies wholly before this is past its retention.
    public Instant horizon(Instant now) {
        return now.minus(retention);
    }
}
