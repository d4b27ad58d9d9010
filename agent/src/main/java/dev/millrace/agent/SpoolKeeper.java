package dev.millrace.agent;

import dev.millrace.agent.spool.Haul;
import dev.millrace.agent.spool.Parcel;
import dev.millrace.agent.spool.Spool;
import dev.millrace.agent.spool.SpoolObserver;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps a [Spool] on a thread of its own, so that nobody waits for the disk, and tells whether it
/// can be used.
///
/// A disk that is full, cannot be written to or is missing is tried again once in a while; until it
/// works nothing is put there. Safe for threads.
final class SpoolKeeper implements SpoolObserver {

    private static final Logger LOG = LoggerFactory.getLogger(SpoolKeeper.class);

    static final Duration PAUSE = Duration.ofSeconds(1);

    private final Spool spool;
    private final Path directory;
    private final Executor disk;
    private final InstantSource clock;
    private final AgentMetrics metrics;
    // Written by the thread of the disk alone.
    private volatile boolean opened;
    private volatile String trouble = "not opened yet";
    private volatile long pausedUntil;
    private volatile boolean backlog;
    private volatile long bytes;
    private volatile long oldest = Long.MAX_VALUE;

    /// @param disk runs one thing at a time
    SpoolKeeper(AgentConfig.Disk config, InstantSource clock, Executor disk, AgentMetrics metrics) {
        this.directory = config.directory();
        this.spool = new Spool(config.directory(), config.limits(), clock, this);
        this.disk = disk;
        this.clock = clock;
        this.metrics = metrics;
        metrics.gauge(
                "millrace.agent.spool.bytes",
                "Bytes on disk that wait for a collector",
                () -> bytes);
        metrics.gauge(
                "millrace.agent.spool.age.seconds",
                "Age of the oldest spans on disk",
                () -> oldest == Long.MAX_VALUE ? 0 : (clock.millis() - oldest) / 1_000.0);
    }

    /// Opens it where it is not, and drops what is too old. To be called once in a while.
    CompletableFuture<Void> tend() {
        return on(() -> {
            open();
            spool.expire();
            return null;
        });
    }

    /// Whether spans may be put there now.
    boolean isUsable() {
        return trouble.isEmpty() || (opened && clock.millis() >= pausedUntil);
    }

    /// Why they may not; empty where they may.
    Optional<String> trouble() {
        var found = trouble;
        return found.isEmpty() ? Optional.empty() : Optional.of(found);
    }

    /// Whether spans wait there.
    boolean hasBacklog() {
        return backlog;
    }

    /// Completes when they are on disk, and fails where that cannot be.
    CompletableFuture<Void> keep(List<Parcel> parcels) {
        return on(() -> {
            if (!opened) {
                throw new IOException(trouble);
            }
            spool.append(parcels);
            fine();
            metrics.spooled(parcels.stream().mapToInt(Parcel::spans).sum());
            return null;
        });
    }

    /// The oldest that wait; empty where none do.
    CompletableFuture<Optional<Haul>> haul(int maxBytes, int maxSize) {
        return on(() ->
                opened
                        ? Optional.ofNullable(spool.next(maxBytes, maxSize))
                        : Optional.<Haul>empty());
    }

    CompletableFuture<Void> done(Haul haul) {
        return on(() -> {
            spool.done(haul);
            return null;
        });
    }

    CompletableFuture<Void> release(Haul haul) {
        return on(() -> {
            spool.release(haul);
            return null;
        });
    }

    /// Closes the files, after all that was asked for before.
    CompletableFuture<Void> close() {
        return on(() -> {
            opened = false;
            spool.close();
            return null;
        });
    }

    private void open() throws IOException {
        if (opened) {
            return;
        }
        spool.open();
        opened = true;
        fine();
        if (!spool.isEmpty()) {
            LOG.atInfo()
                    .addKeyValue("directory", directory)
                    .addKeyValue("bytes", spool.bytes())
                    .log("Found spans on disk");
        }
    }

    private <T extends @Nullable Object> CompletableFuture<T> on(Callable<T> work) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return work.call();
                    } catch (IOException e) {
                        failed(e);
                        throw new SpoolFailedException(trouble);
                    } catch (RuntimeException e) {
                        throw e;
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    } finally {
                        look();
                    }
                },
                disk);
    }

    /// The disk did not do as it should.
    static final class SpoolFailedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        SpoolFailedException(String message) {
            super(message, null, false, false);
        }
    }

    // Only what writes shows that writing works.
    private void fine() {
        if (!trouble.isEmpty() && pausedUntil > 0) {
            LOG.atInfo().addKeyValue("directory", directory).log("Spool can be used again");
        }
        trouble = "";
    }

    private void failed(IOException e) {
        metrics.spoolFailed();
        var words =
                directory
                        + ": "
                        + words(e)
                        + " (expected: a directory with room that can be written to)";
        if (!words.equals(trouble)) {
            LOG.atError()
                    .addKeyValue("directory", directory)
                    .addKeyValue("error", words)
                    .log("Spool cannot be used; spans are refused while no collector takes them");
        }
        trouble = words;
        pausedUntil = clock.millis() + PAUSE.toMillis();
    }

    // Those of files have no words of their own, or name the file again.
    private static String words(IOException e) {
        return switch (e) {
            case FileAlreadyExistsException _ -> "not a directory";
            case AccessDeniedException _ -> "access denied";
            case FileSystemException at when at.getReason() != null -> at.getReason();
            default -> String.valueOf(e.getMessage());
        };
    }

    private void look() {
        backlog = opened && !spool.isEmpty();
        bytes = opened ? spool.bytes() : 0;
        oldest = opened && backlog ? spool.oldest().orElse(Long.MAX_VALUE) : Long.MAX_VALUE;
    }

    @Override
    public void dropped(Reason reason, int spans) {
        metrics.dropped(reason, spans);
    }

    @Override
    public void setAside(Path file, long offset, long lost, String found) {
        metrics.setAside();
        LOG.atError()
                .addKeyValue("file", file)
                .addKeyValue("offset", offset)
                .addKeyValue("bytes", lost)
                .addKeyValue("found", found)
                .log("Segment is not readable from there on and was put aside");
    }

    @Override
    public void torn(Path file, long lost) {
        metrics.torn(lost);
        LOG.atInfo()
                .addKeyValue("file", file)
                .addKeyValue("bytes", lost)
                .log("Left out what was not written to its end, and never acknowledged");
    }

    @Override
    public void troubled(String what, IOException cause) {
        metrics.spoolFailed();
        LOG.atWarn()
                .addKeyValue("directory", directory)
                .addKeyValue("file", what)
                .addKeyValue("error", cause.toString())
                .log("Spool could not tidy up; spans may be sent once more after a restart");
    }
}
