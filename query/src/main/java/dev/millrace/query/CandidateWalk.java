package dev.millrace.query;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The traces that any of some searches finds, newest first, each once, read page by page as they
/// are taken. Not safe for threads.
final class CandidateWalk {

    private record Candidate(long startNanos, Trace trace) {}

    private static final Comparator<Candidate> NEWEST_FIRST =
            Comparator.comparingLong(Candidate::startNanos)
                    .reversed()
                    .thenComparing(candidate -> candidate.trace().traceId());

    private final TraceStore store;
    private final Tenant tenant;
    private final int pageSize;
    private final List<Search> searches;
    private final Set<TraceId> taken = new HashSet<>();
    private int pages;

    /// @param pageSize how many traces to ask the store for at once
    CandidateWalk(
            TraceStore store,
            Tenant tenant,
            SearchPlan plan,
            long startNanos,
            long endNanos,
            int pageSize) {
        this.store = store;
        this.tenant = tenant;
        this.pageSize = pageSize;
        this.searches =
                plan.alternatives().stream()
                        .map(conditions ->
                                new Search(conditions.search().start(startNanos, endNanos)))
                        .toList();
    }

    /// The next trace; empty after the last.
    Optional<Trace> next() {
        while (true) {
            Search newest = null;
            for (var search : searches) {
                var candidate = search.peek();
                if (candidate != null
                        && (newest == null || NEWEST_FIRST.compare(candidate, newest.head()) < 0)) {
                    newest = search;
                }
            }
            if (newest == null) {
                return Optional.empty();
            }
            var trace = newest.take().trace();
            if (taken.add(trace.traceId())) {
                return Optional.of(trace);
            }
        }
    }

    /// How many pages were read.
    int pages() {
        return pages;
    }

    /// One search as far as it has been read.
    private final class Search {

        private final TraceSearch.Builder search;
        private final Queue<Candidate> read = new ArrayDeque<>();
        private @Nullable Cursor cursor;
        private boolean more = true;

        private Search(TraceSearch.Builder search) {
            this.search = search;
        }

        private @Nullable Candidate peek() {
            while (read.isEmpty() && more) {
                var page = store.search(tenant, search.limit(pageSize).after(cursor).build());
                pages++;
                page.traces().forEach(trace -> read.add(new Candidate(trace.startNanos(), trace)));
                cursor = page.next().orElse(null);
                more = cursor != null;
            }
            return read.peek();
        }

        private Candidate head() {
            return read.element();
        }

        private Candidate take() {
            return read.remove();
        }
    }
}
