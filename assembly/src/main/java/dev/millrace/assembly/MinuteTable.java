package dev.millrace.assembly;

import java.util.Map;
import java.util.TreeMap;

/// In which minute of the log's time an offset of a partition was appended.
///
/// Holds one entry per minute. Not safe for threads.
final class MinuteTable {

    private static final long MILLIS = 60_000;

    /// The minute by the first offset in it.
    private final TreeMap<Long, Long> minutes = new TreeMap<>();

    /// @param time the log's time at `offset`, which never goes back
    /// @return whether a minute began
    boolean note(long offset, long time) {
        long minute = minuteOf(time);
        var last = minutes.lastEntry();
        if (last == null || last.getValue() < minute) {
            minutes.put(offset, minute);
            return true;
        }
        return false;
    }

    /// @param time milliseconds since the epoch
    static long minuteOf(long time) {
        return Math.floorDiv(time, MILLIS);
    }

    /// Of an offset at or after the last that was forgotten.
    long at(long offset) {
        var entry = minutes.floorEntry(offset);
        if (entry == null) {
            throw new IllegalStateException(
                    "offset: " + offset + " (expected: " + minutes.firstKey() + " or later)");
        }
        return entry.getValue();
    }

    /// Nothing before `offset` will be asked for.
    void forgetBefore(long offset) {
        Map.Entry<Long, Long> holds = minutes.floorEntry(offset);
        if (holds != null) {
            minutes.headMap(holds.getKey()).clear();
        }
    }
}
