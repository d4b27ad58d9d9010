package dev.millrace.query;

import com.linecorp.armeria.common.HttpStatus;

/// Counts the spans that one answer gathers, and ends it in words when they are too many. Not safe
/// for threads.
final class SpanBudget {

    private final int most;
    private long spans;
    private int traces;

    SpanBudget(int most) {
        this.most = most;
    }

    /// Books one more trace.
    ///
    /// @throws QueryException when that is too much
    void add(int spansOfTrace) {
        spans += spansOfTrace;
        if (spans > most) {
            throw new QueryException(
                    HttpStatus.REQUEST_ENTITY_TOO_LARGE,
                    ("the traces that match hold more than %d spans, after %d traces (expected: at"
                                    + " most so many in one answer; ask for fewer traces, or for a"
                                    + " shorter time)")
                            .formatted(most, traces));
        }
        traces++;
    }
}
