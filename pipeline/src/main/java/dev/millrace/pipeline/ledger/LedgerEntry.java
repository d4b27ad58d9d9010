package dev.millrace.pipeline.ledger;

import java.util.List;

/// What one stage has done since its last entry: the value of a record in `ledger`.
///
/// An entry is committed together with the effect it accounts for, so there is no span whose fate
/// is accounted for twice or not at all. The exception is a collector's: it follows the effect
/// within a second, and is lost when the collector dies in between.
public record LedgerEntry(Stage stage, List<Posting> postings) {

    public LedgerEntry {
        postings = List.copyOf(postings);
    }
}
