package dev.millrace.analysis;

/// How much is told apart. What is beyond a bound counts as `other`.
///
/// @param maxServices services of a tenant, and as many peers that send no spans
/// @param maxOperations operations of a service
/// @param maxDependencies links of a tenant
/// @param maxLinkedSpans spans of a trace that are held until it has been seen whole; those beyond
///   count in the figures of their operations and are linked to nothing
/// @param histograms whether histograms with exemplars are kept too, for [RedTotals]
public record AnalysisConfig(
        int maxServices,
        int maxOperations,
        int maxDependencies,
        int maxLinkedSpans,
        boolean histograms) {

    /// Enough for a thousand services.
    public static final AnalysisConfig DEFAULT =
            new AnalysisConfig(1_000, 200, 5_000, 100_000, true);

    public AnalysisConfig {
        check("max-services", maxServices, 1, 100_000);
        check("max-operations", maxOperations, 1, 10_000);
        check("max-links", maxDependencies, 1, 1_000_000);
        check("max-linked-spans", maxLinkedSpans, 0, 10_000_000);
    }

    static void check(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: " + least + " to " + most + ")");
        }
    }
}
