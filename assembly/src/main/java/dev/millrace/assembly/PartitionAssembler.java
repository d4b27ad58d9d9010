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

    private final AssemblyConfig config;
    private final long quietMillis;
    private final long maxAgeMillis;
    private final long lateMillis;
    private final ClosedTraces closedTraces;
    private final LogReader log;
    private final TraceSink sink;
    private final long emitFrom;
    private final Map<OpenTrace.Key, OpenTrace> open = new HashMap<>();

    private @Nullable OpenTrace quietest;
    private @Nullable OpenTrace liveliest;
    private @Nullable OpenTrace oldest;
    private @Nullable OpenTrace youngest;

    /// Of the trace that is being closed.
    private SpanIndex index = new SpanIndex();

    private long position;
    private long time;
    private long heldBytes;
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
            closeDue();
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
            var recall = Recall.around(trace);
            if (recall != null) {
                heldBytes += recall.read(log);
            }
        }
        boolean emits = position >= emitFrom;
        long decidedAt = trace.fragment == 0 ? time : trace.decidedAt;
        // It stays open meanwhile, for whoever has to begin with it again.
        var fate = emits ? emit(trace, decidedAt, true) : Fate.KEPT;
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
                        trace.fragment + 1,
                        fate),
                time);
        if (emits) {
            if (partsOnRecord(trace) > 0) {
                begun = null;
            }
            sink.committable();
        }
    }

    private int partsOnRecord(OpenTrace trace) {
        return begun != null && begun.traceId().equals(trace.key.traceId()) ? begun.parts() : 0;
    }

    /// @param inSteps whether part of it can be put on record before all of it was given
    private Fate emit(OpenTrace trace, long decidedAt, boolean inSteps) {
        var key = trace.key;
        sink.begin(key.tenant(), key.traceId());
        // The usual trace has one part, which need not be cut again to be written.
        var only = new WholeTrace();
        var cutter =
                new PartCutter(
                        config,
                        key.traceId(),
                        index,
                        (known, from, spans) -> {
                            sink.observe(known, from, spans);
                            only.part(known, spans);
                            if (inSteps) {
                                sink.committable();
                            }
                        });
        read(
                trace,
                cutter,
                (offset, body, reason) ->
                        sink.poison(key.tenant(), key.traceId(), offset, body, reason));
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
                        digest);
        var fate = sink.judge(closed, earlier(trace));
        if (fate.kept()) {
            var writer = new PartWriter(closed, fate, sink, inSteps ? partsOnRecord(trace) : 0);
            if (cutter.count() == 1) {
                only.into(writer);
            } else if (cutter.count() > 1) {
                var again =
                        new PartCutter(
                                config,
                                key.traceId(),
                                index,
                                (known, from, spans) -> {
                                    writer.part(known, from, spans);
                                    if (inSteps) {
                                        begun = new Resumption.Begun(key.traceId(), writer.given());
                                        sink.committable();
                                    }
                                });
                // What is poison has been told.
                read(trace, again, (_, _, _) -> {});
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

    private void read(OpenTrace trace, PartCutter into, Poison poison) {
        trace.read(
                log,
                (offset, _, body) -> {
                    try {
                        into.add(body);
                    } catch (MalformedSpansException e) {
                        poison.found(offset, body, String.valueOf(e.getMessage()));
                    }
                });
    }

    /// Gives out what was read back of a trace that had been dropped, as a late fragment more of
    /// it.
    ///
    /// @param records offset and body of each, in the order of the log
    /// @return false when the trace is no longer on record
    public boolean giveBack(
            Tenant tenant, TraceId traceId, SortedMap<Long, List<Slice>> records, Fate fate) {
        var known = closedTraces.find(tenant, traceId);
        if (known == null) {
            return false;
        }
        var key = new OpenTrace.Key(tenant, traceId);
        var trace = new OpenTrace(key, known.fragments(), known.decidedAt(), time, time);
        records.forEach((offset, bodies) -> bodies.forEach(body -> trace.add(offset, body)));
        var _ = emit(trace, known.decidedAt(), false);
        closedTraces.put(
                tenant,
                traceId,
                new ClosedTraces.Entry(
                        known.firstOffset(),
                        known.lastOffset(),
                        known.decidedAt(),
                        known.fragments() + 1,
                        fate),
                time);
        return true;
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
