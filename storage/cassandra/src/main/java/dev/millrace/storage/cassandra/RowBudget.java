package dev.millrace.storage.cassandra;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;

/// How much one search may look at, so that it ends; a limit that the caller is told about. Not
/// safe for threads.
final class RowBudget {

    /// Rows of indexes.
    static final int MAX_ROWS = 1_000_000;

    private final int maxRows;
    private int rows;

    RowBudget(int maxRows) {
        this.maxRows = maxRows;
    }

    void spend() {
        if (++rows > maxRows) {
            throw exceeded("looked at " + maxRows + " rows");
        }
    }

    static StoreException exceeded(String what) {
        return new StoreException(
                Kind.OVER_CAPACITY,
                "search: "
                        + what
                        + " without filling a page (expected: a shorter time range, narrower"
                        + " conditions or a smaller limit)");
    }
}
