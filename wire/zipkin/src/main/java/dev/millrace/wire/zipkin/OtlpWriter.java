package dev.millrace.wire.zipkin;

import static dev.millrace.wire.zipkin.OtlpFields.*;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.ProtoWriter;
import dev.millrace.wire.zipkin.SpanDraft.TagType;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Writes spans as OTLP by OpenTelemetry's mapping, those of one service and scope that follow each
/// other into one group.
final class OtlpWriter {

    private static final byte[] SERVICE_NAME = ascii("service.name");
    private static final byte[] HOST_IP = ascii("net.host.ip");
    private static final byte[] HOST_PORT = ascii("net.host.port");
    private static final byte[] PEER_SERVICE = ascii("peer.service");
    private static final byte[] PEER_IP = ascii("net.peer.ip");
    private static final byte[] PEER_PORT = ascii("net.peer.port");
    private static final byte[] SHARED = ascii("zipkin.shared");
    private static final byte[] DEBUG = ascii("zipkin.debug");
    private static final byte[] START_ABSENT = ascii("otel.zipkin.absentField.startTime");

    private static final long MAX_MICROS = Long.MAX_VALUE / 1_000;
    private static final int EXPECTED_GROWTH = 1_024;

    private final SpanDraft span;
    private final Texts texts;
    private final long nowNanos;
    private final int maxBytes;
    private final ProtoWriter out;
    private final SpecialTags special;

    private boolean grouped;
    private int resource;
    private int scope;
    private Slice service = Slice.EMPTY;
    private Slice scopeName = Slice.EMPTY;
    private Slice scopeVersion = Slice.EMPTY;

    OtlpWriter(SpanDraft span, int expectedBytes, int maxBytes, long nowNanos) {
        this.span = span;
        this.texts = span.texts;
        this.nowNanos = nowNanos;
        this.maxBytes = maxBytes;
        this.out =
                new ProtoWriter(
                        (int) Math.min(expectedBytes + (long) EXPECTED_GROWTH, maxBytes), maxBytes);
        this.special = new SpecialTags(span);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    Slice finish() {
        closeGroup();
        return out.finish();
    }

    /// Writes the span as drafted.
    void write() {
        special.sort();
        group();
        int opened = out.open(SPANS);
        out.header(TRACE_ID, 16).rawLong(span.traceIdHigh).rawLong(span.traceIdLow);
        out.header(SPAN_ID, 8).rawLong(span.id);
        text(TRACE_STATE, special.traceState);
        if (span.parentId != 0 && span.parentId != span.id) {
            out.header(PARENT_SPAN_ID, 8).rawLong(span.parentId);
        }
        text(NAME, span.name);
        out.number(KIND, special.kind());
        boolean absent = span.timestamp <= 0;
        long start = absent ? firstMoment() : nanos(span.timestamp);
        out.fixed64(START, start);
        long duration = nanos(Math.max(0, span.duration));
        out.fixed64(END, start + Math.min(duration, Long.MAX_VALUE - start));
        attributes(absent);
        out.number(DROPPED_ATTRIBUTES, special.droppedAttributes);
        for (int i = 0; i < span.annotations; i++) {
            event(span.annotationTimes[i], span.annotationValues[i]);
        }
        out.number(DROPPED_EVENTS, special.droppedEvents);
        for (var link : special.links) {
            link.write(out, maxBytes);
        }
        out.number(DROPPED_LINKS, special.droppedLinks);
        status();
        out.close(opened);
    }

    private void group() {
        boolean sameService = same(service, span.local.service);
        boolean sameScope =
                same(scopeName, special.scopeName) && same(scopeVersion, special.scopeVersion);
        if (grouped && sameService && sameScope) {
            return;
        }
        if (grouped && sameService) {
            out.close(scope);
        } else {
            closeGroup();
            service = copy(span.local.service);
            resource = out.open(RESOURCE_SPANS);
            int header = out.open(RESOURCE);
            if (service.length() > 0) {
                attribute(RESOURCE_ATTRIBUTES, SERVICE_NAME, span.local.service);
            }
            out.close(header);
        }
        scope = out.open(SCOPE_SPANS);
        scopeName = copy(special.scopeName);
        scopeVersion = copy(special.scopeVersion);
        if (scopeName.length() + scopeVersion.length() > 0) {
            int header = out.open(SCOPE);
            text(SCOPE_NAME, special.scopeName);
            text(SCOPE_VERSION, special.scopeVersion);
            out.close(header);
        }
        grouped = true;
    }

    private void closeGroup() {
        if (grouped) {
            out.close(scope);
            out.close(resource);
        }
    }

    private boolean same(Slice known, long text) {
        int from = Texts.from(text);
        return known.length() == Texts.length(text)
                && Arrays.equals(
                        known.array(),
                        known.offset(),
                        known.offset() + known.length(),
                        texts.array(text),
                        from,
                        from + Texts.length(text));
    }

    private Slice copy(long text) {
        int from = Texts.from(text);
        return Slice.of(Arrays.copyOfRange(texts.array(text), from, from + Texts.length(text)));
    }

    private long firstMoment() {
        long first = Long.MAX_VALUE;
        for (int i = 0; i < span.annotations; i++) {
            if (span.annotationTimes[i] > 0) {
                first = Math.min(first, span.annotationTimes[i]);
            }
        }
        return first == Long.MAX_VALUE ? nowNanos : nanos(first);
    }

    private static long nanos(long micros) {
        return micros > MAX_MICROS ? Long.MAX_VALUE : micros * 1_000;
    }

    private void attributes(boolean startAbsent) {
        for (int i = 0; i < span.tags; i++) {
            long key = span.tagKeys[i];
            if (key != SpecialTags.TAKEN) {
                tag(key, span.tagTypes[i], span.tagValues[i]);
            }
        }
        textUnlessTagged(HOST_IP, span.local.ip(), SpecialTags.HOST_IP);
        portUnlessTagged(HOST_PORT, span.local.port, SpecialTags.HOST_PORT);
        textUnlessTagged(PEER_SERVICE, span.remote.service, SpecialTags.PEER_SERVICE);
        textUnlessTagged(PEER_IP, span.remote.ip(), SpecialTags.PEER_IP);
        portUnlessTagged(PEER_PORT, span.remote.port, SpecialTags.PEER_PORT);
        if (span.shared && !special.has(SpecialTags.SHARED)) {
            flag(SHARED);
        }
        if (span.debug && !special.has(SpecialTags.DEBUG)) {
            flag(DEBUG);
        }
        if (startAbsent && !special.has(SpecialTags.START_ABSENT)) {
            flag(START_ABSENT);
        }
    }

    private void tag(long key, TagType type, long value) {
        if (type == TagType.TEXT) {
            out.attribute(
                    ATTRIBUTES,
                    texts.array(key),
                    Texts.from(key),
                    Texts.length(key),
                    texts.array(value),
                    Texts.from(value),
                    Texts.length(value));
            return;
        }
        int opened = out.open(ATTRIBUTES);
        text(KEY, key);
        int any = out.open(VALUE);
        switch (type) {
            case TEXT -> text(TEXT_VALUE, value);
            case BOOL -> out.chosen(BOOL_VALUE, value);
            case INT -> out.chosen(INT_VALUE, value);
            case REAL -> out.fixed64(REAL_VALUE, value);
        }
        out.close(any);
        out.close(opened);
    }

    private void textUnlessTagged(byte[] key, long value, int kind) {
        if (Texts.length(value) > 0 && !special.has(kind)) {
            attribute(ATTRIBUTES, key, value);
        }
    }

    private void portUnlessTagged(byte[] key, int port, int kind) {
        if (port > 0 && !special.has(kind)) {
            number(key, INT_VALUE, port);
        }
    }

    private void flag(byte[] key) {
        number(key, BOOL_VALUE, 1);
    }

    private void number(byte[] key, int field, long value) {
        int opened = out.open(ATTRIBUTES);
        out.bytes(KEY, Slice.of(key));
        int any = out.open(VALUE);
        out.chosen(field, value);
        out.close(any);
        out.close(opened);
    }

    private void attribute(int field, byte[] key, long value) {
        out.attribute(
                field,
                key,
                0,
                key.length,
                texts.array(value),
                Texts.from(value),
                Texts.length(value));
    }

    private void text(int field, long text) {
        int length = Texts.length(text);
        if (length > 0) {
            out.header(field, length).raw(texts.array(text), Texts.from(text), length);
        }
    }

    private void event(long time, long value) {
        int opened = out.open(EVENTS);
        out.fixed64(EVENT_TIME, nanos(Math.max(0, time)));
        var rich = AnnotationText.parse(texts, value, maxBytes);
        if (rich == null) {
            text(EVENT_NAME, value);
        } else {
            out.text(EVENT_NAME, rich.name());
            out.raw(
                    rich.attributes().array(),
                    rich.attributes().offset(),
                    rich.attributes().length());
            out.number(EVENT_DROPPED_ATTRIBUTES, rich.dropped());
        }
        out.close(opened);
    }

    private void status() {
        if (special.statusCode != STATUS_UNSET) {
            int opened = out.open(STATUS);
            text(STATUS_MESSAGE, special.statusMessage);
            out.number(STATUS_CODE, special.statusCode);
            out.close(opened);
        }
    }
}
