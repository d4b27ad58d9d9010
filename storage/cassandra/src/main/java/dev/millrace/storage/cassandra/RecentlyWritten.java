package dev.millrace.storage.cassandra;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/// Which rows need not be written again yet, because they were a short while ago: the names of
/// services and operations, which come with every span.
///
/// For any number of threads. Bounded: what is forgotten is only written once more.
///
/// @param <T> whatever tells a row from others
final class RecentlyWritten<T> {

    /// Far less than anything is kept.
    static final Duration AGAIN_AFTER = Duration.ofMinutes(20);

    private static final int MOST = 100_000;

    private final ConcurrentHashMap<T, Long> writtenAt = new ConcurrentHashMap<>();
    private final LongSupplier nanoTime;

    /// @param nanoTime as [System#nanoTime()] has it
    RecentlyWritten(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    long now() {
        return nanoTime.getAsLong();
    }

    /// Those of some rows that are to be written.
    List<T> rest(Collection<T> rows) {
        long now = now();
        return rows.stream()
                .filter(row -> {
                    Long at = writtenAt.get(row);
                    return at == null || now - at >= AGAIN_AFTER.toNanos();
                })
                .toList();
    }

    /// To be told once they are written, and not before.
    ///
    /// @param sentAt when they had not been sent yet, as [#now()] has it
    void add(Collection<T> rows, long sentAt) {
        if (writtenAt.size() > MOST) {
            writtenAt.clear();
        }
        rows.forEach(row -> writtenAt.put(row, sentAt));
    }

    /// Has everything written again: a node that died may have lost what it had acknowledged.
    void forget() {
        writtenAt.clear();
    }
}
