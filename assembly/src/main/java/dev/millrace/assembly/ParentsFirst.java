package dev.millrace.assembly;

import dev.millrace.wire.otlp.SpanIndex;
import java.util.Arrays;

/// Orders spans so that a reader meets every parent before its children, and changes resource and
/// scope as seldom as that allows.
///
/// Spans whose parent is missing count as roots. A circle of parents, which only a broken sender
/// makes, is entered at its span that came first.
final class ParentsFirst {

    private static final int NONE = -1;

    private final SpanIndex index;
    private final int[] spans;

    /// Per position: 1 while the span it hangs under is still to come; and the tree itself.
    private final int[] waitingFor;

    private final int[] firstChild;
    private final int[] nextChild;

    /// Per scope: the ready spans as a list of positions, first in, first out.
    private final int[] readyHead;

    private final int[] readyTail;
    private final int[] readyNext;

    private ParentsFirst(SpanIndex index, int[] spans) {
        this.index = index;
        this.spans = spans;
        waitingFor = new int[spans.length];
        firstChild = filled(spans.length);
        nextChild = filled(spans.length);
        readyNext = filled(spans.length);
        readyHead = filled(index.scopes());
        readyTail = filled(index.scopes());
    }

    /// @param spans numbers of spans in the index, each identity once
    static int[] order(SpanIndex index, int[] spans) {
        return inOrder(index, spans) ? spans : new ParentsFirst(index, spans).order();
    }

    /// Whether the spans already come parents first with each scope in one run: the usual case of a
    /// trace that was sent in one piece.
    private static boolean inOrder(SpanIndex index, int[] spans) {
        int runs = 1;
        for (int i = 1; i < spans.length; i++) {
            if (index.scope(spans[i]) != index.scope(spans[i - 1])) {
                runs++;
            }
        }
        if (runs > index.scopes() || spans.length > 32) {
            return false;
        }
        for (int child = 0; child < spans.length; child++) {
            long parent = index.parent(spans[child]);
            if (parent == 0 || parent == index.id(spans[child])) {
                continue;
            }
            for (int later = child + 1; later < spans.length; later++) {
                if (index.id(spans[later]) == parent) {
                    return false;
                }
            }
        }
        return true;
    }

    private int[] order() {
        link();
        for (int i = 0; i < spans.length; i++) {
            if (waitingFor[i] == 0) {
                ready(i);
            }
        }
        int[] order = new int[spans.length];
        int placed = 0;
        int firstUnplaced = 0;
        int scope = NONE;
        while (placed < order.length) {
            scope = scope != NONE && readyHead[scope] != NONE ? scope : nextScope(scope);
            if (scope == NONE) {
                while (waitingFor[firstUnplaced] <= 0) {
                    firstUnplaced++;
                }
                waitingFor[firstUnplaced] = 0;
                ready(firstUnplaced);
                continue;
            }
            int position = readyHead[scope];
            readyHead[scope] = readyNext[position];
            order[placed] = spans[position];
            placed++;
            release(position);
        }
        return order;
    }

    private void release(int position) {
        for (int child = firstChild[position]; child != NONE; child = nextChild[child]) {
            waitingFor[child]--;
            if (waitingFor[child] == 0) {
                ready(child);
            }
        }
    }

    /// Hangs every span under the holder of its parent's id. Where two halves share an id, the
    /// second hangs under the first and their children under the second, so children follow both.
    private void link() {
        int[] table = filled(Integer.highestOneBit(Math.max(4, spans.length)) * 4);
        int mask = table.length - 1;
        int[] lastHolder = new int[spans.length];
        boolean[] secondHalf = new boolean[spans.length];
        for (int i = 0; i < spans.length; i++) {
            int slot = slot(table, mask, index.id(spans[i]));
            if (table[slot] == NONE) {
                table[slot] = i;
            } else {
                hang(i, lastHolder[table[slot]]);
                secondHalf[i] = true;
            }
            lastHolder[table[slot]] = i;
        }
        for (int i = spans.length - 1; i >= 0; i--) {
            long parent = index.parent(spans[i]);
            if (parent == 0 || parent == index.id(spans[i]) || secondHalf[i]) {
                continue;
            }
            int slot = slot(table, mask, parent);
            if (table[slot] != NONE) {
                hang(i, lastHolder[table[slot]]);
            }
        }
    }

    private int slot(int[] table, int mask, long id) {
        int slot = SpanHash.of(id) & mask;
        while (table[slot] != NONE && index.id(spans[table[slot]]) != id) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void hang(int child, int parent) {
        waitingFor[child] = 1;
        nextChild[child] = firstChild[parent];
        firstChild[parent] = child;
    }

    private void ready(int position) {
        int scope = index.scope(spans[position]);
        readyNext[position] = NONE;
        if (readyHead[scope] == NONE) {
            readyHead[scope] = position;
        } else {
            readyNext[readyTail[scope]] = position;
        }
        readyTail[scope] = position;
    }

    /// The scope to go on with: one of the same resource if any is ready, else the first ready one.
    private int nextScope(int current) {
        int found = NONE;
        for (int scope = 0; scope < readyHead.length; scope++) {
            if (readyHead[scope] == NONE) {
                continue;
            }
            if (current != NONE && index.resourceOf(scope) == index.resourceOf(current)) {
                return scope;
            }
            if (found == NONE) {
                found = scope;
            }
        }
        return found;
    }

    private static int[] filled(int size) {
        int[] array = new int[size];
        Arrays.fill(array, NONE);
        return array;
    }
}
