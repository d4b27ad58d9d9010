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

    private record Slice(long number, Map<RootOperation, Durations> durations) {}

    /// Of one operation. The sketch counts weights, which say nothing of how well it is known.
    private static final class Durations {
        private final DDSketch sketch;
        private long traces;

        Durations(DDSketch sketch, long traces) {
            this.sketch = sketch;
            this.traces = traces;
        }
    }

    public DurationWindow(Settings settings) {
        this.settings = settings;
        this.sliceMillis = settings.windowMillis() / settings.slices();
    }

    /// @param closedAt the log time at which the trace was complete, milliseconds since the epoch
    /// @param weight how many traces it stands for, because a head kept only some
    public void add(RootOperation operation, long closedAt, long durationNanos, double weight) {
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
                add(slice, operation, durationNanos, weight);
            }
        }
    }

    private void add(Slice slice, RootOperation operation, long durationNanos, double weight) {
        var known = slice.durations().get(operation);
        if (known == null) {
            if (slice.durations().size() >= settings.maxOperations()) {
                return;
            }
            known = new Durations(DDSketches.unboundedDense(settings.accuracy()), 0);
            slice.durations().put(operation, known);
        }
        known.sketch.accept((double) Math.max(0, durationNanos), weight);
        known.traces++;
    }

    /// The bounds as the window stands.
    public SlowBounds bounds(Set<Double> percentiles) {
        if (percentiles.isEmpty()) {
            return SlowBounds.NONE;
        }
        var merged = new HashMap<RootOperation, Durations>();
        for (var slice : slices) {
            slice.durations()
                    .forEach((operation, some) -> {
                        var sum = merged.get(operation);
                        if (sum == null) {
                            merged.put(operation, new Durations(some.sketch.copy(), some.traces));
                        } else {
                            sum.sketch.mergeWith(some.sketch);
                            sum.traces += some.traces;
                        }
                    });
        }
        var bounds = new HashMap<Double, Map<RootOperation, Long>>();
        for (double percentile : percentiles) {
            var ofPercentile = new HashMap<RootOperation, Long>();
            merged.forEach((operation, durations) -> {
                if (durations.traces >= settings.leastTraces()) {
                    // At least the true one: where all take equally long, none is slow.
                    double most =
                            durations.sketch.getValueAtQuantile(percentile / 100)
                                    / (1 - settings.accuracy());
                    ofPercentile.put(operation, (long) Math.ceil(most));
                }
            });
            bounds.put(percentile, Map.copyOf(ofPercentile));
        }
        return new SlowBounds(bounds);
    }
}
