package dev.millrace.storage.kafka;

import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.kafka.FoundTraces.Found;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One page of a search over all partitions, out of what instances find in theirs.
///
/// All of a trace lies in one partition, and everybody puts traces in the same order. So the newest
/// of what instances give is the newest there is, as long as something is known of each; and a
/// cursor means the same to all of them.
///
/// Not safe for threads.
final class MergedPage {

    /// Asks instances what they find in some partitions after a cursor.
    interface Search {

        /// @return what was found, by whom it was found; without partitions that nobody answers for
        List<Share> find(Collection<Integer> partitions, @Nullable Cursor after);
    }

    /// What one instance finds.
    record Share(Set<Integer> partitions, FoundTraces traces) {}

    private final int limit;
    private final Search search;
    private final PriorityQueue<Stream> streams =
            new PriorityQueue<>(Comparator.comparing(Stream::head, Cursor.NEWEST_FIRST));
    private final List<Trace> page = new ArrayList<>();
    private final Set<TraceId> cut = new HashSet<>();

    /// @param limit at most so many traces
    MergedPage(int limit, Search search) {
        this.limit = limit;
        this.search = search;
    }

    /// @param after where the page begins; null for the first
    SearchPage of(Collection<Integer> partitions, @Nullable Cursor after) {
        read(partitions, after);
        Cursor last = null;
        while (page.size() < limit && !streams.isEmpty()) {
            var stream = streams.remove();
            var found = stream.ahead.remove();
            page.add(found.trace());
            last = found.at();
            if (found.cut()) {
                cut.add(found.trace().traceId());
            }
            if (!stream.ahead.isEmpty()) {
                streams.add(stream);
            } else if (page.size() == limit) {
                // Whether there is more is known, and what it is need not be.
                return page(stream.next.isPresent() || !streams.isEmpty(), last);
            } else if (stream.next.isPresent()) {
                read(stream.partitions, stream.next.get());
            }
        }
        return page(!streams.isEmpty(), last);
    }

    private SearchPage page(boolean more, @Nullable Cursor last) {
        return new SearchPage(
                page, more && last != null ? Optional.of(last) : Optional.empty(), cut);
    }

    // Every time something newer is left over or nothing is, so this ends.
    private void read(Collection<Integer> partitions, @Nullable Cursor after) {
        for (var share : search.find(partitions, after)) {
            var ahead = new ArrayDeque<Found>(share.traces().found());
            var next = share.traces().next();
            if (!ahead.isEmpty()) {
                streams.add(new Stream(share.partitions(), ahead, next));
            } else if (next.isPresent()) {
                read(share.partitions(), next.get());
            }
        }
    }

    /// What one instance has found, and where it goes on.
    private record Stream(Set<Integer> partitions, Deque<Found> ahead, Optional<Cursor> next) {

        private Cursor head() {
            return ahead.element().at();
        }
    }
}
