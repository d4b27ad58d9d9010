package dev.millrace.assembly;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A trace that may still receive spans: the offsets of its records, and their bodies unless they
/// were let go.
final class OpenTrace {

    /// What makes a trace the same trace.
    record Key(Tenant tenant, TraceId traceId) {}

    final Key key;
    final long decidedAt;
    final long openedAt;
    final long timeBefore;

    /// Neighbours in the assembler's two lists: by time of the last span, and by age.
    @Nullable OpenTrace quieter;

    @Nullable OpenTrace livelier;
    @Nullable OpenTrace older;
    @Nullable OpenTrace younger;

    /// Its number among those of its trace; 0 for the trace itself.
    int fragment;

    long lastSpanAt;

    private long[] offsets = new long[4];
    private int records;
    private final List<Slice> bodies = new ArrayList<>(4);
    private long bytes;
    private long heldBytes;
    private boolean letGo;

    /// @param decidedAt the log time of the verdict it follows; meaningless for fragment 0
    /// @param openedAt the log time of its first record
    /// @param timeBefore the log time before that record
    OpenTrace(Key key, int fragment, long decidedAt, long openedAt, long timeBefore) {
        this.key = key;
        this.fragment = fragment;
        this.decidedAt = decidedAt;
        this.openedAt = openedAt;
        this.timeBefore = timeBefore;
    }

    /// Returns how many more bytes are held.
    long add(long offset, Slice body) {
        if (records == offsets.length) {
            offsets = Arrays.copyOf(offsets, records * 2);
        }
        offsets[records] = offset;
        records++;
        bytes += body.length();
        if (letGo) {
            return 0;
        }
        bodies.add(body);
        heldBytes += body.length();
        return body.length();
    }

    long firstOffset() {
        return offsets[0];
    }

    long lastOffset() {
        return offsets[records - 1];
    }

    int records() {
        return records;
    }

    long offset(int record) {
        return offsets[record];
    }

    /// The bytes of its bodies, in memory or not.
    long bytes() {
        return bytes;
    }

    long heldBytes() {
        return heldBytes;
    }

    boolean isLetGo() {
        return letGo;
    }

    /// Forgets the bodies, now and from now on; returns how many bytes that frees.
    long letGo() {
        long freed = heldBytes;
        bodies.clear();
        heldBytes = 0;
        letGo = true;
        return freed;
    }

    /// Takes a body back that was let go, in order; with the last of them all are held again.
    ///
    /// @return how many more bytes are held
    long takeBack(Slice body) {
        bodies.add(body);
        heldBytes += body.length();
        letGo = bodies.size() < records;
        return body.length();
    }

    /// Hands over the records in order, with the bodies from memory or, if they were let go, from
    /// the log.
    void read(LogReader log, LogReader.Records into) {
        if (letGo) {
            log.read(
                    Arrays.copyOf(offsets, records),
                    (offset, traceId, body) -> {
                        if (traceId.equals(key.traceId())) {
                            into.accept(offset, traceId, body);
                        }
                    });
        } else {
            for (int i = 0; i < records; i++) {
                into.accept(offsets[i], key.traceId(), bodies.get(i));
            }
        }
    }
}
