package dev.millrace.wire.zipkin;

import dev.millrace.wire.otlp.MalformedSpansException;

/// Ids as Zipkin's texts have them: lower-case hexadecimal, without leading zeros if one likes.
final class Ids {

    private static final int MAX_TRACE_ID = 32;
    private static final int MAX_ID = 16;

    private Ids() {}

    static void traceId(SpanDraft span, long text) {
        int length = Texts.length(text);
        if (length == 0 || length > MAX_TRACE_ID) {
            throw badTraceId(span, text);
        }
        byte[] bytes = span.texts.array(text);
        int from = Texts.from(text);
        int highDigits = Math.max(0, length - MAX_ID);
        long high = hex(bytes, from, from + highDigits);
        long low = hex(bytes, from + highDigits, from + length);
        if ((high | low) == 0 || !isHex(bytes, from, from + length)) {
            throw badTraceId(span, text);
        }
        span.hasTraceId = true;
        span.traceIdHigh = high;
        span.traceIdLow = low;
    }

    /// An id of 64 bits; all zero only where that stands for none.
    static long spanId(SpanDraft span, String field, long text, boolean zeroAllowed) {
        int length = Texts.length(text);
        byte[] bytes = span.texts.array(text);
        int from = Texts.from(text);
        if (length == 0 || length > MAX_ID || !isHex(bytes, from, from + length)) {
            throw badId(span, field, text);
        }
        long id = hex(bytes, from, from + length);
        if (id == 0 && !zeroAllowed) {
            throw badId(span, field, text);
        }
        return id;
    }

    /// Refuses a span that has no ids.
    static void require(SpanDraft span) {
        if (!span.hasTraceId) {
            throw new MalformedSpansException("traceId: none (expected: one in each span)");
        }
        if (span.id == 0) {
            throw new MalformedSpansException("id: none (expected: one in each span)");
        }
    }

    private static MalformedSpansException badTraceId(SpanDraft span, long text) {
        return new MalformedSpansException(
                "traceId: "
                        + JsonCursor.shown(span.texts, text)
                        + " (expected: 1 to 32 lower-case hexadecimal digits, not all zero)");
    }

    private static MalformedSpansException badId(SpanDraft span, String field, long text) {
        return new MalformedSpansException(
                field
                        + ": "
                        + JsonCursor.shown(span.texts, text)
                        + " (expected: 1 to 16 lower-case hexadecimal digits, not all zero)");
    }

    private static boolean isHex(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            byte b = bytes[i];
            if (!((b >= '0' && b <= '9') || (b >= 'a' && b <= 'f'))) {
                return false;
            }
        }
        return true;
    }

    private static long hex(byte[] bytes, int from, int to) {
        long value = 0;
        for (int i = from; i < to; i++) {
            byte b = bytes[i];
            value = (value << 4) | ((b <= '9' ? b - '0' : b - 'a' + 10) & 0xf);
        }
        return value;
    }
}
