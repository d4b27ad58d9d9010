package dev.millrace.pipeline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;

/// When the partitions of `spans` need a marker because no spans come there: every interval, until
/// every trace that could be open in them must be complete.
///
/// Goes by what one collector writes. Several may each do so: a marker too many does no harm.
///
/// Times are of a clock that only counts time that has passed. [#spansWritten] is safe for any
/// number of threads, the rest for one.
final class SilenceMarkers {

    private final long interval;
    private final long lasting;
    private final AtomicLongArray lastSpans;
    private final long[] lastMarker;

    /// @param nowNanos the start; what was written before it nobody remembers, so that all
    ///   partitions are treated as if spans had just come
    SilenceMarkers(SinkConfig.Markers config, int partitions, long nowNanos) {
        this.interval = config.interval().toNanos();
        this.lasting = config.lasting().toNanos();
        this.lastSpans = new AtomicLongArray(partitions);
        this.lastMarker = new long[partitions];
        for (int i = 0; i < partitions; i++) {
            lastSpans.set(i, nowNanos);
            lastMarker[i] = nowNanos;
        }
    }

    /// Spans were written to a partition.
    void spansWritten(int partition, long nowNanos) {
        lastSpans.set(partition, nowNanos);
    }

    /// The partitions that need a marker now; their next is due after an interval.
    List<Integer> take(long nowNanos) {
        var due = new ArrayList<Integer>();
        for (int i = 0; i < lastMarker.length; i++) {
            long silent = nowNanos - lastSpans.get(i);
            boolean isQuiet = silent >= interval && nowNanos - lastMarker[i] >= interval;
            // One comes after the end, so that time has passed all of it.
            if (isQuiet && silent < lasting + 2 * interval) {
                lastMarker[i] = nowNanos;
                due.add(i);
            }
        }
        return due;
    }

    /// How long to wait from one look to the next.
    Duration pace() {
        return Duration.ofNanos(interval / 4);
    }
}
