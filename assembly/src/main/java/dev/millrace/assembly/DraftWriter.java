package dev.millrace.assembly;

import dev.millrace.enrichment.api.AttributesDraft;
import dev.millrace.enrichment.api.SpanDraft;
import dev.millrace.enrichment.api.TraceDraft;
import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.ProtoWriter;

/// Writes OTLP `TracesData` with the attributes that a draft of it has. What did not change is
/// copied as it is, and so are fields that the model does not know.
final class DraftWriter {

    // Numbers of the fields in OTLP's messages.
    private static final int RESOURCE_SPANS = 1;
    private static final int RESOURCE = 1;
    private static final int SCOPE_SPANS = 2;
    private static final int SCOPE = 1;
    private static final int SPANS = 2;
    private static final int RESOURCE_ATTRIBUTES = 1;
    private static final int SCOPE_ATTRIBUTES = 3;
    private static final int SPAN_ATTRIBUTES = 9;
    private static final int EVENTS = 11;
    private static final int EVENT_ATTRIBUTES = 3;
    private static final int LINKS = 13;
    private static final int LINK_ATTRIBUTES = 4;

    private final TraceDraft draft;
    private final ProtoWriter writer;
    private int nextSpan;

    private DraftWriter(TraceDraft draft, int expectedSize) {
        this.draft = draft;
        this.writer = new ProtoWriter(expectedSize);
    }

    /// @param body as it was sent: what the draft was made of, with a span in every group
    static Slice write(Slice body, TraceDraft draft) {
        var to = new DraftWriter(draft, body.length() + body.length() / 4);
        var from = new Fields(body);
        while (from.next()) {
            if (from.is(RESOURCE_SPANS)) {
                to.resourceSpans(from.value());
            } else {
                to.copy(from);
            }
        }
        return to.writer.finish();
    }

    /// The fields of a message, each with all of its bytes.
    private static final class Fields {
        private final ProtoReader reader;
        private final byte[] bytes;
        private int from;
        private int to;
        private int valueFrom;

        Fields(Slice message) {
            reader = ProtoReader.of(message);
            bytes = message.array();
            to = message.offset();
        }

        boolean next() {
            from = to;
            if (reader.next() == 0) {
                return false;
            }
            if (reader.wireType() == ProtoReader.LENGTH_DELIMITED) {
                int length = reader.lengthDelimited();
                valueFrom = reader.position() - length;
            } else {
                reader.skip();
            }
            to = reader.position();
            return true;
        }

        boolean is(int field) {
            return reader.field() == field && reader.wireType() == ProtoReader.LENGTH_DELIMITED;
        }

        Slice value() {
            return Slice.of(bytes, valueFrom, to - valueFrom);
        }
    }

    private void copy(Fields from) {
        writer.raw(from.bytes, from.from, from.to - from.from);
    }

    private void resourceSpans(Slice message) {
        var resource = draft.spans().get(nextSpan).resource();
        int opened = writer.open(RESOURCE_SPANS);
        if (resource.isChanged()) {
            head(message, RESOURCE, resource.attributes(), RESOURCE_ATTRIBUTES);
        }
        var from = new Fields(message);
        while (from.next()) {
            if (from.is(SCOPE_SPANS)) {
                scopeSpans(from.value());
            } else if (!from.is(RESOURCE) || !resource.isChanged()) {
                copy(from);
            }
        }
        writer.close(opened);
    }

    private void scopeSpans(Slice message) {
        var scope = draft.spans().get(nextSpan).scope();
        int opened = writer.open(SCOPE_SPANS);
        if (scope.isChanged()) {
            head(message, SCOPE, scope.attributes(), SCOPE_ATTRIBUTES);
        }
        var from = new Fields(message);
        while (from.next()) {
            if (from.is(SPANS)) {
                span(from.value(), draft.spans().get(nextSpan));
                nextSpan++;
            } else if (!from.is(SCOPE) || !scope.isChanged()) {
                copy(from);
            }
        }
        writer.close(opened);
    }

    /// Writes a resource or a scope; protobuf lets it come in several pieces, or not at all.
    private void head(Slice message, int field, AttributesDraft attributes, int attributesField) {
        int opened = writer.open(field);
        var from = new Fields(message);
        while (from.next()) {
            if (from.is(field)) {
                copyWithout(from.value(), attributesField);
            }
        }
        write(attributes, attributesField);
        writer.close(opened);
    }

    private void span(Slice message, SpanDraft span) {
        if (!span.isChanged()) {
            writer.bytes(SPANS, message);
            return;
        }
        boolean attributesChanged = span.attributes().isChanged();
        int event = 0;
        int link = 0;
        int opened = writer.open(SPANS);
        var from = new Fields(message);
        while (from.next()) {
            if (from.is(EVENTS)) {
                var attributes = span.events().get(event).attributes();
                event++;
                part(from, EVENTS, attributes, EVENT_ATTRIBUTES);
            } else if (from.is(LINKS)) {
                var attributes = span.links().get(link).attributes();
                link++;
                part(from, LINKS, attributes, LINK_ATTRIBUTES);
            } else if (!from.is(SPAN_ATTRIBUTES) || !attributesChanged) {
                copy(from);
            }
        }
        if (attributesChanged) {
            write(span.attributes(), SPAN_ATTRIBUTES);
        }
        writer.close(opened);
    }

    private void part(Fields from, int field, AttributesDraft attributes, int attributesField) {
        if (!attributes.isChanged()) {
            copy(from);
            return;
        }
        int opened = writer.open(field);
        copyWithout(from.value(), attributesField);
        write(attributes, attributesField);
        writer.close(opened);
    }

    private void copyWithout(Slice message, int field) {
        var from = new Fields(message);
        while (from.next()) {
            if (!from.is(field)) {
                copy(from);
            }
        }
    }

    private void write(AttributesDraft attributes, int field) {
        for (var attribute : attributes.now()) {
            writer.bytes(field, OtlpEncoder.attribute(attribute));
        }
    }
}
