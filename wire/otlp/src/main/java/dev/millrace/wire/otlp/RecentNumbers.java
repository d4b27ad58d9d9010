package dev.millrace.wire.otlp;

/// The numbers that a [Grouping] gave to some of the traces just seen.
///
/// A number is dear, as it may be a hash of the written id, and the spans of a trace come close
/// together.
final class RecentNumbers {

    private static final int SLOTS = 64;

    private final Grouping grouping;
    private final long[] ids;
    // One more than the number; zero where there is none.
    private final int[] known;

    RecentNumbers(Grouping grouping) {
        this.grouping = grouping;
        int slots = grouping.groups() > 1 ? SLOTS : 0;
        ids = new long[2 * slots];
        known = new int[slots];
    }

    int of(long high, long low) {
        if (known.length == 0) {
            return grouping.number(high, low);
        }
        int slot = (int) (low ^ low >>> 32) & (SLOTS - 1);
        if (known[slot] == 0 || ids[2 * slot] != high || ids[2 * slot + 1] != low) {
            ids[2 * slot] = high;
            ids[2 * slot + 1] = low;
            known[slot] = grouping.number(high, low) + 1;
        }
        return known[slot] - 1;
    }
}
