package dev.millrace.wire.otlp;

/// What spans may look like to be taken in as they are.
///
/// @param maxPastNanos how far before now a span may start, nanoseconds
/// @param maxFutureNanos how far after now a span may start, nanoseconds
/// @param maxAttributeBytes the length at which the text or bytes of one attribute are cut
/// @param maxAttributes how many attributes a span, event, link, resource or scope may have; those
///   after them are dropped
/// @param maxDepth how deep the values of an attribute may be nested, 1 for none at all; what is
///   deeper is left out
/// @param maxRequestSpans how many spans a request may hold; it is refused with more
public record SpanLimits(
        long maxPastNanos,
        long maxFutureNanos,
        int maxAttributeBytes,
        int maxAttributes,
        int maxDepth,
        int maxRequestSpans) {

    /// Of what is limited by number.
    private static final int DEFAULT_ATTRIBUTES = 1_024;

    private static final int DEFAULT_DEPTH = 16;
    private static final int DEFAULT_REQUEST_SPANS = 100_000;

    public SpanLimits {
        check("max past", maxPastNanos, 0, Long.MAX_VALUE);
        check("max future", maxFutureNanos, 0, Long.MAX_VALUE);
        check("max attribute bytes", maxAttributeBytes, 1, Integer.MAX_VALUE);
        check("max attributes", maxAttributes, 1, Integer.MAX_VALUE);
        check("max depth", maxDepth, 1, MessageCheck.MAX_DEPTH);
        check("max request spans", maxRequestSpans, 1, Integer.MAX_VALUE);
    }

    /// With 1,024 attributes, nested 16 deep, and 100,000 spans in a request.
    public SpanLimits(long maxPastNanos, long maxFutureNanos, int maxAttributeBytes) {
        this(
                maxPastNanos,
                maxFutureNanos,
                maxAttributeBytes,
                DEFAULT_ATTRIBUTES,
                DEFAULT_DEPTH,
                DEFAULT_REQUEST_SPANS);
    }

    private static void check(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    name
                            + ": "
                            + value
                            + " (expected: "
                            + (most >= Integer.MAX_VALUE
                                    ? "at least " + least
                                    : least + " to " + most)
                            + ")");
        }
    }
}
