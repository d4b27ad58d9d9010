package dev.millrace.sampling;

/// By how much a process lowers its sampling rate because it is busy.
///
/// Above the high mark of CPU or memory the factor halves, once per hold time for as long as the
/// load stays there; below the low mark of both it doubles, once per hold time, back to one.
/// Between the marks it stays. Driven by samples; not safe for threads.
public final class LoadFactor {

    private final Settings settings;
    private double factor = 1;
    private boolean changed;
    private long changedAt;

    /// Where a load lies.
    public enum State {
        /// Below the low mark.
        CALM,
        /// Neither: what holds stays.
        BETWEEN,
        /// Above the high mark.
        BUSY
    }

    /// When and how the rate gives way.
    ///
    /// @param highMark of CPU or memory, from 0 to 1: above it the rate halves
    /// @param lowMark of CPU and memory: below it the rate recovers
    /// @param least the smallest factor
    /// @param holdNanos the time between two changes
    public record Settings(double highMark, double lowMark, double least, long holdNanos) {

        public static final Settings DEFAULT = new Settings(0.8, 0.7, 1.0 / 64, 10_000_000_000L);

        public Settings {
            if (!(highMark > 0 && highMark <= 1)) {
                throw new IllegalArgumentException(
                        "high-mark: " + highMark + " (expected: above 0, at most 1)");
            }
            if (!(lowMark > 0 && lowMark <= highMark)) {
                throw new IllegalArgumentException(
                        "low-mark: " + lowMark + " (expected: above 0, at most " + highMark + ")");
            }
            if (!(least > 0 && least <= 1)) {
                throw new IllegalArgumentException(
                        "least: " + least + " (expected: above 0, at most 1)");
            }
            if (holdNanos < 0) {
                throw new IllegalArgumentException("hold: " + holdNanos + " ns (expected: >= 0)");
            }
        }

        /// What a load is to a machine with these marks.
        public State of(Load load) {
            if (load.cpu() > highMark || load.memory() > highMark) {
                return State.BUSY;
            }
            // What is unknown is no load.
            return load.cpu() >= lowMark || load.memory() >= lowMark ? State.BETWEEN : State.CALM;
        }
    }

    public LoadFactor(Settings settings) {
        this.settings = settings;
    }

    /// Goes on from what held before.
    ///
    /// @param before the factor until now, above 0 to 1
    public LoadFactor(Settings settings, double before, long nowNanos) {
        this.settings = settings;
        this.factor = before;
        this.changed = before != 1;
        this.changedAt = nowNanos;
    }

    /// Takes one sample and answers the factor from now on.
    ///
    /// @param load of the busiest machine that is to be relieved
    public double step(Load load, long nowNanos) {
        if (changed && nowNanos - changedAt < settings.holdNanos()) {
            return factor;
        }
        double next = factor;
        switch (settings.of(load)) {
            case BUSY -> next = Math.max(settings.least(), factor / 2);
            case CALM -> next = Math.min(1, factor * 2);
            case BETWEEN -> {}
        }
        if (next != factor) {
            factor = next;
            changed = true;
            changedAt = nowNanos;
        }
        return factor;
    }

    public double factor() {
        return factor;
    }
}
