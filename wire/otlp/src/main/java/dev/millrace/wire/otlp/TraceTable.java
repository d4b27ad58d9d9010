package dev.millrace.wire.otlp;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The spans of one request by trace or by another [Grouping], as ranges of its bytes, and the
/// writer of their chunks.
///
/// Everything lives in arrays of numbers. A *piece* is a range of whole fields; the pieces of a
/// chunk are chained in the order they came, as are the pieces of a *group's* header: whatever a
/// `ResourceSpans` or `ScopeSpans` holds besides its groups or spans. A piece that begins at zero
/// or above is in the request, one below zero is in the repaired bytes, at its complement.
final class TraceTable {

    private static final int NONE = -1;

    private static final int SCOPE_SPANS = ProtoReader.tag(2, ProtoReader.LENGTH_DELIMITED);
    private static final int RESOURCE_SPANS = ProtoReader.tag(1, ProtoReader.LENGTH_DELIMITED);

    // Every trace takes copies of the headers it needs, so a hostile request could ask for many
    // times its own size. Honest ones stay far below both bounds.
    private static final long MOST_GROWTH = 8;
    private static final long GROWTH_ALWAYS_FINE = 64 << 20;

    // Keeps senders from choosing trace ids that collide; no result depends on it.
    private static final long SALT = new SecureRandom().nextLong();

    private static final int PIECE = 4;
    private static final int START = 0;
    private static final int LENGTH = 1;
    private static final int NEXT = 2;
    private static final int GROUP = 3;

    // At most, of a message: its tag and its length.
    private static final int FRAME = 6;

    private static final int CHAIN = 4;
    private static final int HEAD = 0;
    private static final int TAIL = 1;
    // Of a chunk's chain: its spans. Of a header's: its bytes, and the group it is in.
    private static final int SPANS = 2;
    private static final int BYTES = 2;
    private static final int PARENT = 3;

    private static final int GROUP_CHAIN = 5;
    private static final int SPANS_IN = 4;

    private int[] pieces = new int[PIECE * 128];
    private int piecesEnd;
    private int[] groups = new int[GROUP_CHAIN * 16];
    private int groupsEnd;
    private int[] chunks = new int[CHAIN * 64];
    private int chunksEnd;
    // Of each chunk, the trace of its first span.
    private long[] ids = new long[2 * 64];
    // One above the offset of a chain in `chunks`, zero where there is none: by trace with open
    // addressing, else by number.
    private int[] slots;
    private final Grouping grouping;
    private final RecentNumbers numbers;

    TraceTable(Grouping grouping) {
        this.grouping = grouping;
        numbers = new RecentNumbers(grouping);
        slots = new int[grouping.byTrace() ? 256 : grouping.groups()];
    }

    /// A new `ResourceSpans`.
    int addResource() {
        return addScope(NONE);
    }

    /// A new `ScopeSpans` inside a resource.
    int addScope(int resource) {
        if (groupsEnd == groups.length) {
            groups = Arrays.copyOf(groups, 2 * groupsEnd);
        }
        int group = groupsEnd;
        groups[group + HEAD] = NONE;
        groups[group + TAIL] = NONE;
        groups[group + PARENT] = resource;
        groups[group + SPANS_IN] = 0;
        groupsEnd += GROUP_CHAIN;
        return group;
    }

    /// Adds a field of a group's header.
    void addHeader(int group, int start, int length) {
        append(groups, group, start, length, group);
        groups[group + BYTES] += length;
    }

    /// Adds a span, tag and length included.
    void addSpan(long high, long low, int scope, int start, int length) {
        int chunk = grouping.byTrace() ? ofTrace(high, low) : ofNumber(high, low);
        append(chunks, chunk, start, length, scope);
        chunks[chunk + SPANS]++;
        groups[scope + SPANS_IN]++;
    }

    /// Whether the chunks, sorted by trace again, stay within what is always fine, even if every
    /// span were a trace of its own.
    boolean isFineByTrace(int requestBytes) {
        long headers = 0;
        for (int group = 0; group < groupsEnd; group += GROUP_CHAIN) {
            if (groups[group + SPANS_IN] > 0) {
                long each =
                        groups[group + BYTES] + groups[groups[group + PARENT] + BYTES] + 2L * FRAME;
                headers += each * groups[group + SPANS_IN];
            }
        }
        return headers + requestBytes <= GROWTH_ALWAYS_FINE;
    }

    private int ofNumber(long high, long low) {
        int number = numbers.of(high, low);
        int entry = slots[number];
        if (entry == 0) {
            entry = addChunk(high, low) + 1;
            slots[number] = entry;
        }
        return entry - 1;
    }

    private int ofTrace(long high, long low) {
        int mask = slots.length - 1;
        int slot = hash(high, low) & mask;
        for (int entry = slots[slot]; entry != 0; entry = slots[slot]) {
            int chunk = entry - 1;
            if (ids[chunk / CHAIN * 2] == high && ids[chunk / CHAIN * 2 + 1] == low) {
                return chunk;
            }
            slot = (slot + 1) & mask;
        }
        int chunk = addChunk(high, low);
        slots[slot] = chunk + 1;
        if (chunksEnd / CHAIN * 2 > slots.length) {
            rehash();
        }
        return chunk;
    }

    private int addChunk(long high, long low) {
        int chunk = chunksEnd;
        if (chunk == chunks.length) {
            chunks = Arrays.copyOf(chunks, 2 * chunk);
            ids = Arrays.copyOf(ids, chunk / CHAIN * 4);
        }
        chunks[chunk + HEAD] = NONE;
        chunks[chunk + TAIL] = NONE;
        ids[chunk / CHAIN * 2] = high;
        ids[chunk / CHAIN * 2 + 1] = low;
        chunksEnd += CHAIN;
        return chunk;
    }

    private void rehash() {
        slots = new int[4 * slots.length];
        int mask = slots.length - 1;
        for (int chunk = 0; chunk < chunksEnd; chunk += CHAIN) {
            int slot = hash(ids[chunk / CHAIN * 2], ids[chunk / CHAIN * 2 + 1]) & mask;
            while (slots[slot] != 0) {
                slot = (slot + 1) & mask;
            }
            slots[slot] = chunk + 1;
        }
    }

    private static int hash(long high, long low) {
        long a = high ^ SALT;
        long b = low ^ Long.rotateLeft(SALT, 29);
        return (int) (Math.unsignedMultiplyHigh(a, b) ^ (a * b));
    }

    private void append(int[] chains, int chain, int start, int length, int group) {
        int tail = chains[chain + TAIL];
        if (tail != NONE) {
            int tailStart = pieces[tail + START];
            // Neighbours in the request, hence in one group: a group begins with bytes of its own.
            if (tailStart >= 0 && tailStart + pieces[tail + LENGTH] == start) {
                pieces[tail + LENGTH] += length;
                return;
            }
        }
        if (piecesEnd == pieces.length) {
            pieces = Arrays.copyOf(pieces, 2 * piecesEnd);
        }
        int piece = piecesEnd;
        pieces[piece + START] = start;
        pieces[piece + LENGTH] = length;
        pieces[piece + NEXT] = NONE;
        pieces[piece + GROUP] = group;
        piecesEnd += PIECE;
        if (tail == NONE) {
            chains[chain + HEAD] = piece;
        } else {
            pieces[tail + NEXT] = piece;
        }
        chains[chain + TAIL] = piece;
    }

    /// The chunks, in the order of their first spans.
    ///
    /// @param repaired holds the pieces that begin below zero
    /// @throws MalformedSpansException when the headers make the chunks many times the request
    List<TraceChunk> chunks(Slice request, byte[] repaired) {
        var written = new ArrayList<TraceChunk>(chunksEnd / CHAIN);
        var writer = new Writer(request.array(), repaired);
        long most = Math.max(GROWTH_ALWAYS_FINE, MOST_GROWTH * request.length());
        long total = 0;
        for (int chunk = 0; chunk < chunksEnd; chunk += CHAIN) {
            long size = writer.plan(chunks[chunk + HEAD]);
            total += size;
            if (total > most) {
                throw new MalformedSpansException(
                        "request: its resources and scopes repeated for each of "
                                + chunksEnd / CHAIN
                                + " traces make more than "
                                + total
                                + " bytes (expected: at most "
                                + most
                                + ")");
            }
            byte[] body = writer.write(chunks[chunk + HEAD], (int) size);
            written.add(
                    new TraceChunk(
                            new TraceId(ids[chunk / CHAIN * 2], ids[chunk / CHAIN * 2 + 1]),
                            Slice.of(body),
                            chunks[chunk + SPANS]));
        }
        return written;
    }

    /// Writes one chunk after another: [#plan] sizes the messages of a chunk, [#write] fills it.
    private final class Writer {
        private final byte[] request;
        private final byte[] repaired;
        // Of every ResourceSpans and ScopeSpans of the planned chunk, in the order of writing.
        private long[] sizes = new long[32];

        Writer(byte[] request, byte[] repaired) {
            this.request = request;
            this.repaired = repaired;
        }

        long plan(int head) {
            long total = 0;
            int count = 0;
            int resource = NONE;
            int resourceAt = NONE;
            int scope = NONE;
            int scopeAt = NONE;
            for (int piece = head; piece != NONE; piece = pieces[piece + NEXT]) {
                if (pieces[piece + GROUP] != scope) {
                    if (scopeAt != NONE) {
                        sizes[resourceAt] += field(sizes[scopeAt]);
                    }
                    scope = pieces[piece + GROUP];
                    if (count + 2 > sizes.length) {
                        sizes = Arrays.copyOf(sizes, 2 * sizes.length);
                    }
                    if (groups[scope + PARENT] != resource) {
                        if (resourceAt != NONE) {
                            total += field(sizes[resourceAt]);
                        }
                        resource = groups[scope + PARENT];
                        resourceAt = count++;
                        sizes[resourceAt] = groups[resource + BYTES];
                    }
                    scopeAt = count++;
                    sizes[scopeAt] = groups[scope + BYTES];
                }
                sizes[scopeAt] += pieces[piece + LENGTH];
            }
            sizes[resourceAt] += field(sizes[scopeAt]);
            return total + field(sizes[resourceAt]);
        }

        private static long field(long size) {
            return 1 + Output.varintSize(size) + size;
        }

        byte[] write(int head, int size) {
            byte[] target = new byte[size];
            int at = 0;
            int count = 0;
            int resource = NONE;
            int scope = NONE;
            for (int piece = head; piece != NONE; piece = pieces[piece + NEXT]) {
                if (pieces[piece + GROUP] != scope) {
                    scope = pieces[piece + GROUP];
                    if (groups[scope + PARENT] != resource) {
                        resource = groups[scope + PARENT];
                        at = open(target, at, RESOURCE_SPANS, sizes[count++], resource);
                    }
                    at = open(target, at, SCOPE_SPANS, sizes[count++], scope);
                }
                at = copy(target, at, piece);
            }
            return target;
        }

        private int open(byte[] target, int position, int tag, long size, int group) {
            target[position] = (byte) tag;
            int at = Output.putVarint(target, position + 1, size);
            for (int piece = groups[group + HEAD]; piece != NONE; piece = pieces[piece + NEXT]) {
                at = copy(target, at, piece);
            }
            return at;
        }

        private int copy(byte[] target, int at, int piece) {
            int start = pieces[piece + START];
            int length = pieces[piece + LENGTH];
            if (start >= 0) {
                System.arraycopy(request, start, target, at, length);
            } else {
                System.arraycopy(repaired, ~start, target, at, length);
            }
            return at + length;
        }
    }
}
