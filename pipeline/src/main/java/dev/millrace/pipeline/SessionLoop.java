package dev.millrace.pipeline;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Keeps a session going in a thread of its own: after one that failed the next begins anew, with a
/// pause between that grows while they fail.
///
/// Safe for any number of threads; started once.
public final class SessionLoop<S extends SessionLoop.Session> {

    /// One consumer's life in its group. For one thread, which steps again and again.
    public interface Session extends AutoCloseable {

        /// Does what there is to do, for a bounded time.
        void step();

        /// Leaves the group, within a bounded time.
        @Override
        void close();
    }

    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

    private final String name;
    private final Supplier<S> sessions;
    private final Consumer<S> subscribe;
    private final Consumer<RuntimeException> onFailure;
    private final CountDownLatch closing = new CountDownLatch(1);
    private volatile boolean healthy;
    private @Nullable Thread thread;

    /// @param name of the thread
    /// @param sessions opens one
    /// @param subscribe has it join its group
    /// @param onFailure is told why one has ended, before the next begins
    public SessionLoop(
            String name,
            Supplier<S> sessions,
            Consumer<S> subscribe,
            Consumer<RuntimeException> onFailure) {
        this.name = name;
        this.sessions = sessions;
        this.subscribe = subscribe;
        this.onFailure = onFailure;
    }

    /// Begins the first session.
    ///
    /// @param before what has to be opened for it
    public synchronized void start(Runnable before) {
        if (thread != null || closing.getCount() == 0) {
            throw new IllegalStateException(name + ": started before (expected: once)");
        }
        before.run();
        healthy = true;
        thread = Thread.ofPlatform().daemon().name(name).start(this::run);
    }

    /// False before the start, after the end, and while a session has failed and the next has not
    /// made a step.
    public boolean healthy() {
        return healthy;
    }

    private void run() {
        var backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
        try {
            do {
                try (var session = sessions.get()) {
                    subscribe.accept(session);
                    while (closing.getCount() > 0) {
                        session.step();
                        healthy = true;
                        backoff.reset();
                    }
                } catch (RuntimeException e) {
                    healthy = false;
                    onFailure.accept(e);
                }
            } while (!closing.await(backoff.next().toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            healthy = false;
        }
    }

    /// Has the session end, and no other begin; does not wait for that.
    public void stop() {
        closing.countDown();
    }

    /// Waits for the end.
    ///
    /// @return whether it came in time; true as well when there was no beginning, or when who waits
    ///   is interrupted
    public synchronized boolean join(Duration atMost) {
        var running = thread;
        if (running == null) {
            return true;
        }
        try {
            return running.join(atMost);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /// Interrupts what a session does at this moment.
    public synchronized void interrupt() {
        if (thread != null) {
            thread.interrupt();
        }
    }
}
