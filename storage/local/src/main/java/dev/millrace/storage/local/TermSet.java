package dev.millrace.storage.local;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// The distinct terms of one fragment, written one after the other into one run of bytes.
///
/// Write a term to [#text] after [#begin()], then [#end()] keeps it or, when it is already there,
/// takes it back. Not safe for threads.
final class TermSet {

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long MULTIPLIER = 0x9e3779b97f4a7c15L;

    // One giant fragment must not make every later one pay for clearing its slots.
    private static final int LARGEST_KEPT = 16 * 1024;

    final TermText text = new TermText();
    private int[] offsets = new int[256];
    private int[] hashes = new int[256];
    private int count;
    private int begin;
    // Slots hold an index plus one; 0 is free. Always at least twice as many as terms.
    private int[] slots = new int[1024];

    void clear() {
        text.clear();
        count = 0;
        if (slots.length > LARGEST_KEPT) {
            slots = new int[1024];
        } else {
            Arrays.fill(slots, 0);
        }
    }

    int count() {
        return count;
    }

    int offset(int index) {
        return offsets[index];
    }

    int length(int index) {
        return (index + 1 < count ? offsets[index + 1] : text.length) - offsets[index];
    }

    void begin() {
        begin = text.length;
    }

    void end() {
        int length = text.length - begin;
        int hash = (int) (hash(text.bytes, begin, length) >>> 32);
        int mask = slots.length - 1;
        int slot = hash & mask;
        for (; slots[slot] != 0; slot = (slot + 1) & mask) {
            int other = slots[slot] - 1;
            if (hashes[other] == hash && equal(other, length)) {
                text.length = begin;
                return;
            }
        }
        if (count == offsets.length) {
            offsets = Arrays.copyOf(offsets, count * 2);
            hashes = Arrays.copyOf(hashes, count * 2);
        }
        offsets[count] = begin;
        hashes[count] = hash;
        count++;
        slots[slot] = count;
        if (count * 2 > slots.length) {
            grow();
        }
    }

    private boolean equal(int other, int length) {
        int from = offsets[other];
        int to = other + 1 < count ? offsets[other + 1] : begin;
        return to - from == length
                && Arrays.equals(text.bytes, from, to, text.bytes, begin, begin + length);
    }

    private void grow() {
        slots = new int[slots.length * 4];
        int mask = slots.length - 1;
        for (int index = 0; index < count; index++) {
            int slot = hashes[index] & mask;
            while (slots[slot] != 0) {
                slot = (slot + 1) & mask;
            }
            slots[slot] = index + 1;
        }
    }

    /// Spreads best over the upper bits.
    static long hash(byte[] bytes, int offset, int length) {
        long hash = length * MULTIPLIER;
        int end = offset + length;
        int at = offset;
        for (; at + 8 <= end; at += 8) {
            hash = (hash ^ (long) LONG.get(bytes, at)) * MULTIPLIER;
            hash ^= hash >>> 29;
        }
        for (; at < end; at++) {
            hash = (hash ^ bytes[at]) * MULTIPLIER;
        }
        return hash;
    }
}
