package dev.millrace.wire.jaeger;

import dev.millrace.model.Slice;

/// Writes the logs of one span as OTLP events.
final class EventWriter {

    private static final int EVENTS = 11;
    private static final int TIME = 1;
    private static final int NAME = 2;
    private static final int ATTRIBUTES = 3;

    private final OtlpBuffer out;
    private final AttributeWriter attributes;
    private long time;
    private Slice event = Slice.EMPTY;
    private Slice message = Slice.EMPTY;

    EventWriter(int maxBytes) {
        out = new OtlpBuffer(256, maxBytes);
        attributes = new AttributeWriter(ATTRIBUTES, maxBytes);
    }

    void clear() {
        out.clear();
    }

    OtlpBuffer bytes() {
        return out;
    }

    void begin() {
        attributes.clear();
        time = 0;
        event = Slice.EMPTY;
        message = Slice.EMPTY;
    }

    void time(long nanos) {
        time = nanos;
    }

    void field(Tag tag) {
        if (tag.isText() && event.length() == 0 && tag.keyIs(Names.EVENT)) {
            event = AttributeWriter.value(tag);
        } else if (tag.isText() && message.length() == 0 && tag.keyIs(Names.MESSAGE)) {
            message = AttributeWriter.value(tag);
        } else {
            attributes.write(tag);
        }
    }

    void end() {
        var name = event.length() > 0 ? event : message;
        if (event.length() > 0 && message.length() > 0) {
            attributes.text(Names.MESSAGE, message.array(), message.offset(), message.length());
        }
        int from = out.begin(EVENTS);
        out.fixed64(TIME, time);
        if (name.length() > 0) {
            out.bytes(NAME, name.array(), name.offset(), name.length());
        }
        out.append(attributes.bytes());
        out.end(from);
    }
}
