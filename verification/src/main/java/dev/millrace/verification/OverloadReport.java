package dev.millrace.verification;

import dev.millrace.load.Comparison;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/// What an overload did and what it left.
///
/// @param taken spans per second the throttled broker took while nothing else was asked of it
/// @param offered spans per second sent for the first time during the overload
/// @param acknowledged spans per second acknowledged during the overload
/// @param refusals answers that said no
/// @param unhinted those of them that did not say when to come back
/// @param rejected spans refused for good
/// @param acknowledgedSpans all that were acknowledged, before, during and after
/// @param stored what differs from the truth
/// @param normalP99 of requests at the same rate without a throttle
/// @param calmLimit what p99 may be in a calm second
/// @param calmAfter from the lifting of the throttle to the first of three seconds without a
///   refusal and with a p99 within the limit; empty if there were none
/// @param heapBefore bytes live in the collector after a collection, before the overload
/// @param heapMost the most during the overload
/// @param heapBound what was allowed
/// @param residentMost bytes of memory held by the collector at most
record OverloadReport(
        double taken,
        double offered,
        double acknowledged,
        long refusals,
        long unhinted,
        long rejected,
        long acknowledgedSpans,
        Comparison stored,
        Duration normalP99,
        Duration calmLimit,
        Optional<Duration> calmAfter,
        double heapBefore,
        double heapMost,
        double heapBound,
        double residentMost) {

    private static final double MEGABYTE = 1e6;

    boolean passes() {
        return stored.isClean()
                && acknowledgedSpans > 0
                && refusals > 0
                && unhinted == 0
                && rejected == 0
                && heapMost <= heapBound
                && calmAfter.isPresent();
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                """
                | figure | value |
                |---|--:|
                | spans/s the throttled broker takes | %,.0f |
                | spans/s offered | %,.0f, %.1f times as many |
                | spans/s acknowledged meanwhile | %,.0f |
                | answers that said no | %,d |
                | without a hint when to come back | %,d |
                | spans refused for good | %,d |
                | spans acknowledged in all | %,d |
                | stored | %s |
                | spans stored whose requests were given up | %,d |
                | request p99 before, ms | %.0f |
                | request p99 that counts as normal, ms | at most %.0f |
                | seconds from the end of the throttle to normal service | %s |
                | collector's live heap before, MB | %.0f |
                | collector's live heap at most, MB | %.0f, allowed %.0f |
                | collector's resident memory at most, MB | %.0f |
                """,
                taken,
                offered,
                offered / taken,
                acknowledged,
                refusals,
                unhinted,
                rejected,
                acknowledgedSpans,
                stored,
                stored.matched() - acknowledgedSpans,
                millis(normalP99),
                millis(calmLimit),
                calmAfter
                        .map(after -> String.format(Locale.ROOT, "%.1f", millis(after) / 1e3))
                        .orElse("never"),
                heapBefore / MEGABYTE,
                heapMost / MEGABYTE,
                heapBound / MEGABYTE,
                residentMost / MEGABYTE);
    }

    private static double millis(Duration duration) {
        return duration.toNanos() / 1e6;
    }
}
