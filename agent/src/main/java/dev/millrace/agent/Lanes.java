package dev.millrace.agent;

/// Whose turn it is where fresh spans and those from disk wait for the same way: of four bytes
/// three are fresh.
///
/// Fresh spans go first, and for what they take the others are owed a third. Not safe for threads.
final class Lanes {

    /// Where spans come from.
    enum Lane {
        FRESH,
        SPOOLED
    }

    private static final int FRESH_FOR_ONE = 3;

    private final long mostOwed;
    private long owed;

    /// @param mostOwed bytes; more is forgotten, so that no silence follows a long wait
    Lanes(long mostOwed) {
        this.mostOwed = mostOwed;
    }

    /// @param spooledBytes what those from disk would take
    Lane turn(boolean fresh, boolean spooled, long spooledBytes) {
        if (!spooled) {
            return Lane.FRESH;
        }
        return !fresh || owed >= Math.min(spooledBytes, mostOwed) ? Lane.SPOOLED : Lane.FRESH;
    }

    /// Notes what went.
    ///
    /// @param contended whether the other lane had to wait for it
    void sent(Lane lane, long bytes, boolean contended) {
        if (!contended) {
            owed = 0;
            return;
        }
        owed =
                switch (lane) {
                    case FRESH -> Math.min(mostOwed, owed + bytes / FRESH_FOR_ONE);
                    case SPOOLED -> Math.max(0, owed - bytes);
                };
    }
}
