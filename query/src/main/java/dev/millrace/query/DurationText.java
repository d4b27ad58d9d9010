package dev.millrace.query;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Pattern;

/// Durations as Go writes them: `1.5s`, `20ms`, `1h30m`. Days (`d`) and weeks (`w`) are understood
/// as well, because Jaeger's UI sends them.
final class DurationText {

    static final String EXPECTED = "a duration such as 1.5s, 20ms or 1h30m";

    private static final Pattern PART =
            Pattern.compile("(\\d{1,18}(?:\\.\\d{0,18})?|\\.\\d{1,18})(ns|us|µs|μs|ms|s|m|h|d|w)");
    private static final int LONGEST = 100;

    private DurationText() {}

    /// The duration in nanoseconds; empty when the text is none, negative or too long to count.
    static Optional<Long> parseNanos(String text) {
        if (text.equals("0")) {
            return Optional.of(0L);
        }
        if (text.isEmpty() || text.length() > LONGEST) {
            return Optional.empty();
        }
        var parts = PART.matcher(text);
        var sum = BigDecimal.ZERO;
        int end = 0;
        while (end < text.length() && parts.find(end) && parts.start() == end) {
            sum = sum.add(new BigDecimal(parts.group(1)).multiply(unitNanos(parts.group(2))));
            end = parts.end();
        }
        return end == text.length() && sum.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) <= 0
                ? Optional.of(sum.longValue())
                : Optional.empty();
    }

    /// The duration in the fewest units that tell it exactly.
    static String of(long nanos) {
        if (nanos < 0) {
            // The least long has no positive one; a nanosecond less of 292 years is near enough.
            return "-" + of(nanos == Long.MIN_VALUE ? Long.MAX_VALUE : -nanos);
        }
        if (nanos < 1_000) {
            return nanos == 0 ? "0s" : nanos + "ns";
        }
        if (nanos < 1_000_000) {
            return decimal(nanos, 3) + "µs";
        }
        if (nanos < 1_000_000_000) {
            return decimal(nanos, 6) + "ms";
        }
        long minutes = nanos / 60_000_000_000L;
        String seconds = decimal(nanos % 60_000_000_000L, 9) + "s";
        if (minutes == 0) {
            return seconds;
        }
        return minutes < 60
                ? minutes + "m" + seconds
                : minutes / 60 + "h" + minutes % 60 + "m" + seconds;
    }

    private static String decimal(long number, int places) {
        var decimal = BigDecimal.valueOf(number, places).stripTrailingZeros();
        return decimal.toPlainString();
    }

    private static BigDecimal unitNanos(String unit) {
        return BigDecimal.valueOf(
                switch (unit) {
                    case "ns" -> 1L;
                    case "ms" -> 1_000_000L;
                    case "s" -> 1_000_000_000L;
                    case "m" -> 60_000_000_000L;
                    case "h" -> 3_600_000_000_000L;
                    case "d" -> 86_400_000_000_000L;
                    case "w" -> 604_800_000_000_000L;
                    // The three spellings of a microsecond.
                    default -> 1_000L;
                });
    }
}
