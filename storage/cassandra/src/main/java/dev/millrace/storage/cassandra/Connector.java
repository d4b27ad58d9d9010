package dev.millrace.storage.cassandra;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Connects, again and again until it succeeds once, in a thread of its own.
///
/// Whoever asks for the connection does not wait for it. After a failure that waiting does not cure
/// it tries less often, for somebody may change what is wrong on the other side.
///
/// Safe for any number of threads.
///
/// @param <C> what is held while there is a connection
final class Connector<C extends AutoCloseable> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Connector.class);
    private static final Duration JOIN_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration TELL_EVERY = Duration.ofMinutes(1);

    /// How long to wait before the next attempt.
    ///
    /// @param usually after one that may do better
    /// @param refused after one that will not, by itself
    record Pauses(Duration usually, Duration refused) {

        static final Pauses DEFAULT = new Pauses(Duration.ofSeconds(1), Duration.ofSeconds(30));
    }

    private final String what;
    private final Supplier<C> attempt;
    private final Pauses pauses;
    private final Thread thread;
    private final CountDownLatch tried = new CountDownLatch(1);
    private volatile @Nullable C connection;
    private volatile @Nullable StoreException failure;

    // Opened under the lock of this, so that a connection is either kept or closed.
    private final CountDownLatch closing = new CountDownLatch(1);

    /// @param what is connected to, for people
    /// @param attempt makes a connection within a bounded time, or throws a [StoreException]
    Connector(String what, Supplier<C> attempt, Pauses pauses) {
        this.what = what;
        this.attempt = attempt;
        this.pauses = pauses;
        this.thread = Thread.ofPlatform().daemon().name("store-connect").unstarted(this::run);
    }

    /// Begins to connect, and waits until the first attempt has ended, or the patience.
    ///
    /// @throws StoreException when it failed for a reason that waiting does not cure
    void start(Duration patience) {
        thread.start();
        try {
            boolean ended = tried.await(patience.toNanos(), NANOSECONDS);
            var failed = failure;
            if (failed != null && needsSomebody(failed)) {
                throw failed;
            }
            if (!ended) {
                LOG.atWarn()
                        .addKeyValue("store", what)
                        .addKeyValue("after", patience)
                        .log("Connecting to the store takes its time; it goes on meanwhile");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(Kind.UNAVAILABLE, "interrupted while connecting", e);
        }
    }

    /// Whether a failure ends only when somebody changes settings.
    static boolean needsSomebody(StoreException failure) {
        return switch (failure.kind()) {
            case UNAVAILABLE, OVER_CAPACITY -> failure.getCause() instanceof SettingsException;
            case INVALID_REQUEST, NOT_SUPPORTED, TOO_LARGE, CORRUPT, BUG -> true;
        };
    }

    private void run() {
        try {
            long toldAt = 0;
            while (!isClosed()) {
                var failed = tryOnce();
                if (failed == null) {
                    return;
                }
                boolean first = failure == null;
                failure = failed;
                tried.countDown();
                if (first || System.nanoTime() - toldAt > TELL_EVERY.toNanos()) {
                    toldAt = System.nanoTime();
                    tell(failed);
                }
                var pause = needsSomebody(failed) ? pauses.refused() : pauses.usually();
                var _ = closing.await(pause.toNanos(), NANOSECONDS);
            }
        } catch (InterruptedException _) {
            // Closed meanwhile.
            Thread.currentThread().interrupt();
        } finally {
            tried.countDown();
        }
    }

    private @Nullable StoreException tryOnce() {
        try {
            keep(attempt.get());
            return null;
        } catch (StoreException e) {
            return e;
        } catch (RuntimeException e) {
            return new StoreException(Kind.BUG, "connecting to " + what + ": " + e, e);
        }
    }

    private boolean isClosed() {
        return closing.getCount() == 0;
    }

    private void tell(StoreException e) {
        LOG.atWarn()
                .addKeyValue("store", what)
                .addKeyValue("error", e.toString())
                .log("The store cannot be connected to; it is tried again and again");
    }

    private void keep(C made) {
        boolean late;
        synchronized (this) {
            late = isClosed();
            if (!late) {
                connection = made;
            }
        }
        if (late) {
            close(made);
        } else if (failure != null) {
            LOG.atInfo().addKeyValue("store", what).log("Connected to the store");
        }
    }

    /// The connection.
    ///
    /// @throws StoreException when there is none at present
    C connection() {
        var made = connection;
        if (made != null) {
            return made;
        }
        var failed = failure;
        throw failed == null
                ? new StoreException(Kind.UNAVAILABLE, "still connecting to " + what)
                : new StoreException(Kind.UNAVAILABLE, String.valueOf(failed.getMessage()), failed);
    }

    /// Why there is no connection; empty when there is one.
    Optional<String> missing() {
        if (connection != null) {
            return Optional.empty();
        }
        var failed = failure;
        return Optional.of(
                failed == null
                        ? "still connecting to " + what
                        : String.valueOf(failed.getMessage()));
    }

    /// Gives the connection up. An attempt under way is given up too, or, when it does not end
    /// soon, whatever it makes is closed.
    @Override
    public void close() {
        @Nullable C held;
        synchronized (this) {
            closing.countDown();
            held = connection;
            connection = null;
        }
        thread.interrupt();
        try {
            if (thread.isAlive()) {
                var _ = thread.join(JOIN_TIMEOUT);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        if (held != null) {
            close(held);
        }
    }

    private void close(C made) {
        try {
            made.close();
        } catch (Exception e) {
            LOG.atWarn()
                    .addKeyValue("store", what)
                    .addKeyValue("error", e.toString())
                    .log("The connection to the store was not closed in order");
        }
    }
}
