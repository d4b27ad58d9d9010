package dev.millrace.analysis;

import dev.millrace.wire.otlp.ProtoWriter;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// How many calls there were, how many of them failed, and how long they took.
///
/// Behind a head sampler a call stands for several: [#calls()] says how many there were, [#seen()]
/// how many of them were seen. Weights are held in millionths, so that figures add up to the same
/// in any order. Not safe for threads.
public final class Figures {

    /// What a call of weight 1 counts.
    static final long UNIT = 1 << 20;

    /// No call stands for more than this.
    private static final double MOST = 1 << 24;

    // Numbers of the fields in dependencies.proto; lower ones say what the figures are about.
    private static final int SEEN = 5;
    private static final int CALLS_UNITS = 6;
    private static final int ERRORS = 7;
    private static final int ERRORS_UNITS = 8;
    static final int DURATIONS = 9;
    static final int DURATIONS_UNITS = 10;

    private long seen;
    private long calls;
    private long errors;
    private final DurationSketch durations = new DurationSketch();
    private final @Nullable Histogram histogram;

    Figures(boolean withHistogram) {
        histogram = withHistogram ? new Histogram() : null;
    }

    /// Calls of which nothing else is known.
    public static Figures ofCalls(long calls) {
        var figures = new Figures(false);
        figures.seen = calls;
        figures.calls = Math.multiplyExact(calls, UNIT);
        return figures;
    }

    /// Calls of which nothing else is known but how many of them failed.
    public static Figures ofCalls(long calls, long errors) {
        var figures = ofCalls(calls);
        figures.errors = Math.multiplyExact(errors, UNIT);
        return figures;
    }

    /// The same figures, without a histogram, to add others to.
    public Figures copy() {
        var copy = new Figures(false);
        copy.add(this);
        return copy;
    }

    static long units(double weight) {
        return weight > 1 ? Math.round(Math.min(weight, MOST) * UNIT) : UNIT;
    }

    /// Returns the number of the histogram's bucket that it fell into, 0 without a histogram.
    int add(long units, boolean failed, long nanos) {
        seen++;
        calls += units;
        if (failed) {
            errors += units;
        }
        durations.add(nanos, units);
        return histogram == null ? 0 : histogram.add(nanos, units);
    }

    public void add(Figures other) {
        seen += other.seen;
        calls += other.calls;
        errors += other.errors;
        durations.add(other.durations);
        if (histogram != null && other.histogram != null) {
            histogram.add(other.histogram);
        }
    }

    /// How many calls were seen.
    public long seen() {
        return seen;
    }

    /// How many calls there were.
    public double calls() {
        return (double) calls / UNIT;
    }

    /// How many of them failed.
    public double errors() {
        return (double) errors / UNIT;
    }

    public DurationSketch durations() {
        return durations;
    }

    /// Null where none is kept.
    public @Nullable Histogram histogram() {
        return histogram;
    }

    void write(ProtoWriter writer) {
        writer.number(SEEN, seen);
        if (calls != seen * UNIT) {
            writer.number(CALLS_UNITS, calls);
        }
        if (errors % UNIT == 0) {
            writer.number(ERRORS, errors / UNIT);
        } else {
            writer.number(ERRORS_UNITS, errors);
        }
        durations.write(writer, DURATIONS, DURATIONS_UNITS);
    }

    /// Takes a field that is a number; others are passed over.
    void read(int field, long value) {
        switch (field) {
            case SEEN -> {
                seen = value;
                calls = calls == 0 ? value * UNIT : calls;
            }
            case CALLS_UNITS -> calls = value;
            case ERRORS -> errors = value * UNIT;
            case ERRORS_UNITS -> errors = value;
            default -> {}
        }
    }

    /// Equal when the figures are, whatever histograms there are.
    @Override
    public boolean equals(Object object) {
        return object instanceof Figures other
                && seen == other.seen
                && calls == other.calls
                && errors == other.errors
                && durations.equals(other.durations);
    }

    @Override
    public int hashCode() {
        return Objects.hash(seen, calls, errors, durations);
    }

    @Override
    public String toString() {
        return "Figures[seen="
                + seen
                + ", calls="
                + calls()
                + ", errors="
                + errors()
                + ", "
                + durations
                + "]";
    }
}
