package dev.millrace.wire.zipkin;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.ProtoWriter;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// A link as the value of a tag: trace id, span id, trace state, attributes as JSON and the number
/// of dropped ones, with bars between.
record LinkText(Slice traceId, Slice spanId, String traceState, String json, long dropped) {

    private static final int MAX_DIGITS = 9;

    /// The link, or null when the text is not one.
    static @Nullable LinkText parse(String text) {
        int first = text.indexOf('|');
        int second = text.indexOf('|', first + 1);
        int third = text.indexOf('|', second + 1);
        int last = text.lastIndexOf('|');
        if (first != 32 || second != 49 || third < 0 || last <= third) {
            return null;
        }
        long dropped = count(text.substring(last + 1));
        String json = text.substring(third + 1, last);
        if (dropped < 0 || JsonAttributes.write(json, 1, 64 * json.length() + 64) == null) {
            return null;
        }
        try {
            return new LinkText(
                    Slice.of(HexFormat.of().parseHex(text, 0, first)),
                    Slice.of(HexFormat.of().parseHex(text, first + 1, second)),
                    text.substring(second + 1, third),
                    json,
                    dropped);
        } catch (IllegalArgumentException _) {
            return null;
        }
    }

    /// A count in decimal digits, or -1.
    static long count(@Nullable String text) {
        if (text == null || text.isEmpty() || text.length() > MAX_DIGITS) {
            return -1;
        }
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return -1;
            }
        }
        return Long.parseLong(text);
    }

    void write(ProtoWriter out, int maxBytes) {
        int opened = out.open(OtlpFields.LINKS);
        out.bytes(OtlpFields.LINK_TRACE_ID, traceId).bytes(OtlpFields.LINK_SPAN_ID, spanId);
        out.text(OtlpFields.LINK_TRACE_STATE, traceState);
        var attributes = JsonAttributes.write(json, OtlpFields.LINK_ATTRIBUTES, maxBytes);
        if (attributes != null) {
            out.raw(attributes.array(), attributes.offset(), attributes.length());
        }
        out.number(OtlpFields.LINK_DROPPED_ATTRIBUTES, dropped);
        out.close(opened);
    }
}
