package dev.millrace.assembly;

import dev.millrace.wire.otlp.SpanIndex;
import java.util.Arrays;

/// The duplicate rule: which of several spans with one identity stays.
///
/// Identity within a trace is span id, kind, service and name: a client and a server half may share
/// an id, and what differs in its name was not sent twice. Zipkin's clients may report a span in
/// pieces, of which those that come later have no time: such a piece is no copy of the span, since
/// the time it is stored with was made up, and stays beside it.
final class Duplicates {

    private Duplicates() {}

    /// The numbers of the spans that stay out of those from `from` to `to`, ascending by the place
    /// where each identity first came.
    static int[] resolve(SpanIndex index, int from, int to) {
        int[] stay = new int[to - from];
        int[] table = new int[Integer.highestOneBit(Math.max(4, to - from)) * 4];
        Arrays.fill(table, -1);
        int mask = table.length - 1;
        int count = 0;
        for (int i = from; i < to; i++) {
            int slot = SpanHash.of(index.id(i)) & mask;
            while (table[slot] >= 0 && !same(index, stay[table[slot]], i)) {
                slot = (slot + 1) & mask;
            }
            if (table[slot] < 0) {
                table[slot] = count;
                stay[count] = i;
                count++;
            } else if (beats(index, i, stay[table[slot]])) {
                stay[table[slot]] = i;
            }
        }
        return count == stay.length ? stay : Arrays.copyOf(stay, count);
    }

    private static boolean same(SpanIndex index, int a, int b) {
        return index.id(a) == index.id(b)
                && index.kind(a) == index.kind(b)
                && index.name(a).equals(index.name(b))
                && (index.scope(a) == index.scope(b)
                        || index.serviceOf(index.scope(a)).equals(index.serviceOf(index.scope(b))))
                // Last, for it reads attributes, which only spans with one id are worth.
                && index.isUntimed(a) == index.isUntimed(b);
    }

    private static boolean beats(SpanIndex index, int challenger, int holder) {
        int byEnd = Long.compareUnsigned(index.end(challenger), index.end(holder));
        if (byEnd != 0) {
            return byEnd > 0;
        }
        if (index.length(challenger) != index.length(holder)) {
            return index.length(challenger) > index.length(holder);
        }
        int byBytes = index.span(challenger).compareTo(index.span(holder));
        if (byBytes != 0) {
            return byBytes > 0;
        }
        int resource = index.resourceOf(index.scope(challenger));
        int held = index.resourceOf(index.scope(holder));
        int byResource = index.resourceHead(resource).compareTo(index.resourceHead(held));
        return byResource != 0
                ? byResource > 0
                : index.scopeHead(index.scope(challenger))
                                .compareTo(index.scopeHead(index.scope(holder)))
                        > 0;
    }
}
