package dev.millrace.assembly;

import dev.millrace.model.ByteSize;
import java.time.Duration;

/// How spans become traces. All times are in the time of the log.
///
/// @param quietPeriod how long a trace may receive no span before it is complete
/// @param maxAge how long a trace may stay open at most, however often spans arrive
/// @param lateWindow how long after its completion a trace's verdict is remembered; longer than
///   `maxAge` and `quietPeriod` together, because a replay rests on it
/// @param lateWindowTraces how many traces are remembered at most per partition; beyond that the
///   oldest are forgotten before their time, and counted
/// @param maxPartBytes the size at which a trace is cut into parts
/// @param maxPartSpans the span count at which a trace is cut into parts
/// @param enrichment what complete traces go through before they are judged
public record AssemblyConfig(
        Duration quietPeriod,
        Duration maxAge,
        Duration lateWindow,
        int lateWindowTraces,
        ByteSize maxPartBytes,
        int maxPartSpans,
        Enrichment enrichment) {

    public static final AssemblyConfig DEFAULT =
            new AssemblyConfig(
                    Duration.ofSeconds(10),
                    Duration.ofMinutes(5),
                    Duration.ofMinutes(10),
                    4_000_000,
                    ByteSize.ofMebibytes(4),
                    10_000);

    /// Without enrichment.
    public AssemblyConfig(
            Duration quietPeriod,
            Duration maxAge,
            Duration lateWindow,
            int lateWindowTraces,
            ByteSize maxPartBytes,
            int maxPartSpans) {
        this(
                quietPeriod,
                maxAge,
                lateWindow,
                lateWindowTraces,
                maxPartBytes,
                maxPartSpans,
                Enrichment.NONE);
    }

    /// The same with another enrichment.
    public AssemblyConfig with(Enrichment other) {
        return new AssemblyConfig(
                quietPeriod,
                maxAge,
                lateWindow,
                lateWindowTraces,
                maxPartBytes,
                maxPartSpans,
                other);
    }

    public AssemblyConfig {
        if (quietPeriod.toMillis() < 1) {
            throw new IllegalArgumentException(
                    "quiet-period: " + quietPeriod + " (expected: at least 1 ms)");
        }
        if (maxAge.compareTo(quietPeriod) < 0) {
            throw new IllegalArgumentException(
                    "max-age: "
                            + maxAge
                            + " (expected: at least the quiet period, "
                            + quietPeriod
                            + ")");
        }
        if (lateWindow.compareTo(maxAge.plus(quietPeriod)) < 0) {
            throw new IllegalArgumentException(
                    "late-window: "
                            + lateWindow
                            + " (expected: at least max-age and quiet-period together, "
                            + maxAge.plus(quietPeriod)
                            + ")");
        }
        if (lateWindowTraces < 1000) {
            throw new IllegalArgumentException(
                    "late-window-traces: " + lateWindowTraces + " (expected: at least 1000)");
        }
        if (maxPartBytes.bytes() < 1024 || maxPartBytes.bytes() > 4 << 20) {
            throw new IllegalArgumentException(
                    "max-part-bytes: " + maxPartBytes + " (expected: 1KiB to 4MiB)");
        }
        if (maxPartSpans < 1) {
            throw new IllegalArgumentException(
                    "max-part-spans: " + maxPartSpans + " (expected: at least 1)");
        }
    }
}
