package dev.millrace.pipeline.ledger;

/// A hop that does not close: fewer or more copies came out than went in.
///
/// @param copies how many, above 0
public record Fault(Hop hop, Kind kind, Cell cell, long copies) {

    /// Which of the two.
    public enum Kind {
        LOST,
        DOUBLED
    }
}
