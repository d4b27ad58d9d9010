package dev.millrace.analysis;

import dev.millrace.model.Slice;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Numbers for texts, found by their bytes so that no text is made of a name that is known.
///
/// A text belongs to an owner, a number that makes it different from the same text of another. Not
/// safe for threads.
final class Texts {

    static final int NONE = -1;

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long MIX = 0x9e3779b97f4a7c15L;

    private int[] table = new int[64];
    private int size;
    private int[] owners = new int[16];
    private int[] hashes = new int[16];
    private byte[][] utf8 = new byte[16][];
    private String[] texts = new String[16];
    private int[] usedIn = new int[16];

    int size() {
        return size;
    }

    /// The number of the text; [#NONE] when it has none.
    ///
    /// @param epoch in which it is used
    int find(int owner, Slice text, int epoch) {
        int hash = hash(owner, text);
        for (int at = hash & (table.length - 1); table[at] != 0; at = at + 1 & table.length - 1) {
            int number = table[at] - 1;
            if (hashes[number] == hash && owners[number] == owner && isText(number, text)) {
                usedIn[number] = Math.max(usedIn[number], epoch);
                return number;
            }
        }
        return NONE;
    }

    private boolean isText(int number, Slice text) {
        return Arrays.equals(
                utf8[number],
                0,
                utf8[number].length,
                text.array(),
                text.offset(),
                text.offset() + text.length());
    }

    /// Adds what was not found.
    int add(int owner, Slice text, int epoch) {
        if (size == texts.length) {
            int capacity = size * 2;
            owners = Arrays.copyOf(owners, capacity);
            hashes = Arrays.copyOf(hashes, capacity);
            utf8 = Arrays.copyOf(utf8, capacity);
            texts = Arrays.copyOf(texts, capacity);
            usedIn = Arrays.copyOf(usedIn, capacity);
        }
        if (size * 2 >= table.length) {
            growTable();
        }
        int number = size++;
        byte[] bytes =
                Arrays.copyOfRange(text.array(), text.offset(), text.offset() + text.length());
        owners[number] = owner;
        hashes[number] = hash(owner, text);
        utf8[number] = bytes;
        texts[number] = new String(bytes, StandardCharsets.UTF_8);
        usedIn[number] = epoch;
        put(number);
        return number;
    }

    private void growTable() {
        table = new int[table.length * 2];
        for (int number = 0; number < size; number++) {
            put(number);
        }
    }

    private void put(int number) {
        int at = hashes[number] & (table.length - 1);
        while (table[at] != 0) {
            at = at + 1 & table.length - 1;
        }
        table[at] = number + 1;
    }

    private static int hash(int owner, Slice text) {
        byte[] bytes = text.array();
        int at = text.offset();
        int end = at + text.length();
        long hash = owner * MIX + text.length();
        for (; at <= end - Long.BYTES; at += Long.BYTES) {
            hash = (hash ^ (long) LONG.get(bytes, at)) * MIX;
            hash ^= hash >>> 32;
        }
        for (; at < end; at++) {
            hash = (hash ^ bytes[at]) * MIX;
        }
        return (int) (hash ^ hash >>> 32);
    }

    String text(int number) {
        return texts[number];
    }

    Slice utf8(int number) {
        return Slice.of(utf8[number]);
    }

    int owner(int number) {
        return owners[number];
    }

    int usedIn(int number) {
        return usedIn[number];
    }
}
