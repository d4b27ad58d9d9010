package dev.millrace.load;

/// Spreads spans evenly over time.
///
/// Time lost while the receiver held the sender up is made good, but for at most one second of it.
/// Not safe for threads.
final class Pace {

    private static final long MOST_DEBT_NANOS = 1_000_000_000L;

    private final long spansPerSecond;
    private long nextNanos;

    /// @param spansPerSecond 0 for as fast as it goes
    Pace(long spansPerSecond, long startNanos) {
        this.spansPerSecond = spansPerSecond;
        this.nextNanos = startNanos;
    }

    /// How long to wait before the next request; 0 when it is due.
    long waitNanos(long nowNanos) {
        return spansPerSecond == 0 ? 0 : Math.max(0, nextNanos - nowNanos);
    }

    void sent(int spans, long nowNanos) {
        if (spansPerSecond > 0) {
            long from =
                    nowNanos - nextNanos > MOST_DEBT_NANOS ? nowNanos - MOST_DEBT_NANOS : nextNanos;
            nextNanos = from + (long) (spans * 1e9 / spansPerSecond);
        }
    }
}
