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
/// Times are of a clock that only counts time that has passed. [#spansWritten] and [#markerWritten]
/// are safe for any number of threads, the rest for one.
final class SilenceMarkers {

    private final long interval;
    private final long lasting;
    private final AtomicLongArray lastSpans;
    private final AtomicLongArray lastMarker;
    private final long[] lastTaken;

    /// @param nowNanos the start; what was written before it nobody remembers, so that all
    ///   partitions are treated as if spans had just come
    SilenceMarkers(SinkConfig.Markers config, int partitions, long nowNanos) {
        this.interval = config.interval().toNanos();
        this.lasting = config.lasting().toNanos();
        this.lastSpans = new AtomicLongArray(partitions);
        this.lastMarker = new AtomicLongArray(partitions);
        this.lastTaken = new long[partitions];
        for (int i = 0; i < partitions; i++) {
            lastSpans.set(i, nowNanos);
            lastMarker.set(i, nowNanos);
            lastTaken[i] = nowNanos;
        }
    }

    /// Spans were written to a partition.
    void spansWritten(int partition, long nowNanos) {
        lastSpans.set(partition, nowNanos);
    }

    /// Kafka has a marker that was taken then.
    void markerWritten(int partition, long takenNanos) {
        lastMarker.set(partition, takenNanos);
    }

    /// The partitions that need a marker now; they are tried again after an interval. The last one
    /// is one that was written when all of the time had passed, however long that took.
    List<Integer> take(long nowNanos) {
        var due = new ArrayList<Integer>();
        for (int i = 0; i < lastTaken.length; i++) {
            long spans = lastSpans.get(i);
            if (nowNanos - spans >= interval
                    && nowNanos - lastTaken[i] >= interval
                    && lastMarker.get(i) - spans < lasting) {
                lastTaken[i] = nowNanos;
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
