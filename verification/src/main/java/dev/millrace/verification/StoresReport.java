package dev.millrace.verification;

import dev.millrace.load.Comparison;
import dev.millrace.load.LoadReport;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// What a server's faults did to a Millrace that stores there, and what it held in the end.
///
/// @param server its name and version
/// @param rate spans per second that were sent
/// @param faults in their order
/// @param load what senders were told
/// @param acknowledgedSpans different spans among them
/// @param stored every row or document of a span in the server, against what was sent
/// @param unsent traces in the server that nobody sent
/// @param asked some traces as users get them, against what was sent
/// @param deadLetters records among them
/// @param audit what the books say; empty when they close with nothing pending
/// @param figures differences of the figures of services from those in Kafka
/// @param heapBefore bytes live in Millrace after a collection, before the first fault
/// @param heapMost the most at any time
/// @param heapBound what was allowed
/// @param residentMost bytes of memory held by Millrace at most
/// @param residentBound what was allowed
record StoresReport(
        String server,
        long rate,
        List<Outcome> faults,
        LoadReport load,
        long acknowledgedSpans,
        Comparison stored,
        long unsent,
        Comparison asked,
        long deadLetters,
        String audit,
        List<String> figures,
        double heapBefore,
        double heapMost,
        double heapBound,
        double residentMost,
        double residentBound) {

    /// What became of one fault.
    ///
    /// @param lasted from its beginning to its end: the server answers again, runs again or has its
    ///   disk again
    /// @param note what the server did, and what its operator
    /// @param lagBefore records that were not stored, at most, while all was well
    /// @param lagMost the same from the fault's beginning until all was well again
    /// @param failures writes to the store that failed and were tried again
    /// @param normalAfter from the fault's end until the lag was what it had been; empty when it
    ///   was not within patience
    record Outcome(
            StoreFault fault,
            Duration lasted,
            String note,
            long lagBefore,
            long lagMost,
            double failures,
            Optional<Duration> normalAfter) {

        private String row() {
            return String.format(
                    Locale.ROOT,
                    "| %s | %.1f | %s | %,d | %,d | %,.0f |%n",
                    note.isEmpty() ? fault.words() : fault.words() + ": " + note,
                    seconds(lasted),
                    normalAfter
                            .map(after -> String.format(Locale.ROOT, "%.1f", seconds(after)))
                            .orElse("never"),
                    lagBefore,
                    lagMost,
                    failures);
        }
    }

    private static final double MEGABYTE = 1e6;

    StoresReport {
        faults = List.copyOf(faults);
        figures = List.copyOf(figures);
    }

    /// Whether every fault was felt and got over, and all is as it should be in the end.
    boolean passes() {
        return stored.isClean()
                && asked.isClean()
                && unsent == 0
                && acknowledgedSpans > 0
                && load.rejected() == 0
                && load.failed() == 0
                && deadLetters == 0
                && audit.isEmpty()
                && figures.isEmpty()
                && heapMost <= heapBound
                && residentMost <= residentBound
                && faults.stream()
                        .allMatch(fault ->
                                fault.normalAfter().isPresent()
                                        && fault.lagMost() > fault.lagBefore());
    }

    @Override
    public String toString() {
        var text = new StringBuilder();
        text.append(
                String.format(
                        Locale.ROOT,
                        """
                        ## %s

                        %,d spans a second.

                        | what befell the server | lasted, s | normal again after, s | lag before, \
                        records | lag at most, records | failed writes |
                        |-|--:|--:|--:|--:|--:|
                        """,
                        server,
                        rate));
        faults.forEach(fault -> text.append(fault.row()));
        text.append(
                String.format(
                        Locale.ROOT,
                        """

                        | figure | value |
                        |-|--:|
                        | spans acknowledged | %,d |
                        | requests sent again | %,d |
                        | rows or documents in the server | %s |
                        | traces in the server that nobody sent | %,d |
                        | some traces as users get them | %s |
                        | dead letters | %,d |
                        | the books | %s |
                        | figures of services | %s |
                        | live heap before, MB | %.0f |
                        | live heap at most, MB | %.0f, allowed %.0f |
                        | resident memory at most, MB | %.0f, allowed %.0f |

                        """,
                        acknowledgedSpans,
                        load.retries(),
                        stored,
                        unsent,
                        asked,
                        deadLetters,
                        audit.isEmpty() ? "close, nothing pending" : audit,
                        figures.isEmpty() ? "as in Kafka" : figures,
                        heapBefore / MEGABYTE,
                        heapMost / MEGABYTE,
                        heapBound / MEGABYTE,
                        residentMost / MEGABYTE,
                        residentBound / MEGABYTE));
        return text.toString();
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
