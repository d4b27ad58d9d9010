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
    }

    public LoadFactor(Settings settings) {
        this.settings = settings;
    }

    /// Takes one sample and answers the factor from now on.
    ///
    /// @param cpu used share of the processors, from 0 to 1; NaN when unknown
    /// @param memory used share of the memory, from 0 to 1; NaN when unknown
    public double step(double cpu, double memory, long nowNanos) {
        if (changed && nowNanos - changedAt < settings.holdNanos()) {
            return factor;
        }
        double next = factor;
        if (cpu > settings.highMark() || memory > settings.highMark()) {
            next = Math.max(settings.least(), factor / 2);
        } else if (!(cpu >= settings.lowMark()) && !(memory >= settings.lowMark())) {
            next = Math.min(1, factor * 2);
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
