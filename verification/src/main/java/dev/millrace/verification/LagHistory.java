package dev.millrace.verification;

import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;

/// How far a group was behind, moment by moment.
///
/// Safe for threads.
final class LagHistory {

    private record Moment(long nanos, long records) {}

    private final List<Moment> moments = new CopyOnWriteArrayList<>();

    /// @param nanos by [System#nanoTime()]
    void note(long nanos, long records) {
        moments.add(new Moment(nanos, records));
    }

    /// The last that is known; empty when nothing is.
    OptionalLong last() {
        return moments.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(moments.getLast().records());
    }

    /// The most since a moment; 0 when nothing is known.
    long mostSince(long nanos) {
        return moments.stream()
                .filter(moment -> moment.nanos() - nanos >= 0)
                .mapToLong(Moment::records)
                .max()
                .orElse(0);
    }

    /// How long after a moment it was for the first time no more than so much; empty while it was
    /// not.
    OptionalLong downAfter(long nanos, long records) {
        return moments.stream()
                .filter(moment -> moment.nanos() - nanos >= 0 && moment.records() <= records)
                .mapToLong(moment -> moment.nanos() - nanos)
                .findFirst();
    }
}
