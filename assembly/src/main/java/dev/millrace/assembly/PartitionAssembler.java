package dev.millrace.assembly;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.SpanIndex;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.function.IntConsumer;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/// Turns the records of one partition into closed traces.
///
/// Time is the log's: the running maximum of the records' append times. A trace is closed when that
/// time has passed its last span by the quiet period, or its first by the greatest age; a span that
/// comes later opens a late fragment, which follows the trace's verdict while that is remembered.
/// So the traces are a function of the log alone: it does not matter when, how often or by whom it
/// is read.
///
/// A new owner begins at [Resumption#resumeOffset()] with the closed traces on record. Records that
/// belong to those are passed over, which leaves exactly the traces that were open at
/// [Resumption#position()].
///
/// Feed it every record in order of offset. Not safe for threads.
public final class PartitionAssembler implements AutoCloseable {

    /// Reading more at once saves nothing.
    private static final long MOST_RECALLED = 8 << 20;

    private final AssemblyConfig config;
    private final long quietMillis;
    private final long maxAgeMillis;
    private final long lateMillis;
    private final ClosedTraces closedTraces;
    private final LogReader log;
    private final TraceSink sink;
    private final long emitFrom;
    private final Map<OpenTrace.Key, OpenTrace> open = new HashMap<>();
    private final MinuteTable minutes = new MinuteTable();

    private @Nullable OpenTrace quietest;
    private @Nullable OpenTrace liveliest;
    private @Nullable OpenTrace oldest;
    private @Nullable OpenTrace youngest;

    /// Of the trace that is being closed.
    private SpanIndex index = new SpanIndex();

    private long position;
    private long time;
    private long heldBytes;
    private long recallBytes = MOST_RECALLED;
    private long replayed;

    /// The trace that an owner before was giving out, until it is given out in full.
    private Resumption.@Nullable Begun begun;

    /// @param closedTraces what is on record; this assembler adds to it and closes it
    public PartitionAssembler(
            AssemblyConfig config,
            Resumption from,
            ClosedTraces closedTraces,
            LogReader log,
            TraceSink sink) {
        this.config = config;
        this.quietMillis = config.quietPeriod().toMillis();
        this.maxAgeMillis = config.maxAge().toMillis();
        this.lateMillis = config.lateWindow().toMillis();
        this.closedTraces = closedTraces;
        this.log = log;
        this.sink = sink;
        this.emitFrom = from.position();
        this.position = from.resumeOffset();
        this.time = from.logTime();
        minutes.note(from.resumeOffset(), time);
        this.begun = from.begun();
    }

    /// Takes a record with spans of one trace.
    ///
    /// @param appendedAt the record's append time, milliseconds since the epoch
    /// @param body valid OTLP `TracesData`; must not change until the trace is closed
    public void accept(long offset, long appendedAt, Tenant tenant, TraceId traceId, Slice body) {
        long before = time;
        mark(offset, appendedAt);
        add(offset, before, tenant, traceId, body);
    }

    /// Takes a record with spans of several traces.
    ///
    /// @param chunks one per trace
    public void accept(long offset, long appendedAt, Tenant tenant, List<TraceChunk> chunks) {
        long before = time;
        mark(offset, appendedAt);
        for (TraceChunk chunk : chunks) {
            add(offset, before, tenant, chunk.traceId(), chunk.body());
        }
    }

    private void add(long offset, long timeBefore, Tenant tenant, TraceId traceId, Slice body) {
        var closed = closedTraces.find(tenant, traceId);
        if (closed != null && offset <= closed.lastOffset()) {
            replayed++;
            return;
        }
        var key = new OpenTrace.Key(tenant, traceId);
        var trace = open.get(key);
        if (trace == null) {
            trace =
                    closed != null && time - closed.decidedAt() < lateMillis
                            ? new OpenTrace(
                                    key, closed.fragments(), closed.decidedAt(), time, timeBefore)
                            : new OpenTrace(key, 0, 0, time, timeBefore);
            open.put(key, trace);
            linkYoungest(trace);
        } else {
            unlinkFromQuiet(trace);
        }
        trace.lastSpanAt = time;
        linkLiveliest(trace);
        heldBytes += trace.add(offset, body);
    }

    /// Takes a record without spans: it only moves time.
    public void mark(long offset, long appendedAt) {
        position = offset;
        if (appendedAt > time) {
            time = appendedAt;
            boolean began = minutes.note(offset, time);
            closeDue();
            if (began) {
                minutes.forgetBefore(oldest == null ? offset : oldest.firstOffset());
            }
        }
        position = offset + 1;
    }

    /// Passes over offsets that hold nothing for readers, such as the ends of transactions.
    public void skipTo(long offset) {
        position = Math.max(position, offset);
    }

    private void closeDue() {
        while (quietest != null && time - quietest.lastSpanAt >= quietMillis) {
            close(quietest);
        }
        while (oldest != null && time - oldest.openedAt >= maxAgeMillis) {
            close(oldest);
        }
        closedTraces.expire(time - quietMillis - maxAgeMillis);
    }

    private void close(OpenTrace trace) {
        if (trace.isLetGo() && position >= emitFrom) {
            var recall = Recall.around(trace, recallBytes);
            if (recall != null) {
                heldBytes += recall.read(log);
            }
        }
        boolean emits = position >= emitFrom;
        long decidedAt = trace.fragment == 0 ? time : trace.decidedAt;
        // It stays open meanwhile, for whoever has to begin with it again.
        var earlier = earlier(trace);
        var fate =
                emits
                        ? emit(trace, decidedAt, trace.fragment > 0, earlier, minutes::at, true)
                        : Fate.KEPT;
        boolean broughtBack = earlier != null && !earlier.fate().kept() && fate.kept();
        unlinkFromQuiet(trace);
        unlinkFromAge(trace);
        open.remove(trace.key);
        heldBytes -= trace.heldBytes();
        closedTraces.put(
                trace.key.tenant(),
                trace.key.traceId(),
                new ClosedTraces.Entry(
                        trace.firstOffset(),
                        trace.lastOffset(),
                        decidedAt,
                        nextFragment(trace.fragment, broughtBack),
                        fate),
                time);
        if (emits) {
            if (partsOnRecord(trace) > 0) {
                begun = null;
            }
            sink.committable();
        }
    }

    /// The number of the late fragment after one.
    ///
    /// @param broughtBack whether a dropped trace is kept from that one on; the number after it is
    ///   left for what came earlier
    public static int nextFragment(int fragment, boolean broughtBack) {
        return fragment + (broughtBack ? 2 : 1);
    }

    private int partsOnRecord(OpenTrace trace) {
        return begun != null && begun.traceId().equals(trace.key.traceId()) ? begun.parts() : 0;
    }

    /// @param late whether its spans came after the trace was complete
    /// @param earlier what late spans follow
    /// @param inSteps whether part of it can be put on record before all of it was given
    private Fate emit(
            OpenTrace trace,
            long decidedAt,
            boolean late,
            ClosedTraces.@Nullable Entry earlier,
            LongUnaryOperator minuteOf,
            boolean inSteps) {
        var key = trace.key;
        boolean follows = earlier != null && earlier.fate().refused();
        var enrichment = follows ? Enrichment.NONE : config.enrichment();
        sink.begin(key.tenant(), key.traceId());
        int onRecord = inSteps ? partsOnRecord(trace) : 0;
        var whole = new WholeTrace(sink, inSteps);
        var cutter = new PartCutter(config, enrichment, key, late, index, whole);
        read(
                trace,
                cutter,
                minuteOf,
                (offset, body, reason) -> {
                    // What is on record in part was read before to its end.
                    if (onRecord == 0) {
                        whole.holdSteps();
                        sink.poison(
                                key.tenant(),
                                key.traceId(),
                                offset,
                                minuteOf.applyAsLong(offset),
                                body,
                                reason);
                    }
                });
        var digest = cutter.finish();
        var closed =
                new ClosedTrace(
                        key.tenant(),
                        key.traceId(),
                        trace.fragment,
                        trace.firstOffset(),
                        trace.lastOffset(),
                        time,
                        decidedAt,
                        cutter.count(),
                        digest,
                        cutter.minutes());
        var refusal = follows ? Refusal.FOLLOWS : whole.refusal();
        if (refusal != null) {
            refuse(trace, closed, refusal);
            return Fate.REFUSED;
        }
        var fate = sink.judge(closed, earlier);
        if (fate.kept()) {
            IntConsumer afterPart =
                    inSteps && cutter.count() > 1 ? given -> onRecord(key, given) : _ -> {};
            var writer = new PartWriter(closed, fate, sink, onRecord, afterPart);
            if (cutter.count() == 1) {
                whole.into(writer);
            } else if (cutter.count() > 1) {
                var again = new PartCutter(config, enrichment, key, late, index, writer);
                // What is poison has been told.
                read(trace, again, minuteOf, (_, _, _) -> {});
                var _ = again.finish();
            }
        }
        if (cutter.count() > 1) {
            // It has grown, and most traces are small.
            index = new SpanIndex();
        }
        sink.closed(closed, fate);
        return fate;
    }

    private void onRecord(OpenTrace.Key key, int parts) {
        begun = new Resumption.Begun(key.traceId(), parts);
        sink.committable();
    }

    private void refuse(OpenTrace trace, ClosedTrace closed, Refusal refusal) {
        sink.refused(closed, refusal);
        var index = new SpanIndex();
        trace.read(
                log,
                (offset, traceId, body) -> {
                    try {
                        index.add(traceId, body);
                    } catch (MalformedSpansException _) {
                        return; // was told as poison
                    }
                    index.clear();
                    sink.putAside(closed, offset, body, refusal);
                });
        sink.closed(closed, Fate.REFUSED);
    }

    /// Late spans follow what was decided last.
    private ClosedTraces.@Nullable Entry earlier(OpenTrace trace) {
        return trace.fragment == 0
                ? null
                : closedTraces.find(trace.key.tenant(), trace.key.traceId());
    }

    /// Hears of a record that cannot be read.
    @FunctionalInterface
    private interface Poison {
        void found(long offset, Slice body, String reason);
    }

    private void read(OpenTrace trace, PartCutter into, LongUnaryOperator minuteOf, Poison poison) {
        trace.read(
                log,
                (offset, _, body) -> {
                    try {
                        into.add(body, minuteOf.applyAsLong(offset));
                    } catch (MalformedSpansException e) {
                        poison.found(offset, body, String.valueOf(e.getMessage()));
                    }
                });
    }

    /// What is on record of a trace while late spans follow it; null where they would not, or it
    /// was never closed.
    public ClosedTraces.@Nullable Entry onRecord(Tenant tenant, TraceId traceId) {
        var closed = closedTraces.find(tenant, traceId);
        return closed != null && time - closed.decidedAt() < lateMillis ? closed : null;
    }

    /// Whether some parts of the trace are on record, and others are not given out yet.
    public boolean hasBegun(TraceId traceId) {
        return begun != null && begun.traceId().equals(traceId);
    }

    /// Keeps a trace from here on that was dropped, though no span of it has come.
    ///
    /// @param dropped what is [#onRecord] of it
    /// @param fate which its late spans follow now
    /// @return an empty fragment that stands for the turn, for [#giveBack]
    public ClosedTrace bringBack(
            Tenant tenant, TraceId traceId, ClosedTraces.Entry dropped, Fate fate) {
        int next = nextFragment(dropped.fragments(), true);
        closedTraces.put(
                tenant,
                traceId,
                new ClosedTraces.Entry(
                        dropped.firstOffset(),
                        dropped.lastOffset(),
                        dropped.decidedAt(),
                        next,
                        fate),
                time);
        var late = open.get(new OpenTrace.Key(tenant, traceId));
        if (late != null && late.fragment > 0) {
            late.fragment = next;
        }
        return new ClosedTrace(
                tenant,
                traceId,
                dropped.fragments(),
                dropped.lastOffset() + 1,
                dropped.lastOffset(),
                time,
                dropped.decidedAt(),
                0,
                Digest.NONE,
                List.of());
    }

    /// Gives out what was read back of a trace that had been dropped, under the number that was
    /// left for it. When that comes changes nothing else: by now the trace may be forgotten, or
    /// have begun anew after the late window.
    ///
    /// @param keptFrom the late fragment from which on it is kept
    /// @param records by offset; not empty
    public void giveBack(ClosedTrace keptFrom, SortedMap<Long, LogRecord> records) {
        var trace =
                new OpenTrace(
                        new OpenTrace.Key(keptFrom.tenant(), keptFrom.traceId()),
                        keptFrom.fragment() + 1,
                        keptFrom.decidedAt(),
                        time,
                        time);
        records.forEach(
                (offset, record) -> record.bodies().forEach(body -> trace.add(offset, body)));
        var _ =
                emit(
                        trace,
                        keptFrom.decidedAt(),
                        false,
                        null,
                        offset -> minuteOf(records, offset),
                        false);
    }

    private static long minuteOf(SortedMap<Long, LogRecord> records, long offset) {
        var record = records.get(offset);
        if (record == null) {
            throw new IllegalStateException(
                    "offset: " + offset + " (expected: one of " + records.keySet() + ")");
        }
        return MinuteTable.minuteOf(record.appendedAt());
    }

    /// Where a new owner would take over if this one stopped now.
    public Resumption resumption() {
        return oldest == null
                ? new Resumption(position, position, time, begun)
                : new Resumption(position, oldest.firstOffset(), oldest.timeBefore, begun);
    }

    /// The log time at which the next open trace is due; empty when none is open.
    public OptionalLong nextDue() {
        return quietest == null || oldest == null
                ? OptionalLong.empty()
                : OptionalLong.of(
                        Math.min(
                                quietest.lastSpanAt + quietMillis, oldest.openedAt + maxAgeMillis));
    }

    /// The partition's time, milliseconds since the epoch.
    public long time() {
        return time;
    }

    public int openTraces() {
        return open.size();
    }

    /// The bytes of open traces that are in memory.
    public long heldBytes() {
        return heldBytes;
    }

    /// Records passed over because their trace was already on record.
    public long replayedRecords() {
        return replayed;
    }

    public ClosedTraces closedTraces() {
        return closedTraces;
    }

    /// Lets bodies go until at least `bytes` are free or none is left; they are read from the log
    /// again when the trace is closed, which gives the same result.
    ///
    /// Those go first that are due last: they are missed last, and what goes together lies together
    /// in the log.
    public void letGo(long bytes) {
        long target = heldBytes - bytes;
        for (var trace = liveliest; trace != null && heldBytes > target; trace = trace.quieter) {
            heldBytes -= trace.letGo();
        }
    }

    /// Bounds the bodies that are read again at once, ahead of being due; a larger trace is read by
    /// itself and not held.
    public void recallAtMost(long bytes) {
        recallBytes = Math.min(bytes, MOST_RECALLED);
    }

    @Override
    public void close() {
        closedTraces.close();
    }

    private void linkYoungest(OpenTrace trace) {
        trace.older = youngest;
        if (youngest == null) {
            oldest = trace;
        } else {
            youngest.younger = trace;
        }
        youngest = trace;
    }

    private void unlinkFromAge(OpenTrace trace) {
        var before = trace.older;
        var after = trace.younger;
        if (before == null) {
            oldest = after;
        } else {
            before.younger = after;
        }
        if (after == null) {
            youngest = before;
        } else {
            after.older = before;
        }
    }

    private void linkLiveliest(OpenTrace trace) {
        trace.quieter = liveliest;
        trace.livelier = null;
        if (liveliest == null) {
            quietest = trace;
        } else {
            liveliest.livelier = trace;
        }
        liveliest = trace;
    }

    private void unlinkFromQuiet(OpenTrace trace) {
        var before = trace.quieter;
        var after = trace.livelier;
        if (before == null) {
            quietest = after;
        } else {
            before.livelier = after;
        }
        if (after == null) {
            liveliest = before;
        } else {
            after.quieter = before;
        }
    }
}
