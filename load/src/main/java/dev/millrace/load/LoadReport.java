package dev.millrace.load;

import java.time.Duration;
import java.util.Locale;

/// What a run came to.
///
/// @param sent spans of which at least one attempt was made; each is acknowledged, rejected or
///   failed
/// @param failed spans given up after the limit of retries, or without an answer at the end
/// @param retries requests sent again, counted each time
/// @param refusals answers that said no, for now or for good; one request may get many
/// @param unhinted those of them that did not say when to come back
/// @param bytes of acknowledged requests, before compression
/// @param elapsed from the start to the last answer
/// @param p50 from a request's first attempt to its answer
public record LoadReport(
        long sent,
        long acknowledged,
        long rejected,
        long failed,
        long retries,
        long refusals,
        long unhinted,
        long bytes,
        Duration elapsed,
        Duration p50,
        Duration p99,
        Duration max) {

    /// Acknowledged spans per second.
    public double spansPerSecond() {
        return acknowledged / seconds();
    }

    /// Acknowledged megabytes, of a million bytes, per second.
    public double megabytesPerSecond() {
        return bytes / 1e6 / seconds();
    }

    /// Whether every span was acknowledged.
    public boolean isComplete() {
        return acknowledged == sent;
    }

    private double seconds() {
        return Math.max(1, elapsed.toNanos()) / 1e9;
    }

    /// A few lines for people.
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                """
                sent          %,d spans in %.1f s
                acknowledged  %,d
                rejected      %,d
                failed        %,d
                retried       %,d requests
                refused       %,d times, %,d of them without a hint when to come back
                rate          %,.0f spans/s, %.1f MB/s
                latency       p50 %s, p99 %s, max %s\
                """,
                sent,
                seconds(),
                acknowledged,
                rejected,
                failed,
                retries,
                refusals,
                unhinted,
                spansPerSecond(),
                megabytesPerSecond(),
                LoadProgress.millis(p50),
                LoadProgress.millis(p99),
                LoadProgress.millis(max));
    }
}
