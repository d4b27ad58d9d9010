package dev.millrace.sampling;

/// Holds a rate by lowering a probability instead of cutting off: whatever is dropped is dropped by
/// its randomness, so that all spans of a trace share its fate.
///
/// Once a second the factor becomes the limit over what was offered. When a surge uses up the
/// second's allowance before that, the factor halves, and the allowance that is left with it, so no
/// second lets through more than about twice the limit. Safe for threads.
final class RateLimit {

    private static final long SECOND = 1_000_000_000;
    // Far below any rate of use; keeps halving from ending at nothing for good.
    private static final double LEAST = 1e-9;

    private final double perSecond;
    private volatile double factor = 1;
    private boolean started;
    private long windowStart;
    private double offered;
    private double kept;
    private double allowance;

    RateLimit(double perSecond) {
        this.perSecond = perSecond;
        this.allowance = perSecond;
    }

    boolean isUnlimited() {
        return perSecond == 0;
    }

    /// What probabilities are multiplied with to keep to the limit.
    double factor() {
        return factor;
    }

    /// @param expectedSpans how many spans would be kept on average without the limit
    /// @param keptSpans how many spans were kept
    void record(double expectedSpans, int keptSpans, long nowNanos) {
        if (isUnlimited()) {
            return;
        }
        synchronized (this) {
            if (!started) {
                started = true;
                windowStart = nowNanos;
            }
            long elapsed = nowNanos - windowStart;
            if (elapsed >= SECOND) {
                double rate = offered * SECOND / elapsed;
                factor = rate <= perSecond ? 1 : perSecond / rate;
                windowStart = nowNanos;
                offered = 0;
                kept = 0;
                allowance = perSecond;
            }
            offered += expectedSpans;
            kept += keptSpans;
            while (kept >= allowance && factor > LEAST) {
                factor /= 2;
                kept -= allowance;
                allowance = Math.max(1, allowance / 2);
            }
        }
    }
}
