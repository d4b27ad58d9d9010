package dev.millrace.assembly;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;

/// Takes duplicates out of a trace that is too large to be held: its pieces are looked at more than
/// once, and only some bytes for each span are kept in between.
///
/// First every piece goes through [#note]. If there are [#copies], every piece goes through
/// [#compare]. Then [#merge] gives each piece without what loses. The rule is that of [TraceMerge],
/// except that of two copies which end together and have as many bytes, but not the same, it is not
/// the bytewise greater one that stays; the choice does not depend on the order either. What comes
/// in between two passes may stay twice.
///
/// Eight bytes for each span, and some hundred for each that has copies. Not safe for threads.
public final class PiecewiseMerge {

    /// More spans than this are not taken in: it would take more than 256 MiB to tell them apart.
    public static final int MAX_SPANS = 32_000_000;

    private final TraceId traceId;
    private final SpanIndex index = new SpanIndex();

    // While pieces are noted, one for each span; then, sorted, those that came more than once.
    private long[] fingerprints = new long[1 << 14];
    private int count;
    private boolean noted;
    private final Map<Identity, Winner> winners = new HashMap<>();

    private record Identity(long id, int kind, String service, boolean untimed) {}

    /// The copy that stays, by what the rule looks at.
    private static final class Winner {
        private final long end;
        private final int length;
        private final long content;
        private boolean written;

        private Winner(long end, int length, long content) {
            this.end = end;
            this.length = length;
            this.content = content;
        }

        private boolean beats(Winner other) {
            int byEnd = Long.compareUnsigned(end, other.end);
            if (byEnd != 0) {
                return byEnd > 0;
            }
            return length != other.length ? length > other.length : content > other.content;
        }

        private boolean isLike(Winner other) {
            return end == other.end && length == other.length && content == other.content;
        }
    }

    public PiecewiseMerge(TraceId traceId) {
        this.traceId = traceId;
    }

    /// Takes note of the spans of a piece.
    ///
    /// @param piece OTLP `TracesData` of this trace
    /// @return how many spans it has
    /// @throws IllegalStateException when there are more than [#MAX_SPANS]
    public int note(Slice piece) {
        read(piece);
        for (int i = 0; i < index.size(); i++) {
            if (count == fingerprints.length) {
                if (count >= MAX_SPANS) {
                    throw new IllegalStateException(
                            "trace " + traceId + ": more than " + MAX_SPANS + " spans");
                }
                fingerprints = Arrays.copyOf(fingerprints, Math.min(MAX_SPANS, count * 2));
            }
            fingerprints[count++] = fingerprint(i);
        }
        return index.size();
    }

    /// Whether some span came more than once, as far as has been noted. Nothing is noted after it.
    public boolean copies() {
        if (!noted) {
            noted = true;
            Arrays.sort(fingerprints, 0, count);
            int several = 0;
            for (int i = 1; i < count; i++) {
                long repeated = fingerprints[i];
                if (repeated == fingerprints[i - 1]
                        && (several == 0 || fingerprints[several - 1] != repeated)) {
                    fingerprints[several++] = repeated;
                }
            }
            count = several;
            fingerprints = Arrays.copyOf(fingerprints, several);
        }
        return count > 0;
    }

    /// Finds out which of the copies in a piece beat those in the pieces before.
    public void compare(Slice piece) {
        read(piece);
        for (int i = 0; i < index.size(); i++) {
            if (hasCopies(i)) {
                winners.merge(identity(i), winner(i), (held, one) -> one.beats(held) ? one : held);
            }
        }
    }

    /// The spans of a piece that stay, parents first within the piece.
    ///
    /// @return empty when none does
    public Slice merge(Slice piece) {
        read(piece);
        var all = IntStream.range(0, index.size());
        int[] stay = copies() ? all.filter(this::stays).toArray() : all.toArray();
        return stay.length == 0
                ? Slice.EMPTY
                : GroupedSpans.write(index, ParentsFirst.order(index, stay));
    }

    private boolean stays(int i) {
        if (!hasCopies(i)) {
            return true;
        }
        var winner = winners.get(identity(i));
        if (winner == null) {
            return true;
        }
        if (winner.written || !winner.isLike(winner(i))) {
            return false;
        }
        winner.written = true;
        return true;
    }

    private void read(Slice piece) {
        index.clear();
        index.add(traceId, piece);
    }

    private boolean hasCopies(int i) {
        return Arrays.binarySearch(fingerprints, fingerprint(i)) >= 0;
    }

    private Identity identity(int i) {
        return new Identity(
                index.id(i), index.kind(i), index.serviceOf(index.scope(i)), index.isUntimed(i));
    }

    private Winner winner(int i) {
        int scope = index.scope(i);
        long content = hash(0, index.span(i));
        content = hash(content, index.scopeHead(scope));
        content = hash(content, index.resourceHead(index.resourceOf(scope)));
        return new Winner(index.end(i), index.length(i), content);
    }

    // Two identities with one fingerprint are only looked at more closely.
    private long fingerprint(int i) {
        long shared = 31L * index.serviceOf(index.scope(i)).hashCode() + index.kind(i);
        return mix(index.id(i) ^ mix(shared));
    }

    private static long hash(long before, Slice bytes) {
        long hash = before + bytes.length();
        for (int i = 0; i < bytes.length(); i++) {
            hash = mix(hash + bytes.array()[bytes.offset() + i]);
        }
        return hash;
    }

    // The finaliser of SplitMix64, which maps each number to one of its own.
    private static long mix(long number) {
        long mixed = (number ^ (number >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }
}
