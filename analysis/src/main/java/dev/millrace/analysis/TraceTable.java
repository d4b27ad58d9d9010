package dev.millrace.analysis;

import java.util.Arrays;

/// The spans of one trace, and which of them called which.
///
/// Reusable after [#clear()], which gives the memory of a large trace back. Not safe for threads.
final class TraceTable {

    static final int NONE = -1;

    // Numbers of OTLP's kinds.
    static final int SERVER = 2;
    static final int CLIENT = 3;
    static final int PRODUCER = 4;
    static final int CONSUMER = 5;

    private static final int USUAL = 256;

    /// Of a calling half: the called one is known.
    private static final int ANSWERED = 1;

    /// Of a calling half: a span below it makes the call.
    private static final int DEFERRED = 2;

    /// Of a span: it lies within a span of its own service.
    private static final int LOCAL = 4;

    private int size;
    long[] id = new long[USUAL];
    long[] parent = new long[USUAL];
    long[] start = new long[USUAL];
    long[] duration = new long[USUAL];
    long[] units = new long[USUAL];
    byte[] kind = new byte[USUAL];
    boolean[] failed = new boolean[USUAL];
    int[] service = new int[USUAL];
    int[] operation = new int[USUAL];

    /// What a span says of its other end, by number in the catalog; [#NONE] where it does not.
    int[] peer = new int[USUAL];

    Connection[] peerConnection = new Connection[USUAL];

    private int[] caller = new int[USUAL];
    private byte[] marks = new byte[USUAL];
    private int[] nextOfHash = new int[USUAL];
    private int[] heads = new int[USUAL * 2];
    private int[] linkFrom = new int[8];
    private long[] linkTo = new long[8];
    private int links;

    TraceTable() {
        Arrays.fill(heads, NONE);
    }

    int size() {
        return size;
    }

    void clear() {
        if (id.length > USUAL * 16) {
            resize(USUAL);
            heads = new int[USUAL * 2];
            linkFrom = new int[8];
            linkTo = new long[8];
            Arrays.fill(heads, NONE);
        } else {
            for (int i = 0; i < size; i++) {
                heads[slot(id[i])] = NONE;
            }
        }
        size = 0;
        links = 0;
    }

    /// Adds a row and returns its number; the columns that are open are for the caller to fill.
    int add(long spanId, long parentId) {
        if (size == id.length) {
            resize(size * 2);
            heads = new int[size * 4];
            Arrays.fill(heads, NONE);
            for (int i = 0; i < size; i++) {
                enter(i);
            }
        }
        int i = size++;
        id[i] = spanId;
        parent[i] = parentId;
        peer[i] = NONE;
        caller[i] = NONE;
        marks[i] = 0;
        enter(i);
        return i;
    }

    /// Forgets the rows from one on, before they are connected or linked.
    void truncate(int from) {
        for (int i = size - 1; i >= from; i--) {
            // What was entered last stands first.
            heads[slot(id[i])] = nextOfHash[i];
        }
        size = from;
    }

    /// Whether another row is of the same span.
    boolean hasTwin(int i) {
        for (int other = nextOfHash[i]; other != NONE; other = nextOfHash[other]) {
            if (id[other] == id[i] && kind[other] == kind[i] && service[other] == service[i]) {
                return true;
            }
        }
        return false;
    }

    private void resize(int capacity) {
        id = Arrays.copyOf(id, capacity);
        parent = Arrays.copyOf(parent, capacity);
        start = Arrays.copyOf(start, capacity);
        duration = Arrays.copyOf(duration, capacity);
        units = Arrays.copyOf(units, capacity);
        kind = Arrays.copyOf(kind, capacity);
        failed = Arrays.copyOf(failed, capacity);
        service = Arrays.copyOf(service, capacity);
        operation = Arrays.copyOf(operation, capacity);
        peer = Arrays.copyOf(peer, capacity);
        peerConnection = Arrays.copyOf(peerConnection, capacity);
        caller = Arrays.copyOf(caller, capacity);
        marks = Arrays.copyOf(marks, capacity);
        nextOfHash = Arrays.copyOf(nextOfHash, capacity);
    }

    private void enter(int i) {
        int slot = slot(id[i]);
        nextOfHash[i] = heads[slot];
        heads[slot] = i;
    }

    private int slot(long spanId) {
        return (int) ((spanId * 0x9e3779b97f4a7c15L) >>> 32) & heads.length - 1;
    }

    void addLink(int from, long to) {
        if (links == linkFrom.length) {
            linkFrom = Arrays.copyOf(linkFrom, links * 2);
            linkTo = Arrays.copyOf(linkTo, links * 2);
        }
        linkFrom[links] = from;
        linkTo[links] = to;
        links++;
    }

    int links() {
        return links;
    }

    int linkFrom(int link) {
        return linkFrom[link];
    }

    /// The sending span that a link points to; [#NONE] when it is none of the trace.
    int linkTo(int link) {
        int found = NONE;
        for (int i = heads[slot(linkTo[link])]; i != NONE; i = nextOfHash[i]) {
            if (id[i] == linkTo[link] && kind[i] == PRODUCER) {
                found = i;
            }
        }
        return found;
    }

    boolean asks(int i) {
        return kind[i] == CLIENT || kind[i] == PRODUCER;
    }

    boolean receives(int i) {
        return kind[i] == SERVER || kind[i] == CONSUMER;
    }

    /// Finds out who called the spans from number `from` on.
    void connect(int from) {
        for (int i = from; i < size; i++) {
            connectOne(i);
        }
    }

    /// Does so for all, when more of them have come.
    void connectAgain() {
        for (int i = 0; i < size; i++) {
            caller[i] = NONE;
            marks[i] = 0;
        }
        connect(0);
    }

    private void connectOne(int i) {
        int half = receives(i) ? askingHalf(i) : NONE;
        if (half != NONE) {
            call(half, i);
            return;
        }
        int above = parent(i);
        if (above == NONE) {
            return;
        }
        if (service[above] != service[i] || (receives(i) && asks(above))) {
            call(above, i);
            return;
        }
        marks[i] |= LOCAL;
        if (asks(i) && asks(above)) {
            marks[above] |= DEFERRED;
        }
    }

    private void call(int from, int to) {
        caller[to] = from;
        markAnswered(from);
    }

    void markAnswered(int i) {
        marks[i] |= ANSWERED;
    }

    /// Says of a span that somebody is known to have called it, though not by its ids.
    void markCalled(int i) {
        marks[i] |= LOCAL;
    }

    /// The calling half that shares its id with the called one.
    private int askingHalf(int i) {
        int found = NONE;
        for (int other = heads[slot(id[i])]; other != NONE; other = nextOfHash[other]) {
            if (other != i && id[other] == id[i] && asks(other)) {
                found = other;
            }
        }
        return found;
    }

    private int parent(int i) {
        if (parent[i] == 0) {
            return NONE;
        }
        int found = NONE;
        int best = -1;
        for (int other = heads[slot(parent[i])]; other != NONE; other = nextOfHash[other]) {
            if (other == i || id[other] != parent[i]) {
                continue;
            }
            // Of two halves the called one is the parent of what happens behind it; what its own
            // service does inside is told by the service.
            int called = receives(other) ? 1 : 0;
            int own = service[other] == service[i] ? 1 : 0;
            int score = receives(i) ? 2 * called + own : 2 * own + called;
            if (score >= best) { // rows are met last first
                best = score;
                found = other;
            }
        }
        return found;
    }

    /// The span that called this one from another service, or its calling half; [#NONE] without.
    int caller(int i) {
        return caller[i];
    }

    /// Whether this is a call whose other end has sent no span.
    boolean isUnanswered(int i) {
        return asks(i) && (marks[i] & (ANSWERED | DEFERRED)) == 0;
    }

    /// Whether this was called by something that has sent no span.
    boolean isUncalled(int i) {
        return receives(i) && caller[i] == NONE && (marks[i] & LOCAL) == 0;
    }
}
