package dev.millrace.collector;

import dev.millrace.wire.otlp.Split;

/// The answer to a request that was taken over.
///
/// @param acceptedSpans spans that were taken in
/// @param rejectedSpans spans that were left out
/// @param message names the first rejected value and what was expected; empty when none was
public record Receipt(int acceptedSpans, int rejectedSpans, String message) {

    static Receipt of(Split split) {
        int rejected = split.rejectedSpans();
        int all = split.accepted() + rejected;
        return new Receipt(
                split.accepted(),
                rejected,
                rejected == 0
                        ? ""
                        : rejected
                                + " of "
                                + all
                                + " spans rejected, the first for "
                                + split.firstRejection());
    }

    Outcome outcome() {
        return rejectedSpans == 0 ? Outcome.OK : Outcome.PARTIAL;
    }

    /// The receipt, for transports that have no word for spans left out.
    ///
    /// @throws RefusedException when every span was left out
    Receipt orRefused() {
        if (rejectedSpans > 0 && acceptedSpans == 0) {
            throw Refusal.lasting(Outcome.REJECTED, message).asException();
        }
        return this;
    }
}
