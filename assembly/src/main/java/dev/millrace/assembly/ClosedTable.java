package dev.millrace.assembly;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/// A hash table from trace to [ClosedTraces.Entry], 64 bytes a slot, in memory of its own.
final class ClosedTable implements AutoCloseable {

    private static final int SLOT = 64;
    private static final int HIGH = 0;
    private static final int LOW = 8;
    private static final int LAST_OFFSET = 16;
    private static final int DECIDED_AT = 24;
    private static final int TENANT = 32;
    private static final int FRAGMENTS = 36;

    /// Of what is kept; its complement of what is dropped.
    private static final int THRESHOLD = 40;

    private static final int FIRST_OFFSET = 48;

    private final TableSpace space;
    private Arena arena = Arena.ofConfined();
    private MemorySegment slots;
    private int capacity;
    private int size;

    ClosedTable(TableSpace space, int capacity) {
        this.space = space;
        this.capacity = capacity;
        this.slots = space.allocate(arena, (long) capacity * SLOT);
    }

    int size() {
        return size;
    }

    void put(long high, long low, int tenant, ClosedTraces.Entry entry) {
        if (size >= capacity / 4 * 3) {
            grow();
        }
        long at = slot(high, low, tenant);
        if (isFree(at)) {
            size++;
        }
        slots.set(ValueLayout.JAVA_LONG, at + HIGH, high);
        slots.set(ValueLayout.JAVA_LONG, at + LOW, low);
        slots.set(ValueLayout.JAVA_LONG, at + FIRST_OFFSET, entry.firstOffset());
        slots.set(ValueLayout.JAVA_LONG, at + LAST_OFFSET, entry.lastOffset());
        slots.set(ValueLayout.JAVA_LONG, at + DECIDED_AT, entry.decidedAt());
        slots.set(ValueLayout.JAVA_INT, at + TENANT, tenant);
        slots.set(ValueLayout.JAVA_INT, at + FRAGMENTS, entry.fragments());
        long threshold = entry.fate().threshold();
        slots.set(
                ValueLayout.JAVA_LONG,
                at + THRESHOLD,
                entry.fate().kept() ? threshold : ~threshold);
    }

    ClosedTraces.@Nullable Entry find(long high, long low, int tenant) {
        long at = slot(high, low, tenant);
        return isFree(at)
                ? null
                : new ClosedTraces.Entry(
                        slots.get(ValueLayout.JAVA_LONG, at + FIRST_OFFSET),
                        slots.get(ValueLayout.JAVA_LONG, at + LAST_OFFSET),
                        slots.get(ValueLayout.JAVA_LONG, at + DECIDED_AT),
                        slots.get(ValueLayout.JAVA_INT, at + FRAGMENTS),
                        fate(slots.get(ValueLayout.JAVA_LONG, at + THRESHOLD)));
    }

    /// Takes one of the traces.
    @FunctionalInterface
    interface Each {
        void take(long high, long low, int tenant);
    }

    void forEach(Each each) {
        for (int i = 0; i < capacity; i++) {
            long at = (long) i * SLOT;
            if (!isFree(at)) {
                each.take(
                        slots.get(ValueLayout.JAVA_LONG, at + HIGH),
                        slots.get(ValueLayout.JAVA_LONG, at + LOW),
                        slots.get(ValueLayout.JAVA_INT, at + TENANT));
            }
        }
    }

    private static Fate fate(long threshold) {
        return threshold >= 0 ? new Fate(true, threshold) : new Fate(false, ~threshold);
    }

    /// Where the trace is, or the free slot where it belongs.
    private long slot(long high, long low, int tenant) {
        int mask = capacity - 1;
        int number = SpanHash.of(high ^ Long.rotateLeft(low, 29) ^ tenant) & mask;
        while (true) {
            long at = (long) number * SLOT;
            if (isFree(at)
                    || (slots.get(ValueLayout.JAVA_LONG, at + LOW) == low
                            && slots.get(ValueLayout.JAVA_LONG, at + HIGH) == high
                            && slots.get(ValueLayout.JAVA_INT, at + TENANT) == tenant)) {
                return at;
            }
            number = (number + 1) & mask;
        }
    }

    // A closed trace was closed at least once, so a slot without fragments is free.
    private boolean isFree(long at) {
        return slots.get(ValueLayout.JAVA_INT, at + FRAGMENTS) == 0;
    }

    private void grow() {
        var oldArena = arena;
        var oldSlots = slots;
        int oldCapacity = capacity;
        arena = Arena.ofConfined();
        capacity = oldCapacity * 2;
        slots = space.allocate(arena, (long) capacity * SLOT);
        for (int i = 0; i < oldCapacity; i++) {
            long from = (long) i * SLOT;
            if (oldSlots.get(ValueLayout.JAVA_INT, from + FRAGMENTS) != 0) {
                long to =
                        slot(
                                oldSlots.get(ValueLayout.JAVA_LONG, from + HIGH),
                                oldSlots.get(ValueLayout.JAVA_LONG, from + LOW),
                                oldSlots.get(ValueLayout.JAVA_INT, from + TENANT));
                MemorySegment.copy(oldSlots, from, slots, to, SLOT);
            }
        }
        oldArena.close();
    }

    @Override
    public void close() {
        arena.close();
    }
}
