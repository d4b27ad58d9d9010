package dev.millrace.sampling;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.ProtoReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// One pass over a chunk: where its spans are, with what the head wants to know of them, and the
/// writer of what is kept.
///
/// The chunk lies flat as a list of items in the order of its bytes: spans, runs of other bytes,
/// and the brackets of resources and scopes. It is written from the back, so that every length is
/// known when it is due. Reusable; not safe for threads.
final class ChunkScan {

    private static final int RAW = -1;
    private static final int OPEN_RESOURCE = -2;
    private static final int OPEN_SCOPE = -3;
    private static final int CLOSE = -4;

    private static final int SPANS = ProtoReader.tag(2, ProtoReader.LENGTH_DELIMITED);
    private static final int TRACE_STATE = ProtoReader.tag(3, ProtoReader.LENGTH_DELIMITED);
    private static final int PARENT = ProtoReader.tag(4, ProtoReader.LENGTH_DELIMITED);
    private static final int NAME = ProtoReader.tag(5, ProtoReader.LENGTH_DELIMITED);
    private static final int STATUS = ProtoReader.tag(15, ProtoReader.LENGTH_DELIMITED);
    private static final int RESOURCE_SPANS = ProtoReader.tag(1, ProtoReader.LENGTH_DELIMITED);
    private static final int ERROR = 2;
    private static final Slice SERVICE_NAME =
            Slice.of("service.name".getBytes(StandardCharsets.UTF_8));

    private byte[] bytes = new byte[0];

    // Items: what they are, a span's number or one of the constants above, and where.
    private int[] what = new int[64];
    private int[] itemFrom = new int[64];
    private int[] itemTo = new int[64];
    private int items;

    // Spans.
    private int size;
    private int[] from = new int[32];
    private int[] to = new int[32];
    private int[] nameFrom = new int[32];
    private int[] nameTo = new int[32];
    // The field as a whole and its text; empty when the span has none.
    private int[] stateStart = new int[32];
    private int[] stateFrom = new int[32];
    private int[] stateTo = new int[32];
    private int[] service = new int[32];
    private boolean[] root = new boolean[32];
    private boolean[] drop = new boolean[32];
    private byte[][] newState = new byte[32][];
    private final List<Slice> services = new ArrayList<>();
    private boolean error;
    private boolean changed;
    private int kept;
    private int added;

    private byte[] out = new byte[0];
    private final int[] ends = new int[2];

    void read(Slice body) {
        bytes = body.array();
        items = 0;
        size = 0;
        services.clear();
        error = false;
        changed = false;
        kept = 0;
        added = 0;
        var reader = ProtoReader.of(body);
        int before = body.offset();
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag == RESOURCE_SPANS) {
                int length = reader.lengthDelimited();
                resource(reader.position() - length, length);
            } else {
                reader.skip();
                item(RAW, before, reader.position());
            }
            before = reader.position();
        }
    }

    private void resource(int start, int length) {
        item(OPEN_RESOURCE, start, start);
        services.add(Slice.EMPTY);
        var reader = new ProtoReader(bytes, start, length);
        int before = start;
        int firstSpan = size;
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag == SPANS) {
                int inner = reader.lengthDelimited();
                scope(reader.position() - inner, inner);
            } else {
                if (tag == RESOURCE_SPANS) {
                    services.set(services.size() - 1, serviceName(reader.slice()));
                } else {
                    reader.skip();
                }
                item(RAW, before, reader.position());
            }
            before = reader.position();
        }
        Arrays.fill(service, firstSpan, size, services.size() - 1);
        item(CLOSE, start, start);
    }

    private void scope(int start, int length) {
        item(OPEN_SCOPE, start, start);
        var reader = new ProtoReader(bytes, start, length);
        int before = start;
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag == SPANS) {
                int inner = reader.lengthDelimited();
                item(size, before, reader.position());
                span(reader.position() - inner, inner);
            } else {
                reader.skip();
                item(RAW, before, reader.position());
            }
            before = reader.position();
        }
        item(CLOSE, start, start);
    }

    private void span(int start, int length) {
        if (size == from.length) {
            growSpans();
        }
        int i = size++;
        from[i] = start;
        to[i] = start + length;
        nameFrom[i] = start;
        nameTo[i] = start;
        stateStart[i] = start;
        stateFrom[i] = start;
        stateTo[i] = start;
        newState[i] = Slice.EMPTY.array();
        root[i] = true;
        boolean failed = false;
        var reader = new ProtoReader(bytes, start, length);
        int before = start;
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag == NAME) {
                nameFrom[i] = reader.lengthDelimited();
                nameTo[i] = reader.position();
                nameFrom[i] = nameTo[i] - nameFrom[i];
            } else if (tag == TRACE_STATE) {
                stateStart[i] = before;
                stateFrom[i] = reader.lengthDelimited();
                stateTo[i] = reader.position();
                stateFrom[i] = stateTo[i] - stateFrom[i];
            } else if (tag == PARENT) {
                root[i] = reader.lengthDelimited() == 0;
            } else if (tag == STATUS) {
                failed = isError(reader.slice());
            } else {
                reader.skip();
            }
            before = reader.position();
        }
        error |= failed;
    }

    private static boolean isError(Slice status) {
        long code = 0;
        var reader = ProtoReader.of(status);
        while (reader.next() != 0) {
            if (reader.field() == 3 && reader.wireType() == ProtoReader.VARINT) {
                code = reader.varint();
            } else {
                reader.skip();
            }
        }
        return code == ERROR;
    }

    private static Slice serviceName(Slice resource) {
        var reader = ProtoReader.of(resource);
        while (reader.next() != 0) {
            if (reader.field() != 1) {
                reader.skip();
                continue;
            }
            Slice name = textOf(reader.slice());
            if (name.length() > 0) {
                return name;
            }
        }
        return Slice.EMPTY;
    }

    /// The text of a `KeyValue` whose key is `service.name`; empty for any other.
    private static Slice textOf(Slice keyValue) {
        Slice key = Slice.EMPTY;
        Slice value = Slice.EMPTY;
        var pair = ProtoReader.of(keyValue);
        while (pair.next() != 0) {
            switch (pair.field()) {
                case 1 -> key = pair.slice();
                case 2 -> value = pair.slice();
                default -> pair.skip();
            }
        }
        Slice text = Slice.EMPTY;
        if (key.equals(SERVICE_NAME)) {
            var any = ProtoReader.of(value);
            while (any.next() != 0) {
                if (any.field() == 1) {
                    text = any.slice();
                } else {
                    any.skip();
                }
            }
        }
        return text;
    }

    private void item(int kind, int start, int end) {
        if (kind == RAW && items > 0 && what[items - 1] == RAW && itemTo[items - 1] == start) {
            itemTo[items - 1] = end;
            return;
        }
        if (items == what.length) {
            what = Arrays.copyOf(what, 2 * items);
            itemFrom = Arrays.copyOf(itemFrom, 2 * items);
            itemTo = Arrays.copyOf(itemTo, 2 * items);
        }
        what[items] = kind;
        itemFrom[items] = start;
        itemTo[items] = end;
        items++;
    }

    private void growSpans() {
        int more = 2 * size;
        from = Arrays.copyOf(from, more);
        to = Arrays.copyOf(to, more);
        nameFrom = Arrays.copyOf(nameFrom, more);
        nameTo = Arrays.copyOf(nameTo, more);
        stateStart = Arrays.copyOf(stateStart, more);
        stateFrom = Arrays.copyOf(stateFrom, more);
        stateTo = Arrays.copyOf(stateTo, more);
        service = Arrays.copyOf(service, more);
        root = Arrays.copyOf(root, more);
        drop = Arrays.copyOf(drop, more);
        newState = Arrays.copyOf(newState, more);
    }

    int size() {
        return size;
    }

    /// Whether any span failed.
    boolean error() {
        return error;
    }

    int kept() {
        return kept;
    }

    /// Whether what is kept is not what came.
    boolean changed() {
        return changed;
    }

    /// The number of the resource a span lies in.
    int service(int span) {
        return service[span];
    }

    /// The service of the resource with this number; empty when it does not say.
    Slice serviceName(int number) {
        return services.get(number);
    }

    /// Whether a span has no parent.
    boolean isRoot(int span) {
        return root[span];
    }

    Slice span(int span) {
        return Slice.of(bytes, from[span], to[span] - from[span]);
    }

    Slice name(int span) {
        return Slice.of(bytes, nameFrom[span], nameTo[span] - nameFrom[span]);
    }

    boolean hasState(int span) {
        return stateTo[span] > stateFrom[span];
    }

    TraceState state(int span) {
        return TraceState.parse(bytes, stateFrom[span], stateTo[span]);
    }

    void drop(int span) {
        drop[span] = true;
        changed = true;
    }

    /// Keeps a span as it is.
    void keep(int span) {
        drop[span] = false;
        kept++;
    }

    /// Keeps a span with another trace state.
    void keep(int span, byte[] traceState) {
        keep(span);
        newState[span] = traceState;
        added += traceState.length + 16;
        changed = true;
    }

    /// A `TracesData` with the spans that are kept.
    ///
    /// @param attribute bytes added to the end of each kept span
    Slice write(byte[] attribute) {
        int most = itemBytes() + added + kept * (attribute.length + 8) + 8 * items;
        if (out.length < most) {
            out = new byte[Math.max(most, 2 * out.length)];
        }
        int at = out.length;
        int depth = 0;
        for (int i = items - 1; i >= 0; i--) {
            switch (what[i]) {
                case RAW -> at = raw(itemFrom[i], itemTo[i], at);
                case CLOSE -> ends[depth++] = at;
                case OPEN_RESOURCE, OPEN_SCOPE -> {
                    int end = ends[--depth];
                    boolean any = hasSpan(i);
                    at =
                            any
                                    ? header(
                                            what[i] == OPEN_SCOPE ? SPANS : RESOURCE_SPANS, end, at)
                                    : end;
                }
                default -> {
                    int span = what[i];
                    if (!drop[span]) {
                        at =
                                attribute.length == 0 && newState[span].length == 0
                                        ? raw(itemFrom[i], itemTo[i], at)
                                        : span(span, attribute, at);
                    }
                }
            }
        }
        return Slice.of(Arrays.copyOfRange(out, at, out.length));
    }

    private int itemBytes() {
        int sum = 0;
        for (int i = 0; i < items; i++) {
            sum += itemTo[i] - itemFrom[i];
        }
        return sum;
    }

    /// Whether a span is kept between an opening bracket and the one that closes it.
    private boolean hasSpan(int open) {
        int depth = 0;
        for (int i = open; ; i++) {
            if (what[i] == CLOSE) {
                if (--depth == 0) {
                    return false;
                }
            } else if (what[i] == OPEN_RESOURCE || what[i] == OPEN_SCOPE) {
                depth++;
            } else if (what[i] >= 0 && !drop[what[i]]) {
                return true;
            }
        }
    }

    private int span(int span, byte[] attribute, int end) {
        int at = copy(attribute, 0, attribute.length, end);
        byte[] state = newState[span];
        if (state.length == 0) {
            at = copy(bytes, from[span], to[span], at);
        } else {
            at = copy(bytes, stateTo[span], to[span], at);
            int stateEnd = at;
            at = copy(state, 0, state.length, at);
            at = header(TRACE_STATE, stateEnd, at);
            at = copy(bytes, from[span], stateStart[span], at);
        }
        return header(SPANS, end, at);
    }

    private int raw(int start, int end, int at) {
        return copy(bytes, start, end, at);
    }

    private int copy(byte[] source, int start, int end, int at) {
        System.arraycopy(source, start, out, at - (end - start), end - start);
        return at - (end - start);
    }

    /// Writes a tag of one byte and the length of what lies between two positions before it.
    private int header(int tag, int end, int start) {
        int length = end - start;
        int width = (38 - Integer.numberOfLeadingZeros(length | 1)) / 7;
        int at = start - width;
        int rest = length;
        for (int i = 0; i < width; i++) {
            out[at + i] = (byte) (i < width - 1 ? rest | 0x80 : rest);
            rest >>>= 7;
        }
        out[at - 1] = (byte) tag;
        return at - 1;
    }
}
