package dev.millrace.wire.jaeger;

import dev.millrace.model.Slice;
import java.util.Arrays;

/// Takes the parts of Jaeger spans in any order and writes them as OTLP `TracesData`.
///
/// Neighbours with the same process and scope share a group. Used for one request, by one thread;
/// its buffers are used again for each span, so that a span costs no objects.
final class SpanSink {

    static final int CHILD_OF = 0;
    static final int FOLLOWS_FROM = 1;

    // TracesData, ResourceSpans, Resource, ScopeSpans and InstrumentationScope
    private static final int DATA_RESOURCE_SPANS = 1;
    private static final int GROUP_RESOURCE = 1;
    private static final int GROUP_SCOPE_SPANS = 2;
    private static final int RESOURCE_ATTRIBUTES = 1;
    private static final int SCOPE_SPANS_SCOPE = 1;
    private static final int SCOPE_SPANS_SPANS = 2;
    private static final int SCOPE_NAME = 1;
    private static final int SCOPE_VERSION = 2;

    // Span, its Link and its Status
    private static final int TRACE_ID = 1;
    private static final int SPAN_ID = 2;
    private static final int TRACE_STATE = 3;
    private static final int PARENT_SPAN_ID = 4;
    private static final int NAME = 5;
    private static final int KIND = 6;
    private static final int START = 7;
    private static final int END = 8;
    private static final int ATTRIBUTES = 9;
    private static final int LINKS = 13;
    private static final int STATUS = 15;
    private static final int FLAGS = 16;
    private static final int LINK_TRACE_ID = 1;
    private static final int LINK_SPAN_ID = 2;
    private static final int LINK_ATTRIBUTES = 4;
    private static final int STATUS_MESSAGE = 2;
    private static final int STATUS_CODE = 3;

    private static final byte[] REF_TYPE = Names.ascii("opentracing.ref_type");
    private static final byte[] REF_CHILD_OF = Names.ascii("child_of");
    private static final byte[] REF_FOLLOWS_FROM = Names.ascii("follows_from");
    private static final byte[] SERVICE_NAME = Names.ascii("service.name");

    private final OtlpBuffer out;
    private final AttributeWriter batchTags;
    private final AttributeWriter ownTags;
    private final AttributeWriter tags;
    private final EventWriter events;
    private final long nowNanos;

    private final OtlpBuffer openResource;
    private final OtlpBuffer openScope;
    private final OtlpBuffer scope;
    private int group = -1;
    private int scopeGroup = -1;

    private boolean inSpan;
    private boolean ownProcess;
    private boolean hasTraceId;
    private boolean hasSpanId;
    private long traceHigh;
    private long traceLow;
    private long spanId;
    private long parentSpanId;
    private int flags;
    private long start;
    private long duration;
    private Slice name = Slice.EMPTY;
    private long[] references = new long[12];
    private int referenceCount;

    SpanSink(int expectedBytes, int maxBytes, long nowNanos) {
        this.nowNanos = nowNanos;
        out = new OtlpBuffer(expectedBytes, maxBytes);
        batchTags = new AttributeWriter(RESOURCE_ATTRIBUTES, maxBytes);
        ownTags = new AttributeWriter(RESOURCE_ATTRIBUTES, maxBytes);
        tags = new AttributeWriter(ATTRIBUTES, maxBytes);
        events = new EventWriter(maxBytes);
        openResource = new OtlpBuffer(256, maxBytes);
        openScope = new OtlpBuffer(64, maxBytes);
        scope = new OtlpBuffer(64, maxBytes);
    }

    /// Begins the process of the batch, or of the span that was begun.
    void beginProcess() {
        ownProcess = inSpan;
        process().clear();
    }

    void serviceName(byte[] bytes, int offset, int length) {
        if (length > 0) {
            process().text(SERVICE_NAME, bytes, offset, length);
        }
    }

    void processTag(Tag tag) {
        if (tag.isText() && tag.keyIs(Names.HOSTNAME)) {
            process().text(Names.HOST_NAME, tag.array(), tag.valueOffset(), tag.valueLength());
        } else {
            process().write(tag);
        }
    }

    private AttributeWriter process() {
        return inSpan ? ownTags : batchTags;
    }

    void beginSpan() {
        inSpan = true;
        ownProcess = false;
        hasTraceId = false;
        hasSpanId = false;
        traceHigh = 0;
        traceLow = 0;
        spanId = 0;
        parentSpanId = 0;
        flags = 0;
        start = 0;
        duration = 0;
        name = Slice.EMPTY;
        referenceCount = 0;
        tags.clear();
        events.clear();
    }

    /// An id that is not one leaves the span without, so that the splitter rejects exactly it.
    void traceId(boolean valid, long high, long low) {
        hasTraceId = valid;
        traceHigh = high;
        traceLow = low;
    }

    void spanId(boolean valid, long id) {
        hasSpanId = valid;
        spanId = id;
    }

    /// The parent where the format names it outside of the references; 0 for none.
    void parent(long id) {
        parentSpanId = id;
    }

    void reference(int type, long high, long low, long span) {
        if (4 * referenceCount == references.length) {
            references = Arrays.copyOf(references, 2 * references.length);
        }
        int at = 4 * referenceCount++;
        references[at] = type;
        references[at + 1] = high;
        references[at + 2] = low;
        references[at + 3] = span;
    }

    void flags(int value) {
        flags = value;
    }

    void name(byte[] bytes, int offset, int length) {
        name = Slice.of(bytes, offset, length);
    }

    void start(long nanos) {
        start = nanos;
    }

    void duration(long nanos) {
        duration = nanos;
    }

    void spanTag(Tag tag) {
        tags.spanTag(tag);
    }

    void warning(byte[] bytes, int offset, int length) {
        tags.warning(bytes, offset, length);
    }

    EventWriter events() {
        return events;
    }

    void endSpan() {
        inSpan = false;
        openGroups();
        int from = out.begin(SCOPE_SPANS_SPANS);
        if (hasTraceId) {
            out.id(TRACE_ID, traceHigh, traceLow);
        }
        if (hasSpanId) {
            out.id(SPAN_ID, spanId);
        }
        var state = tags.traceState();
        if (state.length() > 0) {
            out.bytes(TRACE_STATE, state.array(), state.offset(), state.length());
        }
        int parent = parentReference();
        if (parentSpanId != 0) {
            out.id(PARENT_SPAN_ID, parentSpanId);
        }
        if (name.length() > 0) {
            out.bytes(NAME, name.array(), name.offset(), name.length());
        }
        if (tags.kind() != 0) {
            out.number(KIND, tags.kind());
        }
        long startNanos = start == 0 ? nowNanos : start;
        out.fixed64(START, startNanos);
        out.fixed64(END, startNanos + duration);
        tags.flags(flags);
        tags.finish();
        out.append(tags.bytes());
        out.append(events.bytes());
        for (int i = 0; i < referenceCount; i++) {
            if (i != parent) {
                link(4 * i);
            }
        }
        status();
        if ((flags & 1) != 0) {
            out.fixed32(FLAGS, 1);
        }
        out.end(from);
    }

    Slice finish() {
        closeGroups();
        return out.finish();
    }

    // The reference that is told by the parent and needs no link: the first of the same trace that
    // is CHILD_OF, or the one that agrees with the parent named elsewhere. Without any, the first
    // FOLLOWS_FROM of the same trace is the parent, as Jaeger has it, and stays a link as well.
    private int parentReference() {
        for (int i = 0; i < referenceCount; i++) {
            int at = 4 * i;
            if (references[at] == CHILD_OF
                    && references[at + 1] == traceHigh
                    && references[at + 2] == traceLow
                    && (parentSpanId == 0 || references[at + 3] == parentSpanId)) {
                parentSpanId = references[at + 3];
                return i;
            }
        }
        for (int i = 0; i < referenceCount && parentSpanId == 0; i++) {
            int at = 4 * i;
            if (references[at + 1] == traceHigh && references[at + 2] == traceLow) {
                parentSpanId = references[at + 3];
            }
        }
        return -1;
    }

    private void link(int at) {
        int from = out.begin(LINKS);
        out.id(LINK_TRACE_ID, references[at + 1], references[at + 2]);
        out.id(LINK_SPAN_ID, references[at + 3]);
        AttributeWriter.text(
                out,
                LINK_ATTRIBUTES,
                REF_TYPE,
                references[at] == CHILD_OF ? REF_CHILD_OF : REF_FOLLOWS_FROM);
        out.end(from);
    }

    private void status() {
        int code = tags.statusCode();
        var message = tags.statusMessage();
        if (code != 0 || message.length() > 0) {
            int from = out.begin(STATUS);
            if (message.length() > 0) {
                out.bytes(STATUS_MESSAGE, message.array(), message.offset(), message.length());
            }
            if (code != 0) {
                out.number(STATUS_CODE, code);
            }
            out.end(from);
        }
    }

    private void openGroups() {
        var resource = (ownProcess ? ownTags : batchTags).bytes();
        scope.clear();
        var scopeName = tags.scopeName();
        if (scopeName.length() > 0) {
            scope.bytes(SCOPE_NAME, scopeName.array(), scopeName.offset(), scopeName.length());
        }
        var version = tags.scopeVersion();
        if (version.length() > 0) {
            scope.bytes(SCOPE_VERSION, version.array(), version.offset(), version.length());
        }
        if (group < 0 || !resource.sameAs(openResource)) {
            closeGroups();
            group = out.begin(DATA_RESOURCE_SPANS);
            openResource.clear();
            openResource.append(resource);
            int from = out.begin(GROUP_RESOURCE);
            out.append(resource);
            out.end(from);
        }
        if (scopeGroup < 0 || !scope.sameAs(openScope)) {
            closeScope();
            scopeGroup = out.begin(GROUP_SCOPE_SPANS);
            openScope.clear();
            openScope.append(scope);
            int from = out.begin(SCOPE_SPANS_SCOPE);
            out.append(scope);
            out.end(from);
        }
    }

    private void closeScope() {
        if (scopeGroup >= 0) {
            out.end(scopeGroup);
            scopeGroup = -1;
        }
    }

    private void closeGroups() {
        closeScope();
        if (group >= 0) {
            out.end(group);
            group = -1;
        }
    }
}
