package dev.millrace.pipeline;

import java.time.Duration;

/// How many bytes of spans go to the store in one write: fewer while it is slow or fails.
///
/// A store takes a write as a whole or not at all, within a bounded time. One that is too slow for
/// as much as it takes otherwise would be sent the same again and again, and have nothing of it.
///
/// Safe for any number of threads, each of which notes what became of its own writes.
final class WritePortion {

    /// Any store takes so much in time, or nothing.
    static final long LEAST = 64 << 10;

    /// A write that takes longer is too large, and one that takes less need not be so small. Far
    /// below what stores wait for an answer, so that they grow slow before they fail.
    private static final long SLOW_NANOS = Duration.ofSeconds(2).toNanos();

    private static final long QUICK_NANOS = Duration.ofMillis(500).toNanos();

    /// It grows after so many quick writes, so that one that fails by its size is seldom tried.
    private static final int QUICK_WRITES = 4;

    private final long most;
    private long bytes;
    private int quick;

    /// @param most for a store that is quick
    WritePortion(long most) {
        this.most = most;
        this.bytes = most;
    }

    synchronized long bytes() {
        return bytes;
    }

    /// The store has taken a write.
    synchronized void taken(long written, long nanos) {
        if (nanos > SLOW_NANOS) {
            shrink();
        } else if (nanos < QUICK_NANOS && written >= bytes / 2) {
            // From a smaller one nothing follows.
            quick++;
            if (quick >= QUICK_WRITES) {
                quick = 0;
                bytes = Math.min(most, 2 * bytes);
            }
        }
    }

    /// The store could not take a write now.
    synchronized void failed() {
        shrink();
    }

    private void shrink() {
        quick = 0;
        bytes = Math.min(bytes, Math.max(LEAST, bytes / 2));
    }
}
