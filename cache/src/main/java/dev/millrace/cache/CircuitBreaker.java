package dev.millrace.cache;

/// Keeps calls away from what fails: after some failures in a row none passes for a while, then one
/// at a time to find out.
///
/// The while doubles with each failed attempt up to a bound. Safe for threads.
final class CircuitBreaker {

    private static final int FAILURES = 5;
    private static final long SHORTEST = 200_000_000L;
    private static final long LONGEST = 2_000_000_000L;

    private int failures;
    private boolean open;
    private long retryAt;
    private long pause = SHORTEST;

    /// Whether a call may pass now; each that passes has to be answered with one of the others.
    synchronized boolean tryPass(long nowNanos) {
        if (!open) {
            return true;
        }
        if (nowNanos - retryAt < 0) {
            return false;
        }
        // The others wait until this one had its chance.
        retryAt = nowNanos + pause;
        return true;
    }

    synchronized void succeeded() {
        failures = 0;
        open = false;
        pause = SHORTEST;
    }

    synchronized void failed(long nowNanos) {
        failures++;
        if (open) {
            pause = Math.min(LONGEST, 2 * pause);
            retryAt = nowNanos + pause;
        } else if (failures >= FAILURES) {
            open = true;
            retryAt = nowNanos + pause;
        }
    }

    synchronized boolean isOpen() {
        return open;
    }
}
