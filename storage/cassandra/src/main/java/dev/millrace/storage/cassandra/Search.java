package dev.millrace.storage.cassandra;

import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.SpanCondition;
import dev.millrace.storage.api.TraceSearch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// One search in one keyspace.
///
/// Candidates come latest first, and a trace never starts after a candidate for it; so once the
/// page is full of traces that start after the candidate at hand, none that is still to come can
/// belong on it. Every candidate's trace is read and looked at, several at a time.
///
/// The work is bounded: [RowBudget#MAX_ROWS], [#MAX_TRACES] and [#MAX_SPANS] are limits a caller is
/// told about, never a silent end. Not safe for threads.
final class Search {

    /// How many traces a search may read.
    static final int MAX_TRACES = 20_000;

    /// How many spans a page may hold.
    static final int MAX_SPANS = 200_000;

    /// How many traces are read at once.
    private static final int AT_ONCE = 32;

    private static final Comparator<Found> NEWEST_FIRST =
            Comparator.comparingLong(Found::start).reversed().thenComparing(Found::traceId);

    private final TraceReader reader;
    private final ExecutorService readers;
    private final TraceSearch search;
    private final SpanCondition condition;
    private final int maxTraces;

    // The best of the page so far and one more, to know whether another page follows.
    private final TreeSet<Found> page = new TreeSet<>(NEWEST_FIRST);
    private final Set<TraceId> seen = new HashSet<>();
    private int traces;
    private int spans;

    private record Unread(TraceId traceId, long lastMicros) {}

    private record Found(long start, TraceId traceId, TraceReader.Part part) {}

    /// @param readers where traces are read; its threads may wait
    Search(TraceReader reader, ExecutorService readers, TraceSearch search, int maxTraces) {
        this.reader = reader;
        this.readers = readers;
        this.search = search;
        this.condition = new SpanCondition(search);
        this.maxTraces = maxTraces;
    }

    SearchPage run(Walk walk) {
        var batch = new ArrayList<Unread>(AT_ONCE);
        int atOnce = Math.min(AT_ONCE, search.limit() + 1);
        while (true) {
            var candidate = walk.candidate();
            boolean over = candidate == null || isComplete(candidate.lastMicros());
            var traceId = candidate == null ? null : candidate.traceId();
            if (candidate != null && traceId != null && !over && seen.add(traceId)) {
                batch.add(new Unread(traceId, candidate.lastMicros()));
            }
            if (over || batch.size() >= atOnce) {
                examine(batch);
                batch.clear();
            }
            if (over) {
                return page();
            }
            walk.advance();
        }
    }

    private boolean isComplete(long lastMicros) {
        return page.size() > search.limit() && page.last().start() > Times.lastNanos(lastMicros);
    }

    private SearchPage page() {
        var found = page.stream().limit(search.limit()).toList();
        return new SearchPage(
                found.stream().map(one -> one.part().trace()).toList(),
                page.size() > search.limit()
                        ? Optional.of(
                                new Cursor(found.getLast().start(), found.getLast().traceId()))
                        : Optional.empty(),
                found.stream()
                        .filter(one -> !one.part().whole())
                        .map(Found::traceId)
                        .collect(Collectors.toSet()));
    }

    private void examine(List<Unread> candidates) {
        traces += candidates.size();
        if (traces > maxTraces) {
            throw RowBudget.exceeded("looked at " + maxTraces + " traces");
        }
        var reads = new ArrayList<Future<Optional<TraceReader.Part>>>();
        for (var candidate : candidates) {
            reads.add(readers.submit(read(candidate)));
        }
        for (var read : reads) {
            Requests.result("search", read).ifPresent(this::keep);
        }
    }

    private Callable<Optional<TraceReader.Part>> read(Unread candidate) {
        return () ->
                isWhollyBeforePage(candidate) ? Optional.empty() : reader.read(candidate.traceId());
    }

    // Behind the first page most candidates are on earlier ones; to find that out takes only times.
    private boolean isWhollyBeforePage(Unread candidate) {
        @Nullable Cursor after = search.after();
        return after != null
                && Times.lastNanos(candidate.lastMicros()) > after.startNanos()
                && reader.earliestNanos(candidate.traceId())
                        .filter(earliest -> earliest > after.startNanos())
                        .isPresent();
    }

    private void keep(TraceReader.Part part) {
        var trace = part.trace();
        long start = part.whole() ? trace.startNanos() : startOfLarge(trace);
        if (isBeforePage(start, trace.traceId()) || !matches(part)) {
            return;
        }
        page.add(new Found(start, trace.traceId(), part));
        spans += trace.spans().size();
        if (page.size() > search.limit() + 1) {
            spans -= page.pollLast().part().trace().spans().size();
        }
        if (spans > MAX_SPANS) {
            throw RowBudget.exceeded("found " + spans + " spans, over " + MAX_SPANS);
        }
    }

    // To the microsecond, which is all that the table can tell without reading all of the trace.
    private long startOfLarge(Trace trace) {
        return reader.earliestNanos(trace.traceId()).orElse(trace.startNanos());
    }

    private boolean matches(TraceReader.Part part) {
        var trace = part.trace();
        return trace.spans().stream().anyMatch(condition)
                || (!part.whole() && reader.anyMatch(trace.traceId(), condition));
    }

    private boolean isBeforePage(long start, TraceId traceId) {
        var after = search.after();
        return after != null
                && (start > after.startNanos()
                        || (start == after.startNanos()
                                && traceId.compareTo(after.traceId()) <= 0));
    }
}
