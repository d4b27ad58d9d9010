package dev.millrace.verification;

import dev.millrace.load.Comparison;
import dev.millrace.verification.LinkRun.Setup;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What became of spans that were sent at edge sites while the links to the center were bad, and
/// how far behind the center was.
///
/// @param steps in their order
record LinkReport(Setup setup, List<Step> steps, Ending ending) {

    private static final int MOST_SHOWN = 10;

    /// Something that was done, and the time until the mirror had caught up with it.
    ///
    /// @param lasted until it was undone
    /// @param acknowledged spans at all sites, until it had caught up
    /// @param bytesBad over all links, until it was undone
    /// @param bytesAfter over all links, from then on
    /// @param mostBehind the longest time from the last record at the center to the last at its
    ///   site
    /// @param caughtUp from its undoing on; empty when that was not within patience
    record Step(
            String name,
            Duration lasted,
            long acknowledged,
            long bytesBad,
            long bytesAfter,
            Duration mostBehind,
            Optional<Duration> caughtUp) {

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "| %s | %.1f | %,d | %.1f | %s | %.1f | %s |",
                    name,
                    seconds(lasted),
                    acknowledged,
                    bytesBad / 1e3 / seconds(lasted),
                    caughtUp.map(after ->
                                    String.format(
                                            Locale.ROOT, "%.1f", bytesAfter / 1e3 / seconds(after)))
                            .orElse("-"),
                    seconds(mostBehind),
                    caughtUp.map(after -> String.format(Locale.ROOT, "%.1f", seconds(after)))
                            .orElse("never"));
        }
    }

    /// What was there when all was over.
    ///
    /// @param acknowledgedSpans different spans that sites have taken
    /// @param stored at the center, against what each site has acknowledged
    /// @param mirrorDifferences between a site's log and its copy, record by record
    /// @param crossing traces with spans at two sites
    /// @param crossingIncomplete those of them that are not whole at the center
    /// @param decisions of the center
    /// @param torn traces that were decided about in several pieces
    /// @param audit what does not close in the center's books
    /// @param bytes over all links
    /// @param tasksDead tasks of MirrorMaker that gave up
    /// @param took from the end of the load until all was stored
    record Ending(
            long acknowledgedSpans,
            Map<String, Comparison> stored,
            List<String> mirrorDifferences,
            int crossing,
            int crossingIncomplete,
            int decisions,
            List<String> torn,
            String audit,
            long bytes,
            long tasksDead,
            Duration took) {

        Ending {
            stored = new TreeMap<>(stored);
            mirrorDifferences = List.copyOf(mirrorDifferences);
            torn = List.copyOf(torn);
        }
    }

    LinkReport {
        steps = List.copyOf(steps);
    }

    /// Whether all that was taken is at the center, once, no trace torn, and the mirror always
    /// caught up.
    boolean passes() {
        return steps.stream().allMatch(step -> step.caughtUp().isPresent())
                && ending.acknowledgedSpans() > 0
                && ending.stored().values().stream().allMatch(Comparison::isClean)
                && ending.mirrorDifferences().isEmpty()
                && ending.crossingIncomplete() == 0
                && (setup.sites().size() == 1 || ending.crossing() > 0)
                && ending.torn().isEmpty()
                && ending.audit().isEmpty();
    }

    /// The heads of the columns that a [Step] fills.
    static String stepHeads() {
        return """
        | what was done | lasted, s | spans acknowledged | link then, kB/s | link after, kB/s | most behind, s | caught up after, s |
        |-|--:|--:|--:|--:|--:|--:|
        """;
    }

    /// What the end was like; the steps are printed as they pass.
    @Override
    public String toString() {
        var text = new StringBuilder();
        text.append(
                String.format(
                        Locale.ROOT,
                        """

                        | figure | value |
                        |-|--:|
                        | seed | %d |
                        | spans acknowledged at the sites | %,d |
                        | bytes over the links, a span | %.1f |
                        | decisions at the center | %,d |
                        | traces torn | %d %s |
                        | records that differ in the mirror | %s |
                        | traces across sites, not whole | %,d, %,d |
                        | MirrorMaker's tasks that gave up | %d |
                        | all stored after the end of the load | %.1f s |
                        """,
                        setup.seed(),
                        ending.acknowledgedSpans(),
                        ending.bytes() / (double) Math.max(1, ending.acknowledgedSpans()),
                        ending.decisions(),
                        ending.torn().size(),
                        some(ending.torn()),
                        ending.mirrorDifferences().isEmpty()
                                ? "none"
                                : some(ending.mirrorDifferences()),
                        ending.crossing(),
                        ending.crossingIncomplete(),
                        ending.tasksDead(),
                        seconds(ending.took())));
        ending.stored()
                .forEach((site, comparison) ->
                        text.append("| stored of ")
                                .append(site)
                                .append(" | ")
                                .append(comparison)
                                .append(" |\n"));
        text.append("| audit at the center | ")
                .append(ending.audit().isEmpty() ? "closes, nothing pending" : "DOES NOT CLOSE")
                .append(" |\n");
        return text.append(ending.audit()).append('\n').toString();
    }

    private static String some(List<String> examples) {
        return examples.isEmpty()
                ? ""
                : examples.subList(0, Math.min(MOST_SHOWN, examples.size())).toString();
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
