package dev.millrace.collector;

import dev.millrace.wire.otlp.ExportResponse;
import dev.millrace.wire.otlp.OtlpJson;
import dev.millrace.wire.otlp.Split;

/// The answer to a request that was taken over: an OTLP export response.
///
/// @param rejectedSpans spans that were left out
/// @param message names the first rejected value and what was expected; empty when none was
record Receipt(int rejectedSpans, String message) {

    static final Receipt COMPLETE = new Receipt(0, "");

    static Receipt of(Split split) {
        int rejected = split.rejectedSpans();
        if (rejected == 0) {
            return COMPLETE;
        }
        int all = split.accepted() + rejected;
        return new Receipt(
                rejected,
                rejected
                        + " of "
                        + all
                        + " spans rejected, the first for "
                        + split.firstRejection());
    }

    Outcome outcome() {
        return rejectedSpans == 0 ? Outcome.OK : Outcome.PARTIAL;
    }

    byte[] toProtobuf() {
        return rejectedSpans == 0
                ? ExportResponse.success()
                : ExportResponse.partial(rejectedSpans, message);
    }

    byte[] toJson() {
        return OtlpJson.response(rejectedSpans, message);
    }
}
