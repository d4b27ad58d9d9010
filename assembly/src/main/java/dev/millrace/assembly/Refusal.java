package dev.millrace.assembly;

/// Why a trace could not be enriched.
///
/// @param enricher which one failed, or [Enrichment#DECODING], [Enrichment#SIZE] or
///   [Enrichment#EARLIER]
/// @param reason what happened, for people
public record Refusal(String enricher, String reason) {

    private static final int MOST_CHARACTERS = 1000;

    /// Of late spans whose trace could not be enriched.
    static final Refusal FOLLOWS =
            new Refusal(Enrichment.EARLIER, "late spans of a trace that could not be enriched");

    public Refusal {
        reason = reason.length() > MOST_CHARACTERS ? reason.substring(0, MOST_CHARACTERS) : reason;
    }

    @Override
    public String toString() {
        return "enrichment: " + enricher + ": " + reason;
    }
}
