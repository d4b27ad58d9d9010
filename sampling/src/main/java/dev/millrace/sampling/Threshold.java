package dev.millrace.sampling;

import java.nio.charset.StandardCharsets;

/// OpenTelemetry's rejection threshold: of the 2^56 possible randomness values, how many are
/// dropped.
///
/// A trace is kept when its randomness is not below the threshold, so that of two thresholds the
/// higher keeps a part of what the lower keeps.
///
/// @param value 0 keeps everything, 2^56 keeps nothing
public record Threshold(long value) implements Comparable<Threshold> {

    /// How many randomness values there are.
    static final long RANGE = 1L << 56;

    /// Keeps everything.
    public static final Threshold ALWAYS = new Threshold(0);

    /// Keeps nothing. It has no written form, because no span exists that could carry it.
    public static final Threshold NEVER = new Threshold(RANGE);

    private static final int DIGITS = 14;
    // Of the probability, so that 1 % is fd70a4 and tracestate stays short.
    private static final int SIGNIFICANT_DIGITS = 5;

    public Threshold {
        if (value < 0 || value > RANGE) {
            throw new IllegalArgumentException(
                    "threshold: " + value + " (expected: 0 to " + RANGE + ")");
        }
    }

    /// The threshold that keeps this share, rounded to five significant hexadecimal digits.
    public static Threshold ofProbability(double probability) {
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException(
                    "probability: " + probability + " (expected: 0 to 1)");
        }
        return new Threshold(valueOf(probability));
    }

    /// What [#ofProbability] holds, without an object.
    static long valueOf(double probability) {
        long kept = (long) (probability * RANGE);
        if (kept == 0) {
            return RANGE;
        }
        int leadingZeros = (Long.numberOfLeadingZeros(kept) - 8) / 4;
        int dropped = 4 * Math.max(0, DIGITS - SIGNIFICANT_DIGITS - leadingZeros);
        long half = dropped == 0 ? 0 : 1L << (dropped - 1);
        long rounded = ((RANGE - kept + half) >>> dropped) << dropped;
        return rounded >= RANGE ? RANGE - kept : rounded;
    }

    /// Reads the value of `th`: 1 to 14 lower-case hexadecimal digits.
    ///
    /// @throws IllegalArgumentException for anything else, naming the text
    public static Threshold parse(String hex) {
        byte[] ascii = hex.getBytes(StandardCharsets.UTF_8);
        long value = parse(ascii, 0, ascii.length);
        if (value < 0) {
            throw new IllegalArgumentException(
                    "th: \"" + hex + "\" (expected: 1 to 14 lower-case hexadecimal digits)");
        }
        return new Threshold(value);
    }

    /// The value of the digits between two positions; -1 when they are not a threshold.
    static long parse(byte[] bytes, int from, int to) {
        int length = to - from;
        if (length < 1 || length > DIGITS) {
            return -1;
        }
        long digits = digits(bytes, from, to);
        return digits < 0 ? -1 : digits << (4 * (DIGITS - length));
    }

    /// Reads up to 14 lower-case hexadecimal digits; -1 when there is anything else among them.
    static long digits(byte[] bytes, int from, int to) {
        long value = 0;
        for (int i = from; i < to; i++) {
            int c = bytes[i];
            int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
            if (digit < 0) {
                return -1;
            }
            value = value << 4 | digit;
        }
        return value;
    }

    /// Whether a trace with this randomness is kept.
    public boolean keeps(long randomness) {
        return randomness >= value;
    }

    /// The higher of two: what is left after both.
    public Threshold max(Threshold other) {
        return value >= other.value ? this : other;
    }

    /// The share that is kept.
    public double probability() {
        return (double) (RANGE - value) / RANGE;
    }

    /// How many traces a kept one stands for, itself included; infinite for [#NEVER].
    public double adjustedCount() {
        return (double) RANGE / (RANGE - value);
    }

    @Override
    public int compareTo(Threshold other) {
        return Long.compare(value, other.value);
    }

    /// The value of `th`: hexadecimal digits without trailing zeros, at least one.
    ///
    /// @throws IllegalStateException for [#NEVER]
    public String text() {
        return text(value);
    }

    static String text(long value) {
        if (value == RANGE) {
            throw new IllegalStateException(
                    "threshold: never (expected: one that keeps something)");
        }
        if (value == 0) {
            return "0";
        }
        int dropped = Long.numberOfTrailingZeros(value) / 4;
        String digits = Long.toHexString(RANGE | value);
        return digits.substring(1, digits.length() - dropped);
    }

    @Override
    public String toString() {
        return value == RANGE ? "never" : "th:" + text();
    }
}
