package dev.millrace.sampling.tail;

import com.datadoghq.sketch.ddsketch.DDSketch;
import com.datadoghq.sketch.ddsketch.DDSketches;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/// How long the traces of each operation took lately: a window of the log's time that slides in
/// slices, with a sketch for each operation and slice.
///
/// Driven by the traces alone; not safe for threads.
public final class DurationWindow {

    private final Settings settings;
    private final long sliceMillis;
    private final ArrayDeque<Slice> slices = new ArrayDeque<>();
    private long newest = Long.MIN_VALUE;

    /// @param windowMillis how far back it looks
    /// @param slices how many steps the window slides in
    /// @param maxOperations how many operations are told apart in a slice; of others nothing is
    ///   known
    /// @param leastTraces of how many traces an operation's percentiles are taken at least
    /// @param accuracy of the sketches; a percentile is at most twice as far above the true
    ///   duration, relative to it, and never below
    public record Settings(
            long windowMillis, int slices, int maxOperations, int leastTraces, double accuracy) {

        public static final Settings DEFAULT = new Settings(300_000, 5, 2_000, 100, 0.02);

        public Settings {
            if (slices < 1 || windowMillis < slices) {
                throw new IllegalArgumentException(
                        "window: "
                                + windowMillis
                                + " ms in "
                                + slices
                                + " slices (expected: at least a millisecond each)");
            }
        }
    }

    private record Slice(long number, Map<RootOperation, DDSketch> durations) {}

    public DurationWindow(Settings settings) {
        this.settings = settings;
        this.sliceMillis = settings.windowMillis() / settings.slices();
    }

    /// @param closedAt the log time at which the trace was complete, milliseconds since the epoch
    public void add(RootOperation operation, long closedAt, long durationNanos) {
        long number = Math.floorDiv(closedAt, sliceMillis);
        if (number > newest) {
            newest = number;
            slices.addFirst(new Slice(number, new HashMap<>()));
            while (slices.getLast().number() <= newest - settings.slices()) {
                slices.removeLast();
            }
        }
        for (var slice : slices) {
            if (slice.number() == number) {
                add(slice, operation, durationNanos);
            }
        }
    }

    private void add(Slice slice, RootOperation operation, long durationNanos) {
        var sketch = slice.durations().get(operation);
        if (sketch == null) {
            if (slice.durations().size() >= settings.maxOperations()) {
                return;
            }
            sketch = DDSketches.unboundedDense(settings.accuracy());
            slice.durations().put(operation, sketch);
        }
        sketch.accept((double) Math.max(0, durationNanos));
    }

    /// The bounds as the window stands.
    public SlowBounds bounds(Set<Double> percentiles) {
        if (percentiles.isEmpty()) {
            return SlowBounds.NONE;
        }
        var merged = new HashMap<RootOperation, DDSketch>();
        for (var slice : slices) {
            slice.durations()
                    .forEach((operation, sketch) -> {
                        var sum = merged.get(operation);
                        if (sum == null) {
                            merged.put(operation, sketch.copy());
                        } else {
                            sum.mergeWith(sketch);
                        }
                    });
        }
        var bounds = new HashMap<Double, Map<RootOperation, Long>>();
        for (double percentile : percentiles) {
            var ofPercentile = new HashMap<RootOperation, Long>();
            merged.forEach((operation, sketch) -> {
                if (sketch.getCount() >= settings.leastTraces()) {
                    // At least the true one: where all take equally long, none is slow.
                    double most =
                            sketch.getValueAtQuantile(percentile / 100) / (1 - settings.accuracy());
                    ofPercentile.put(operation, (long) Math.ceil(most));
                }
            });
            bounds.put(percentile, Map.copyOf(ofPercentile));
        }
        return new SlowBounds(bounds);
    }
}
