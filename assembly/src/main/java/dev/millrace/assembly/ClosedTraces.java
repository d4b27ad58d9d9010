package dev.millrace.assembly;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// The traces of one partition that were closed within the late window: how a late span finds the
/// verdict of its trace, and how a replay knows what is done already.
///
/// Bounded in number; beyond the bound the oldest go first. Entries lie in tables that the caller
/// provides the space for, so they can be files. Not safe for threads.
public final class ClosedTraces implements AutoCloseable {

    private static final int GENERATIONS_PER_WINDOW = 4;

    /// What came at the end of the late window may stay open for as long again.
    private static final int MOST_GENERATIONS = 2 * GENERATIONS_PER_WINDOW + 2;

    private static final int FIRST_CAPACITY = 1 << 10;

    /// What is known of a closed trace.
    ///
    /// @param firstOffset the offset of its first record
    /// @param lastOffset the offset of its last record; every record of the trace up to it is
    ///   accounted for
    /// @param decidedAt the log time of its first verdict, milliseconds since the epoch
    /// @param fragments the number of its next late fragment
    /// @param fate what became of it, which late spans follow
    public record Entry(
            long firstOffset, long lastOffset, long decidedAt, int fragments, Fate fate) {

        /// As it is after a late fragment: of the whole trace, from its first record on.
        Entry since(Entry earlier) {
            return new Entry(
                    Math.min(earlier.firstOffset, firstOffset),
                    Math.max(earlier.lastOffset, lastOffset),
                    decidedAt,
                    Math.max(earlier.fragments, fragments),
                    fate);
        }
    }

    private record Generation(long openedAt, ClosedTable table) {}

    private final TableSpace space;
    private final long windowMillis;
    private final int maxTraces;
    private final ArrayDeque<Generation> generations = new ArrayDeque<>();
    private final Map<Tenant, Integer> tenants = new HashMap<>();
    private long forgottenEarly;

    public ClosedTraces(AssemblyConfig config, TableSpace space) {
        this.space = space;
        this.windowMillis = config.lateWindow().toMillis();
        this.maxTraces = config.lateWindowTraces();
    }

    /// Remembers that a trace was closed at log time `closedAt`; a later closing replaces an
    /// earlier.
    public void put(Tenant tenant, TraceId traceId, Entry latest, long closedAt) {
        var earlier = latest.fragments() > 1 ? find(tenant, traceId) : null;
        var entry = earlier == null ? latest : latest.since(earlier);
        var generation = generations.peekFirst();
        if (generation == null
                || closedAt - generation.openedAt() >= windowMillis / GENERATIONS_PER_WINDOW
                || generation.table().size() >= maxTraces / GENERATIONS_PER_WINDOW) {
            generation = new Generation(closedAt, new ClosedTable(space, FIRST_CAPACITY));
            generations.addFirst(generation);
        }
        generation
                .table()
                .put(
                        traceId.high(),
                        traceId.low(),
                        tenants.computeIfAbsent(tenant, _ -> tenants.size()),
                        entry);
        while (generations.size() > MOST_GENERATIONS || size() > maxTraces) {
            forgottenEarly += generations.peekLast().table().size();
            generations.removeLast().table().close();
        }
    }

    /// The trace's entry, whether or not it is still within the late window.
    public @Nullable Entry find(Tenant tenant, TraceId traceId) {
        Integer number = tenants.get(tenant);
        if (number == null) {
            return null;
        }
        for (var generation : generations) {
            var entry = generation.table().find(traceId.high(), traceId.low(), number);
            if (entry != null) {
                return entry;
            }
        }
        return null;
    }

    /// Shows every trace that is remembered, some of them more than once. Nothing may be put
    /// meanwhile.
    public void forEach(BiConsumer<Tenant, TraceId> each) {
        var byNumber = new HashMap<Integer, Tenant>();
        tenants.forEach((tenant, number) -> byNumber.put(number, tenant));
        for (var generation : generations) {
            generation
                    .table()
                    .forEach((high, low, number) -> {
                        var tenant = byNumber.get(number);
                        if (tenant != null) {
                            each.accept(tenant, new TraceId(high, low));
                        }
                    });
        }
    }

    /// Forgets what no span at log time `now` or later can still follow.
    void expire(long now) {
        for (Iterator<Generation> oldest = generations.descendingIterator(); oldest.hasNext(); ) {
            var generation = oldest.next();
            long latest = generation.openedAt() + windowMillis / GENERATIONS_PER_WINDOW;
            if (now - latest < windowMillis) {
                return;
            }
            generation.table().close();
            oldest.remove();
        }
    }

    /// How many closings are remembered.
    public long size() {
        long size = 0;
        for (var generation : generations) {
            size += generation.table().size();
        }
        return size;
    }

    /// How many closings were forgotten before their time, for want of room.
    public long forgottenEarly() {
        return forgottenEarly;
    }

    @Override
    public void close() {
        List<Generation> all = new ArrayList<>(generations);
        generations.clear();
        all.forEach(generation -> generation.table().close());
    }
}
