package dev.millrace.load;

import java.time.Duration;
import java.util.Locale;

/// How far a run has come.
///
/// Counts are of spans since the start, but for `retries`, which are requests sent again, and
/// `refusals` and `unhinted`, which are answers.
///
/// @param sent handed to the sender
/// @param rejected refused for good
/// @param failed given up after the limit of retries
/// @param refusals answers that said no, for now or for good
/// @param unhinted those of them that did not say when to come back
/// @param spansPerSecond acknowledged since the last progress
/// @param p50 from first attempt to answer, of the requests answered since the last progress
/// @param p99 likewise
public record LoadProgress(
        Duration elapsed,
        long sent,
        long acknowledged,
        long rejected,
        long failed,
        long retries,
        long refusals,
        long unhinted,
        double spansPerSecond,
        Duration p50,
        Duration p99) {

    /// One line for people.
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%d s  sent %,d  acknowledged %,d  rejected %,d  failed %,d  retried %,d"
                        + "  %,.0f spans/s  p50 %s  p99 %s",
                elapsed.toSeconds(),
                sent,
                acknowledged,
                rejected,
                failed,
                retries,
                spansPerSecond,
                millis(p50),
                millis(p99));
    }

    static String millis(Duration duration) {
        return String.format(Locale.ROOT, "%.1f ms", duration.toNanos() / 1e6);
    }
}
