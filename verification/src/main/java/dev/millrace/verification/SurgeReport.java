package dev.millrace.verification;

import java.util.Locale;

/// What a [Surge] did to an aggregator and to the traces of others.
///
/// @param acknowledged spans that were taken in
/// @param completed spans in `traces-complete`
/// @param stored spans that the store took
/// @param largest spans of the largest trace
/// @param largestParts its records
/// @param heapBefore bytes live in the aggregator after a collection, before the surge
/// @param heapMost the most during and after it
/// @param heapBound what was allowed
/// @param residentMost bytes of memory held by the aggregator at most
/// @param rebuilds how often a transaction was given up and done again
/// @param loadMost of the machine: how many wanted to run, averaged over a minute
/// @param delays a table
record SurgeReport(
        long acknowledged,
        long completed,
        long stored,
        long largest,
        int largestParts,
        double heapBefore,
        double heapMost,
        double heapBound,
        double residentMost,
        long rebuilds,
        double loadMost,
        String delays) {

    private static final double MEGABYTE = 1e6;

    boolean passes() {
        return acknowledged > 0
                && completed == acknowledged
                && stored == acknowledged
                && heapMost <= heapBound
                && rebuilds == 0;
    }

    @Override
    public String toString() {
        return String.format(
                        Locale.ROOT,
                        """
                        | figure | value |
                        |---|--:|
                        | spans acknowledged | %,d |
                        | spans in `traces-complete` | %,d |
                        | spans stored | %,d |
                        | spans of the largest trace | %,d in %,d parts |
                        | aggregator's live heap before, MB | %.0f |
                        | aggregator's live heap at most, MB | %.0f, allowed %.0f |
                        | aggregator's resident memory at most, MB | %.0f |
                        | transactions given up | %,d |
                        | load of the machine at most, on %d cores | %.1f |

                        """,
                        acknowledged,
                        completed,
                        stored,
                        largest,
                        largestParts,
                        heapBefore / MEGABYTE,
                        heapMost / MEGABYTE,
                        heapBound / MEGABYTE,
                        residentMost / MEGABYTE,
                        rebuilds,
                        Runtime.getRuntime().availableProcessors(),
                        loadMost)
                + delays;
    }
}
