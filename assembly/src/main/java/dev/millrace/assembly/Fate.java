package dev.millrace.assembly;

/// What became of a trace: whether it was kept, and at which threshold of consistent sampling.
///
/// @param threshold of the 2^56 randomness values how many are dropped; 0 for a certain verdict
public record Fate(boolean kept, long threshold) {

    /// Of what is kept without chance.
    public static final Fate KEPT = new Fate(true, 0);

    /// Of what could not be enriched and was put aside, as its late spans will be.
    public static final Fate REFUSED = new Fate(false, Long.MAX_VALUE);

    public boolean refused() {
        return equals(REFUSED);
    }
}
