package dev.millrace.collector;

/// Carries a [Refusal] through code that only knows success and failure.
public final class RefusedException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final transient Refusal refusal;

    RefusedException(Refusal refusal) {
        super(refusal.message(), null, false, false);
        this.refusal = refusal;
    }

    /// Why, and whether to try again.
    public Refusal refusal() {
        return refusal;
    }
}
