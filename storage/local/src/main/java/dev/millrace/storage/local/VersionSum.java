package dev.millrace.storage.local;

import dev.millrace.storage.api.TraceVersion;

/// Adds up a version from what its fragments say of the times of their spans.
///
/// The order in which they come makes no difference, since a merge of segments changes it. Not safe
/// for threads.
final class VersionSum {

    private long fragments;
    private long sum;
    private long fragment;

    void beginFragment() {
        fragment = 0;
    }

    void add(long time) {
        fragment = mixed(fragment ^ time);
    }

    void endFragment() {
        fragments++;
        sum += fragment;
    }

    TraceVersion version() {
        return fragments == 0
                ? TraceVersion.NONE
                : new TraceVersion(fragments, Long.toHexString(sum));
    }

    // Spreads each bit over all others, as the end of MurmurHash3 does.
    private static long mixed(long value) {
        long bits = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
        bits = (bits ^ (bits >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return bits ^ (bits >>> 33);
    }
}
