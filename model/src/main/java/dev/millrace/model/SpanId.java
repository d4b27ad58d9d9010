package dev.millrace.model;

/// The 8 bytes that name a span within its trace, never all zero.
///
/// A client and a server half may share one, as Zipkin and Jaeger allow. Written as 16 lower-case
/// hexadecimal digits.
public record SpanId(long value) implements Comparable<SpanId> {

    public SpanId {
        if (value == 0) {
            throw new IllegalArgumentException(
                    "span id: all zero (expected: at least one bit set)");
        }
    }

    /// Reads up to 16 hexadecimal digits of either case.
    ///
    /// @throws IllegalArgumentException for anything else, naming the text
    public static SpanId parse(String hex) {
        try {
            if (hex.length() <= 16 && !hex.startsWith("+")) {
                return new SpanId(Long.parseUnsignedLong(hex, 16));
            }
        } catch (NumberFormatException e) {
            // Falls through to the one message for everything that is not an id.
        }
        throw new IllegalArgumentException(
                "span id: \"" + hex + "\" (expected: 1 to 16 hexadecimal digits, not all zero)");
    }

    /// The 16 lower-case hexadecimal digits.
    @Override
    public String toString() {
        return Hex.of(value);
    }

    @Override
    public int compareTo(SpanId other) {
        return Long.compareUnsigned(value, other.value);
    }
}
