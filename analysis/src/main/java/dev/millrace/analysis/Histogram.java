package dev.millrace.analysis;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How many durations lie under each of a few fixed bounds, with a span to look at for each.
///
/// Not safe for threads.
public final class Histogram {

    private static final long MILLI = 1_000_000;

    private static final long[] BOUNDS = {
        2 * MILLI,
        5 * MILLI,
        10 * MILLI,
        25 * MILLI,
        50 * MILLI,
        100 * MILLI,
        250 * MILLI,
        500 * MILLI,
        1_000 * MILLI,
        2_500 * MILLI,
        5_000 * MILLI,
        10_000 * MILLI,
        30_000 * MILLI
    };

    private final long[] counts = new long[BOUNDS.length + 1];
    private final @Nullable Exemplar[] exemplars = new Exemplar[BOUNDS.length + 1];
    private double sum;

    /// The upper bounds of all buckets but the last, which has none; seconds.
    public static List<Double> bounds() {
        return Arrays.stream(BOUNDS).mapToObj(nanos -> nanos / 1e9).toList();
    }

    /// Returns the number of the bucket.
    int add(long nanos, long units) {
        int bucket = 0;
        while (bucket < BOUNDS.length && nanos > BOUNDS[bucket]) {
            bucket++;
        }
        counts[bucket] += units;
        sum += (double) nanos * units;
        return bucket;
    }

    boolean hasExemplar(int bucket) {
        return exemplars[bucket] != null;
    }

    void show(int bucket, Exemplar exemplar) {
        exemplars[bucket] = exemplar;
    }

    /// Later exemplars take the place of earlier ones.
    void add(Histogram other) {
        for (int i = 0; i < counts.length; i++) {
            counts[i] += other.counts[i];
            if (other.exemplars[i] != null) {
                exemplars[i] = other.exemplars[i];
            }
        }
        sum += other.sum;
    }

    /// How many there are in each bucket, beginning with the shortest.
    public List<Double> counts() {
        return Arrays.stream(counts).mapToObj(units -> (double) units / Figures.UNIT).toList();
    }

    /// Of a bucket; null where no stored trace has one.
    public @Nullable Exemplar exemplar(int bucket) {
        return exemplars[bucket];
    }

    /// All durations together.
    public double sumSeconds() {
        return sum / Figures.UNIT / 1e9;
    }
}
