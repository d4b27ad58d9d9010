package dev.millrace.pipeline;

import java.util.OptionalLong;

/// When a partition needs a marker, and what it says: that time has passed where nothing else
/// comes, or that a version holds from here on.
///
/// Times are of a clock that only counts time that has passed, unless they are said to be the
/// log's. Not safe for threads.
final class MarkerSchedule {

    /// What the marker of a version begins with; the number follows.
    private static final String VERSION = "version=";

    /// After this a marker that was not read is taken for lost.
    private static final long ANNOUNCE_AGAIN = 5_000_000_000L;

    /// Traces that fall due one after the other on an idle partition wait so long for a marker that
    /// completes them together.
    private static final long INTERVAL = 200_000_000L;

    /// The last version that was announced, and when.
    private long announced;

    private long announcedNanos;
    private long lastRecordNanos;

    /// When a marker may be sent again.
    private long nextNanos;

    MarkerSchedule(long nowNanos) {
        lastRecordNanos = nowNanos;
        nextNanos = nowNanos;
    }

    /// A record of the partition was read.
    void recordRead(long nowNanos) {
        lastRecordNanos = nowNanos;
    }

    /// Whether the log would have completed a trace by now if only something were appended to it.
    ///
    /// @param logTime of the partition
    /// @param nextDue the log time at which the next trace is complete
    boolean isDue(long logTime, OptionalLong nextDue, long nowNanos) {
        if (nextDue.isEmpty() || nowNanos - nextNanos < 0) {
            return false;
        }
        long likelyTime = logTime + (nowNanos - lastRecordNanos) / 1_000_000;
        return likelyTime >= nextDue.getAsLong();
    }

    /// A marker is under way; the next is not due before an interval has passed.
    void sent(long nowNanos) {
        nextNanos = nowNanos + INTERVAL;
    }

    /// The number of the version to announce; 0 for none.
    ///
    /// @param holding the one that holds
    /// @param latest the newest there is
    long versionToAnnounce(long holding, long latest, long nowNanos) {
        if (latest <= holding
                || (announced == latest && nowNanos - announcedNanos < ANNOUNCE_AGAIN)) {
            return 0;
        }
        announced = latest;
        announcedNanos = nowNanos;
        return latest;
    }

    /// What the marker says from which on a version holds.
    static byte[] ofVersion(long number) {
        return RecordHeaders.value(VERSION + number);
    }

    /// Whether a marker names a version, well or not.
    static boolean namesVersion(String marker) {
        return marker.startsWith(VERSION);
    }

    /// The number of the version that a marker names.
    ///
    /// @throws NumberFormatException when what it names is no number
    static long version(String marker) {
        return Long.parseLong(marker.substring(VERSION.length()));
    }
}
