package dev.millrace.wire.otlp;

/// What a span may look like to be taken in.
///
/// @param maxPastNanos how far before now a span may start, nanoseconds
/// @param maxFutureNanos how far after now a span may start, nanoseconds
/// @param maxAttributeBytes the length at which the text or bytes of one attribute are cut
public record SpanLimits(long maxPastNanos, long maxFutureNanos, int maxAttributeBytes) {

    public SpanLimits {
        if (maxPastNanos < 0) {
            throw invalid("max past", maxPastNanos, 0);
        }
        if (maxFutureNanos < 0) {
            throw invalid("max future", maxFutureNanos, 0);
        }
        if (maxAttributeBytes < 1) {
            throw invalid("max attribute bytes", maxAttributeBytes, 1);
        }
    }

    private static IllegalArgumentException invalid(String name, long value, int least) {
        return new IllegalArgumentException(
                name + ": " + value + " (expected: at least " + least + ")");
    }
}
