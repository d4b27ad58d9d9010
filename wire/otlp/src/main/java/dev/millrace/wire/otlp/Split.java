package dev.millrace.wire.otlp;

import java.util.List;
import java.util.Map;

/// A request's spans sorted by trace or group, and an account of those that were rejected or
/// repaired.
///
/// @param chunks one per trace or group, in order of first appearance
/// @param accepted the spans in all chunks
/// @param rejected spans left out, by reason; reasons that did not occur are absent
/// @param repaired repairs made, by kind; kinds that did not occur are absent
/// @param firstRejection names the first rejected value and what was expected; empty without one
public record Split(
        List<TraceChunk> chunks,
        int accepted,
        Map<Rejection, Integer> rejected,
        Map<Repair, Integer> repaired,
        String firstRejection) {

    public Split {
        chunks = List.copyOf(chunks);
        rejected = Map.copyOf(rejected);
        repaired = Map.copyOf(repaired);
    }

    /// The spans left out, for whatever reason.
    public int rejectedSpans() {
        return rejected.values().stream().mapToInt(Integer::intValue).sum();
    }
}
