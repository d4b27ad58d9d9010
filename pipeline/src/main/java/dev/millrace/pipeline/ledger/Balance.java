package dev.millrace.pipeline.ledger;

import dev.millrace.model.Tenant;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/// What became of the spans of one tenant, all counted as copies.
///
/// It closes when the sum of all fates is what was taken.
///
/// @param acknowledged by collectors, to their senders
/// @param unconfirmed in the log without a collector's word: written by others, or by a collector
///   that died, or gave up waiting, before it could say so
/// @param sampledOut by reason
/// @param forwarded moved to another partition, where they were taken once more
/// @param expired gone by retention before they were read
/// @param unread in `spans`, not read yet
/// @param open in traces that are not complete
/// @param waiting in `traces-complete`, not stored yet
public record Balance(
        Tenant tenant,
        long acknowledged,
        long unconfirmed,
        long stored,
        SortedMap<String, Long> sampledOut,
        long duplicate,
        long deadLettered,
        long forwarded,
        long expired,
        long unread,
        long open,
        long waiting) {

    public Balance {
        sampledOut = Collections.unmodifiableSortedMap(new TreeMap<>(sampledOut));
    }

    public long pending() {
        return unread + open + waiting;
    }

    /// How many copies have no fate, or below 0, how many have one too many.
    public long difference() {
        long fates =
                stored
                        + sampledOut.values().stream().mapToLong(Long::longValue).sum()
                        + duplicate
                        + deadLettered
                        + forwarded
                        + expired
                        + pending();
        return acknowledged + unconfirmed - fates;
    }
}
