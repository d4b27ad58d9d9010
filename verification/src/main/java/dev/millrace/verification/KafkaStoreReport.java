package dev.millrace.verification;

import dev.millrace.load.Comparison;
import dev.millrace.load.LoadReport;
import dev.millrace.verification.LookupWatch.Asked;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// What became of questions to the store on Kafka while its instances and brokers died, and what it
/// held in the end.
///
/// @param title how it was set up
/// @param phases in their order
/// @param load what senders were told
/// @param acknowledgedSpans different spans among them
/// @param traces that were sent
/// @param stored by all instances, asked in turn, against what was sent
/// @param calls that the generator made
/// @param figures by each instance, differences from what the generator made
record KafkaStoreReport(
        String title,
        List<Phase> phases,
        LoadReport load,
        long acknowledgedSpans,
        int traces,
        Comparison stored,
        long calls,
        Map<String, List<String>> figures) {

    private static final int MOST_FAILURES_SHOWN = 5;
    private static final long TOGETHER_NANOS = 2_000_000_000L;

    /// A part of the run.
    ///
    /// @param balancedAfter from its beginning until every partition had its owner and its copies
    ///   again; empty when that was not within patience
    record Phase(
            String name, Duration lasted, Optional<Duration> balancedAfter, List<Asked> asked) {

        Phase {
            asked = List.copyOf(asked);
        }

        long failed() {
            return asked.stream().filter(one -> one.failure() != null).count();
        }

        /// The longest time from a failed question to the end of the last that failed within two
        /// seconds after another.
        Duration failing() {
            long longest = 0;
            long from = 0;
            long last = Long.MIN_VALUE;
            for (var one :
                    asked.stream()
                            .sorted((a, b) -> Long.compare(a.atNanos() - b.atNanos(), 0))
                            .toList()) {
                if (one.failure() == null) {
                    continue;
                }
                if (last == Long.MIN_VALUE || one.atNanos() - last > TOGETHER_NANOS) {
                    from = one.atNanos();
                }
                last =
                        Math.max(
                                last == Long.MIN_VALUE ? one.atNanos() : last,
                                one.atNanos() + one.took().toNanos());
                longest = Math.max(longest, last - from);
            }
            return Duration.ofNanos(longest);
        }

        long remarked() {
            return asked.stream().filter(one -> !one.remark().isEmpty()).count();
        }

        private Duration percentile(double share) {
            var sorted = asked.stream().map(Asked::took).sorted().toList();
            return sorted.isEmpty()
                    ? Duration.ZERO
                    : sorted.get((int) Math.min(sorted.size() - 1, share * sorted.size()));
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "| %s | %.1f | %,d | %,d | %.1f | %,d | %d / %,d | %s |",
                    name,
                    seconds(lasted),
                    asked.size(),
                    failed(),
                    seconds(failing()),
                    remarked(),
                    percentile(0.5).toMillis(),
                    percentile(0.99).toMillis(),
                    balancedAfter
                            .map(after -> String.format(Locale.ROOT, "%.1f", seconds(after)))
                            .orElse("never"));
        }

        /// Whether every question was answered as before, and all copies came back.
        boolean passes() {
            return failed() == 0 && !asked.isEmpty() && balancedAfter.isPresent();
        }

        /// Some of what failed, for whoever looks for the cause.
        String failures() {
            return asked.stream()
                    .filter(one -> one.failure() != null)
                    .limit(MOST_FAILURES_SHOWN)
                    .map(one ->
                            "  "
                                    + one.kind()
                                    + " of "
                                    + one.instance()
                                    + ": "
                                    + one.failure()
                                    + (one.remark().isEmpty() ? "" : " [" + one.remark() + "]")
                                    + "\n")
                    .collect(Collectors.joining());
        }
    }

    KafkaStoreReport {
        phases = List.copyOf(phases);
    }

    /// Whether no question failed, all came back, nothing is missing and all counts are true.
    boolean passes() {
        return phases.stream().allMatch(Phase::passes)
                && load.failed() == 0
                && load.rejected() == 0
                && acknowledgedSpans > 0
                && calls > 0
                && stored.isClean()
                && figures.values().stream().allMatch(List::isEmpty);
    }

    @Override
    public String toString() {
        var text = new StringBuilder();
        text.append(
                String.format(
                        Locale.ROOT,
                        """
                        ## %s

                        | what happened | lasted, s | asked | failed | failing, s | said to be behind | \
                        p50 / p99, ms | balanced after, s |
                        |-|--:|--:|--:|--:|--:|--:|--:|
                        """,
                        title));
        phases.forEach(phase -> text.append(phase).append('\n'));
        text.append(
                String.format(
                        Locale.ROOT,
                        """

                        | figure | value |
                        |-|--:|
                        | spans acknowledged | %,d |
                        | traces | %,d |
                        | requests sent again | %,d |
                        | calls made by the generator | %,d |
                        """,
                        acknowledgedSpans,
                        traces,
                        load.retries(),
                        calls));
        text.append("| spans, asked of the instances in turn | ").append(stored).append(" |\n");
        figures.forEach((name, differences) ->
                text.append("| calls by instance ")
                        .append(name)
                        .append(" | ")
                        .append(differences.isEmpty() ? "as made" : differences)
                        .append(" |\n"));
        return text.append('\n').toString();
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
