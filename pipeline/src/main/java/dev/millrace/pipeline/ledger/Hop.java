package dev.millrace.pipeline.ledger;

/// A way from one stage to the next, on which spans could be lost or doubled.
public enum Hop {
    COLLECTOR_TO_SPANS("collector -> spans"),
    SPANS_TO_AGGREGATOR("spans -> aggregator"),
    AGGREGATOR_TO_TRACES("aggregator -> traces-complete"),
    TRACES_TO_STORE("traces-complete -> store"),
    /// Where spans are stored as they come.
    SPANS_TO_STORE("spans -> store");

    private final String words;

    Hop(String words) {
        this.words = words;
    }

    /// What people call it.
    public String words() {
        return words;
    }
}
