package dev.millrace.sampling.tail;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/// From which duration on a trace is slower than most of its kind, by percentile.
///
/// @param nanosByPercentile only of operations that were seen often enough
public record SlowBounds(Map<Double, Map<RootOperation, Long>> nanosByPercentile) {

    /// Nothing is known yet.
    public static final SlowBounds NONE = new SlowBounds(Map.of());

    public SlowBounds {
        var known = new HashMap<Double, Map<RootOperation, Long>>();
        nanosByPercentile.forEach((percentile, bounds) -> {
            // So that to know nothing is the same however it is said.
            if (!bounds.isEmpty()) {
                known.put(percentile, Map.copyOf(bounds));
            }
        });
        nanosByPercentile = Map.copyOf(known);
    }

    OptionalLong nanos(double percentile, RootOperation operation) {
        var ofPercentile = nanosByPercentile.get(percentile);
        Long bound = ofPercentile == null ? null : ofPercentile.get(operation);
        return bound == null ? OptionalLong.empty() : OptionalLong.of(bound);
    }
}
