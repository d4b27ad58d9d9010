package dev.millrace.assembly;

import dev.millrace.model.TraceId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Traces whose bodies were let go and are read again together, in one pass over a stretch of the
/// log.
///
/// Traces that fall due one after the other lie close together in the log. Read one by one, each
/// would cost a pass of its own, which is dear when most of a partition was let go.
final class Recall {

    /// How long a stretch of the log is read, in offsets, and how far the choice looks ahead.
    private static final int STRETCH = 16_384;

    private final List<OpenTrace> traces;

    private Recall(List<OpenTrace> traces) {
        this.traces = traces;
    }

    /// A trace that is due, and those after it that lie near.
    ///
    /// @param mostBytes of bodies that are taken back at once
    /// @return null when it is too large to be held, and so is best read by itself
    static @Nullable Recall around(OpenTrace due, long mostBytes) {
        long bytes = due.bytes();
        if (bytes > mostBytes) {
            return null;
        }
        var traces = new ArrayList<OpenTrace>();
        traces.add(due);
        long from = due.firstOffset() - STRETCH / 8;
        long to = Math.max(due.lastOffset(), due.firstOffset() + STRETCH);
        var next = due.livelier;
        for (int seen = 0; next != null && seen < STRETCH; seen++) {
            if (next.isLetGo() && next.firstOffset() >= from && next.lastOffset() <= to) {
                bytes += next.bytes();
                if (bytes > mostBytes) {
                    break;
                }
                traces.add(next);
            }
            next = next.livelier;
        }
        return new Recall(traces);
    }

    /// Reads all of them; returns how many more bytes are held.
    long read(LogReader log) {
        var owners = new HashMap<Long, Map<TraceId, OpenTrace>>();
        for (var trace : traces) {
            for (int i = 0; i < trace.records(); i++) {
                owners.computeIfAbsent(trace.offset(i), _ -> new HashMap<>(2))
                        .put(trace.key.traceId(), trace);
            }
        }
        long[] offsets = new long[owners.size()];
        int count = 0;
        for (long offset : owners.keySet()) {
            offsets[count] = offset;
            count++;
        }
        Arrays.sort(offsets);
        long[] held = new long[1];
        log.read(
                offsets,
                (offset, traceId, body) -> {
                    var atOffset = owners.get(offset);
                    if (atOffset == null) {
                        throw new IllegalStateException(
                                "offset " + offset + " (expected: one that was asked for)");
                    }
                    // A record may hold traces that were not let go, or are closed.
                    var owner = atOffset.get(traceId);
                    if (owner != null) {
                        held[0] += owner.takeBack(body);
                    }
                });
        return held[0];
    }
}
