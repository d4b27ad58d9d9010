package dev.millrace.assembly;

/// A part of a trace could not be enriched.
final class RefusedException extends Exception {

    private static final long serialVersionUID = 1;

    private final transient Refusal refusal;

    RefusedException(Refusal refusal) {
        // Where it is thrown is known, and an enricher may refuse every trace.
        super(refusal.toString(), null, false, false);
        this.refusal = refusal;
    }

    Refusal refusal() {
        return refusal;
    }
}
