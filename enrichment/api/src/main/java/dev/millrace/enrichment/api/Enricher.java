package dev.millrace.enrichment.api;

/// Changes the attributes of complete traces before it is decided which are kept.
///
/// It must be a function of the draft and of nothing else: no clock, no chance, no file, no network
/// and no memory of earlier traces. A partition's new owner reads spans again after a crash, a
/// large trace is gone through twice, and late spans come through another process; all must come
/// out the same. It is called by several threads at once.
///
/// What it throws puts the trace into the dead letters, as it was sent, and the next one goes on. A
/// call that never returns cannot be ended from outside: it holds up its partition.
@FunctionalInterface
public interface Enricher {

    /// Changes what it likes to change in the draft. Once it has returned, the draft is no longer
    /// its own.
    void enrich(TraceDraft trace);
}
