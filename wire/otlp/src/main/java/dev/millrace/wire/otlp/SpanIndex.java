package dev.millrace.wire.otlp;

import dev.millrace.model.Resource;
import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A table of contents of one or more OTLP bodies of one trace: for every span where its bytes are
/// and the few fields that grouping, ordering and summing up need.
///
/// Spans are numbered in the order they were added. Resources and scopes with the same bytes share
/// a number, whichever body they came in. The bodies must be valid, as [TraceSplitter] leaves them;
/// anything else is a [MalformedSpansException]. Reusable after [#clear()]; not safe for threads.
public final class SpanIndex {

    /// What a group of spans shares, as bytes: the fields of `ResourceSpans` or `ScopeSpans` other
    /// than the spans themselves.
    ///
    /// @param parent the number of the resource a scope lies in; -1 for a resource
    /// @param service the resource's service, or that of the scope's resource
    record Head(int parent, Slice bytes, String service) {}

    private static final int SCOPE_SPANS = ProtoReader.tag(2, ProtoReader.LENGTH_DELIMITED);
    private static final int SPANS = ProtoReader.tag(2, ProtoReader.LENGTH_DELIMITED);

    private static final int ATTRIBUTES = ProtoReader.tag(9, ProtoReader.LENGTH_DELIMITED);

    private static final Slice SERVICE_NAME =
            Slice.of("service.name".getBytes(StandardCharsets.UTF_8));

    // How translators from Zipkin say that the start of a span is not the sender's.
    private static final Slice START_ABSENT =
            Slice.of("otel.zipkin.absentField.startTime".getBytes(StandardCharsets.UTF_8));

    private final List<Head> resources = new ArrayList<>();
    private final List<Head> scopes = new ArrayList<>();

    private int size;
    private byte[][] source = new byte[32][];
    private int[] offset = new int[32];
    private int[] length = new int[32];
    private int[] scope = new int[32];
    private byte[] kind = new byte[32];
    private boolean[] error = new boolean[32];
    private long[] id = new long[32];
    private long[] parent = new long[32];
    private long[] start = new long[32];
    private long[] end = new long[32];
    private Slice[] name = new Slice[32];
    private Slice[] traceState = new Slice[32];
    // Where the field with the trace state begins, its tag included.
    private int[] stateField = new int[32];
    private int spanBytes;

    /// Forgets everything.
    public void clear() {
        truncate(0);
        resources.clear();
        scopes.clear();
    }

    /// Forgets the spans before number `from`; the others count from 0 again. Resources and scopes
    /// keep their numbers.
    public void keepFrom(int from) {
        int kept = size - from;
        for (int i = 0; i < from; i++) {
            spanBytes -= length[i];
        }
        for (Object column :
                new Object[] {
                    source,
                    offset,
                    length,
                    scope,
                    kind,
                    error,
                    id,
                    parent,
                    start,
                    end,
                    name,
                    traceState,
                    stateField
                }) {
            System.arraycopy(column, from, column, 0, kept);
        }
        Arrays.fill(source, kept, size, null);
        Arrays.fill(name, kept, size, Slice.EMPTY);
        Arrays.fill(traceState, kept, size, Slice.EMPTY);
        size = kept;
    }

    /// Adds the spans of a `TracesData`; all of them or, when it throws, none.
    ///
    /// @throws MalformedSpansException when the body is not valid or holds a span of another trace
    public void add(TraceId traceId, Slice body) {
        int before = size;
        try {
            addSpans(traceId, body);
        } catch (MalformedSpansException e) {
            truncate(before);
            throw e;
        }
    }

    private void truncate(int newSize) {
        for (int i = newSize; i < size; i++) {
            spanBytes -= length[i];
        }
        Arrays.fill(source, newSize, size, null);
        Arrays.fill(name, newSize, size, Slice.EMPTY);
        Arrays.fill(traceState, newSize, size, Slice.EMPTY);
        size = newSize;
    }

    private void addSpans(TraceId traceId, Slice body) {
        var reader = ProtoReader.of(body);
        while (reader.next() != 0) {
            if (reader.field() == 1 && reader.wireType() == ProtoReader.LENGTH_DELIMITED) {
                int length = reader.lengthDelimited();
                addResourceSpans(traceId, body.array(), reader.position() - length, length);
            } else {
                reader.skip();
            }
        }
    }

    private void addResourceSpans(TraceId traceId, byte[] bytes, int from, int count) {
        int resource = head(resources, -1, bytes, from, count);
        var reader = new ProtoReader(bytes, from, count);
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag == SCOPE_SPANS) {
                int length = reader.lengthDelimited();
                addScopeSpans(traceId, resource, bytes, reader.position() - length, length);
            } else {
                reader.skip();
            }
        }
    }

    private void addScopeSpans(TraceId traceId, int resource, byte[] bytes, int from, int count) {
        int number = head(scopes, resource, bytes, from, count);
        var reader = new ProtoReader(bytes, from, count);
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag == SPANS) {
                int length = reader.lengthDelimited();
                addSpan(traceId, number, bytes, reader.position() - length, length);
            } else {
                reader.skip();
            }
        }
    }

    /// The number of the head in `known`, added when it is new.
    private int head(List<Head> known, int parent, byte[] bytes, int from, int count) {
        Slice head = headBytes(bytes, from, count);
        for (int i = 0; i < known.size(); i++) {
            if (known.get(i).parent() == parent && known.get(i).bytes().equals(head)) {
                return i;
            }
        }
        String service = parent < 0 ? serviceName(head) : resources.get(parent).service();
        known.add(new Head(parent, head, service));
        return known.size() - 1;
    }

    /// In both messages field 2 repeats the contents and everything else is head, nearly always in
    /// one piece, which is then not copied.
    private static Slice headBytes(byte[] bytes, int from, int count) {
        Slice piece = Slice.EMPTY;
        int pieces = 1;
        var reader = new ProtoReader(bytes, from, count);
        int before = from;
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            reader.skip();
            int after = reader.position();
            if (tag != SPANS) {
                if (piece.length() == 0) {
                    piece = Slice.of(bytes, before, after - before);
                } else if (pieces == 1 && piece.offset() + piece.length() == before) {
                    piece = Slice.of(bytes, piece.offset(), after - piece.offset());
                } else {
                    pieces++;
                    piece =
                            new ProtoWriter(piece.length() + after - before)
                                    .raw(piece.array(), piece.offset(), piece.length())
                                    .raw(bytes, before, after - before)
                                    .finish();
                }
            }
            before = after;
        }
        return piece;
    }

    /// `service.name` out of the fields of a `ResourceSpans`.
    private static String serviceName(Slice head) {
        var group = ProtoReader.of(head);
        while (group.next() != 0) {
            if (group.field() != 1) {
                group.skip();
                continue;
            }
            var resource = ProtoReader.of(group.slice());
            while (resource.next() != 0) {
                if (resource.field() != 1) {
                    resource.skip();
                    continue;
                }
                String name = textOf(resource.slice(), SERVICE_NAME);
                if (!name.isEmpty()) {
                    return name;
                }
            }
        }
        return Resource.UNKNOWN_SERVICE;
    }

    /// The text of a `KeyValue` with this key; empty for another key or kind of value.
    private static String textOf(Slice keyValue, Slice wanted) {
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
        if (!key.equals(wanted)) {
            return "";
        }
        String text = "";
        var any = ProtoReader.of(value);
        while (any.next() != 0) {
            if (any.field() == 1) {
                text = any.slice().toText();
            } else {
                any.skip();
            }
        }
        return text;
    }

    private void addSpan(TraceId traceId, int scopeNumber, byte[] bytes, int from, int count) {
        if (size == offset.length) {
            grow();
        }
        int i = size;
        source[i] = bytes;
        offset[i] = from;
        length[i] = count;
        scope[i] = scopeNumber;
        kind[i] = 0;
        error[i] = false;
        id[i] = 0;
        parent[i] = 0;
        start[i] = 0;
        end[i] = 0;
        name[i] = Slice.EMPTY;
        traceState[i] = Slice.EMPTY;
        boolean ofTrace = false;
        var reader = new ProtoReader(bytes, from, count);
        int field = from;
        while (reader.next() != 0) {
            switch (reader.field()) {
                case 1 -> ofTrace = isTraceId(traceId, bytes, reader);
                case 2 -> id[i] = id(bytes, reader);
                case 3 -> {
                    traceState[i] = reader.slice();
                    stateField[i] = field;
                }
                case 4 -> parent[i] = id(bytes, reader);
                case 5 -> name[i] = reader.slice();
                case 6 -> kind[i] = (byte) reader.varint();
                case 7 -> start[i] = reader.fixed64();
                case 8 -> end[i] = reader.fixed64();
                case 15 -> error[i] = isError(bytes, reader);
                default -> reader.skip();
            }
            field = reader.position();
        }
        if (!ofTrace || id[i] == 0) {
            throw new MalformedSpansException(
                    "a span without a valid id or of another trace (expected: of trace "
                            + traceId
                            + ")");
        }
        spanBytes += count;
        size++;
    }

    private static boolean isTraceId(TraceId traceId, byte[] bytes, ProtoReader reader) {
        int count = reader.lengthDelimited();
        int at = reader.position() - count;
        return count == 16
                && Long.reverseBytes((long) LittleEndian.LONG.get(bytes, at)) == traceId.high()
                && Long.reverseBytes((long) LittleEndian.LONG.get(bytes, at + 8)) == traceId.low();
    }

    private static long id(byte[] bytes, ProtoReader reader) {
        int count = reader.lengthDelimited();
        return count == 8
                ? Long.reverseBytes((long) LittleEndian.LONG.get(bytes, reader.position() - 8))
                : 0;
    }

    private static boolean isError(byte[] bytes, ProtoReader reader) {
        int count = reader.lengthDelimited();
        var status = new ProtoReader(bytes, reader.position() - count, count);
        long code = 0;
        for (int tag = status.next(); tag != 0; tag = status.next()) {
            if (tag == ProtoReader.tag(3, ProtoReader.VARINT)) {
                code = status.varint();
            } else {
                status.skip();
            }
        }
        return code == 2;
    }

    private void grow() {
        int capacity = offset.length * 2;
        source = Arrays.copyOf(source, capacity);
        offset = Arrays.copyOf(offset, capacity);
        length = Arrays.copyOf(length, capacity);
        scope = Arrays.copyOf(scope, capacity);
        kind = Arrays.copyOf(kind, capacity);
        error = Arrays.copyOf(error, capacity);
        id = Arrays.copyOf(id, capacity);
        parent = Arrays.copyOf(parent, capacity);
        start = Arrays.copyOf(start, capacity);
        end = Arrays.copyOf(end, capacity);
        name = Arrays.copyOf(name, capacity);
        traceState = Arrays.copyOf(traceState, capacity);
        stateField = Arrays.copyOf(stateField, capacity);
    }

    /// How many spans were added.
    public int size() {
        return size;
    }

    /// The bytes of all spans, without what surrounds them.
    public int spanBytes() {
        return spanBytes;
    }

    /// The bytes of the span message.
    public Slice span(int i) {
        return Slice.of(source[i], offset[i], length[i]);
    }

    /// The length of the span message.
    public int length(int i) {
        return length[i];
    }

    /// The span's id.
    public long id(int i) {
        return id[i];
    }

    /// The parent's id, 0 for a root.
    public long parent(int i) {
        return parent[i];
    }

    /// OTLP's number of the kind.
    public int kind(int i) {
        return kind[i];
    }

    public boolean error(int i) {
        return error[i];
    }

    /// Nanoseconds since the epoch.
    public long start(int i) {
        return start[i];
    }

    /// Nanoseconds since the epoch.
    public long end(int i) {
        return end[i];
    }

    /// Whether the sender, one of Zipkin's, gave the span no time, so that its start was made up on
    /// the way in. Reads the attributes, unlike the other columns.
    public boolean isUntimed(int i) {
        var reader = new ProtoReader(source[i], offset[i], length[i]);
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag != ATTRIBUTES) {
                reader.skip();
            } else if (isSet(reader.slice(), START_ABSENT)) {
                return true;
            }
        }
        return false;
    }

    /// Whether a `KeyValue` has this key and is true.
    private static boolean isSet(Slice keyValue, Slice wanted) {
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
        if (!key.equals(wanted)) {
            return false;
        }
        boolean set = false;
        var any = ProtoReader.of(value);
        for (int tag = any.next(); tag != 0; tag = any.next()) {
            if (tag == ProtoReader.tag(2, ProtoReader.VARINT)) {
                set = any.varint() != 0;
            } else {
                any.skip();
            }
        }
        return set;
    }

    public Slice name(int i) {
        return name[i];
    }

    /// The W3C trace state, empty where there is none.
    public Slice traceState(int i) {
        return traceState[i];
    }

    /// The field of the span message that holds the trace state, its tag and length included; empty
    /// where there is none.
    public Slice traceStateField(int i) {
        Slice state = traceState[i];
        return state.length() == 0
                ? Slice.EMPTY
                : Slice.of(
                        source[i], stateField[i], state.offset() + state.length() - stateField[i]);
    }

    /// The number of the span's scope, from 0 to [#scopes()].
    public int scope(int i) {
        return scope[i];
    }

    /// How many different scopes there are; a scope in two resources counts twice.
    public int scopes() {
        return scopes.size();
    }

    /// The number of the resource that a scope lies in.
    public int resourceOf(int scopeNumber) {
        return scopes.get(scopeNumber).parent();
    }

    /// The service that a scope's resource names.
    public String serviceOf(int scopeNumber) {
        return scopes.get(scopeNumber).service();
    }

    /// The fields of `ResourceSpans` other than the scopes.
    public Slice resourceHead(int resourceNumber) {
        return resources.get(resourceNumber).bytes();
    }

    /// The fields of `ScopeSpans` other than the spans.
    public Slice scopeHead(int scopeNumber) {
        return scopes.get(scopeNumber).bytes();
    }
}
