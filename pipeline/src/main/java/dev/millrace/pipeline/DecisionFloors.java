package dev.millrace.pipeline;

import java.util.ArrayDeque;

/// Where the decisions begin that a new owner of a partition needs: those not older than the late
/// window.
///
/// Remembers a few places per window, so what is read again is a little more than what is needed.
/// Not safe for threads.
final class DecisionFloors {

    private static final int PLACES_PER_WINDOW = 8;

    /// The offset at which decisions began that were made at this log time or later.
    private record Floor(long logTime, long offset) {}

    private final long lateMillis;
    private final ArrayDeque<Floor> floors = new ArrayDeque<>();

    /// @param offset from which on the owner before had kept decisions
    DecisionFloors(long lateMillis, long offset) {
        this.lateMillis = lateMillis;
        floors.add(new Floor(Long.MIN_VALUE, offset));
    }

    /// Whether it is time to remember another place.
    boolean wants(long logTime) {
        long last = floors.getLast().logTime();
        return last == Long.MIN_VALUE || logTime - last >= lateMillis / PLACES_PER_WINDOW;
    }

    /// Decisions made at this log time and later begin at this offset.
    void add(long logTime, long offset) {
        floors.add(new Floor(logTime, offset));
    }

    /// The offset of the oldest place that is remembered.
    long oldest() {
        return floors.getFirst().offset();
    }

    /// Forgets what no late span at this log time can need, and tells where the rest begins.
    long forgetBefore(long logTime) {
        long needed = logTime - lateMillis;
        var floor = floors.removeFirst();
        while (!floors.isEmpty() && floors.getFirst().logTime() <= needed) {
            floor = floors.removeFirst();
        }
        floors.addFirst(floor);
        return floor.offset();
    }
}
