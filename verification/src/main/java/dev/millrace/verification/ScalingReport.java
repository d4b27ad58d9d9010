package dev.millrace.verification;

import dev.millrace.load.Comparison;
import dev.millrace.load.LoadReport;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/// What became of a burst and of the number of processes meanwhile.
///
/// @param server where spans are stored
/// @param rate of the usual traffic, spans per second
/// @param factor how many times that the burst is
/// @param capacity how many times that one process can read
/// @param burstFrom since the beginning of the moments
/// @param burstTo since the beginning of the moments
/// @param loads what senders were told
/// @param roles those whose number follows their lag
/// @param acknowledged different spans
/// @param documents of spans in the server
/// @param stored every document in the server, against what was sent, lane by lane
/// @param unsent traces in the server that nobody sent
/// @param deadLetters records among them
/// @param audit what the books say; empty when they close with nothing pending
record ScalingReport(
        String server,
        long rate,
        int factor,
        double capacity,
        Duration burstFrom,
        Duration burstTo,
        List<Moment> moments,
        List<LoadReport> loads,
        List<Role> roles,
        long acknowledged,
        long documents,
        List<Comparison> stored,
        long unsent,
        long deadLetters,
        String audit) {

    ScalingReport {
        moments = List.copyOf(moments);
        loads = List.copyOf(loads);
        roles = List.copyOf(roles);
        stored = List.copyOf(stored);
    }

    /// How it stood at a moment.
    ///
    /// @param at since the beginning
    /// @param spansPerSecond acknowledged in the seconds before
    /// @param states of the roles
    record Moment(Duration at, double spansPerSecond, List<State> states) {

        Moment {
            states = List.copyOf(states);
        }

        /// @param lag records, by position, asked of Kafka
        /// @param wanted processes
        /// @param running those that are ready
        record State(long lag, int wanted, int running) {

            private String cells() {
                String processes = wanted == running ? "" + running : running + " → " + wanted;
                return String.format(Locale.ROOT, " %,d | %s |", lag, processes);
            }
        }

        @Override
        public String toString() {
            var row = new StringBuilder();
            row.append(
                    String.format(Locale.ROOT, "| %d | %,.0f |", at.toSeconds(), spansPerSecond));
            states.forEach(state -> row.append(state.cells()));
            return row.toString();
        }
    }

    /// A role whose number follows its lag, and what it came to.
    ///
    /// @param capacity bytes a second that a process can read
    /// @param most processes at a time
    /// @param lagMost records, by position
    /// @param lagInTheEnd the same, asked of Kafka
    /// @param exportedInTheEnd the same, as its metrics say
    /// @param inTheEnd processes
    record Role(
            String name,
            ScalingRule rule,
            double capacity,
            int most,
            int started,
            int stopped,
            long lagMost,
            long lagInTheEnd,
            long exportedInTheEnd,
            int inTheEnd) {

        private boolean wentUpAndDown() {
            return most == rule.most()
                    && inTheEnd == rule.least()
                    && lagInTheEnd == 0
                    && exportedInTheEnd == 0;
        }
    }

    boolean passes() {
        return acknowledged > 0
                && acknowledged == documents
                && stored.stream().allMatch(Comparison::isClean)
                && unsent == 0
                && deadLetters == 0
                && audit.isEmpty()
                && roles.stream().allMatch(Role::wentUpAndDown);
    }

    @Override
    public String toString() {
        var text = new StringBuilder();
        text.append("| s | acknowledged, spans/s |");
        roles.forEach(role ->
                text.append(" lag of ")
                        .append(role.name)
                        .append("s | ")
                        .append(role.name)
                        .append("s |"));
        text.append("\n|--:|--:|").append("--:|--:|".repeat(roles.size())).append('\n');
        moments.forEach(moment -> text.append(moment).append('\n'));
        text.append(
                String.format(
                        Locale.ROOT,
                        """

                        | figure | value |
                        |---|--:|
                        | store | %s |
                        | usual traffic, spans/s | %,d |
                        | burst | %d times as much, from %d s to %d s |
                        | one process can read | %.1f times the usual traffic |
                        """,
                        server,
                        rate,
                        factor,
                        burstFrom.toSeconds(),
                        burstTo.toSeconds(),
                        capacity));
        roles.forEach(role -> text.append(rows(role)));
        text.append(
                String.format(
                        Locale.ROOT,
                        """
                        | requests sent again | %,d |
                        | spans acknowledged | %,d |
                        | documents of spans | %,d |
                        """,
                        loads.stream().mapToLong(LoadReport::retries).sum(),
                        acknowledged,
                        documents));
        stored.forEach(
                each -> text.append("| held against what was sent | ").append(each).append(" |\n"));
        text.append(
                String.format(
                        Locale.ROOT,
                        """
                        | traces in the store that nobody sent | %,d |
                        | dead letters | %,d |
                        | the books | %s |
                        """,
                        unsent,
                        deadLetters,
                        audit.isEmpty() ? "close, nothing pending" : audit));
        return text.toString();
    }

    private static String rows(Role role) {
        return String.format(
                Locale.ROOT,
                """
                | %1$ss: records that one may be behind | %2$,d |
                | %1$ss: bytes/s that one can read | %3$,.0f |
                | %1$ss: at most, started, stopped, in the end | %4$d, %5$d, %6$d, %7$d |
                | %1$ss: lag at most, in the end, in the end as exported | %8$,d, %9$,d, %10$,d |
                """,
                role.name,
                role.rule.share(),
                role.capacity,
                role.most,
                role.started,
                role.stopped,
                role.inTheEnd,
                role.lagMost,
                role.lagInTheEnd,
                role.exportedInTheEnd);
    }
}
