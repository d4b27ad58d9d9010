package dev.millrace.model;

/// The 16 bytes that all spans of one trace share, never all zero.
///
/// Written as 32 lower-case hexadecimal digits, as W3C Trace Context has it.
public record TraceId(long high, long low) implements Comparable<TraceId> {

    public TraceId {
        if (high == 0 && low == 0) {
            throw new IllegalArgumentException(
                    "trace id: all zero (expected: at least one bit set)");
        }
    }

    /// Reads up to 32 hexadecimal digits of either case; shorter ones are padded with zeros on the
    /// left.
    ///
    /// @throws IllegalArgumentException for anything else, naming the text
    public static TraceId parse(String hex) {
        int length = hex.length();
        if (length == 0 || length > 32) {
            throw invalid(hex);
        }
        try {
            long high = length > 16 ? Long.parseUnsignedLong(hex, 0, length - 16, 16) : 0;
            long low = Long.parseUnsignedLong(hex, Math.max(0, length - 16), length, 16);
            if (hex.charAt(0) == '+' || (length > 16 && hex.charAt(length - 16) == '+')) {
                throw invalid(hex);
            }
            return new TraceId(high, low);
        } catch (NumberFormatException e) {
            throw invalid(hex);
        }
    }

    private static IllegalArgumentException invalid(String hex) {
        return new IllegalArgumentException(
                "trace id: \"" + hex + "\" (expected: 1 to 32 hexadecimal digits)");
    }

    /// The 32 lower-case hexadecimal digits.
    @Override
    public String toString() {
        return Hex.of(high) + Hex.of(low);
    }

    @Override
    public int compareTo(TraceId other) {
        int byHigh = Long.compareUnsigned(high, other.high);
        return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
    }
}
