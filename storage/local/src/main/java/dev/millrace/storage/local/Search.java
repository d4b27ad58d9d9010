package dev.millrace.storage.local;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.SpanCondition;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.IOException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.Weight;
import org.apache.lucene.util.BytesRef;

/// One search over a snapshot of all windows.
///
/// Candidates come from all segments latest start first. The start of a trace is never later than
/// that of any of its fragments, so once the page is full of traces that start after the candidate
/// at hand, none that is still to come can belong on it. Where two fragments hold differing copies
/// of one span, the earlier start counts for the order, whichever copy is shown.
///
/// The work is bounded: [#MAX_CANDIDATES] and [#MAX_SPANS] are limits a caller is told about, never
/// a silent end.
final class Search {

    /// How many fragments a search may look at.
    static final int MAX_CANDIDATES = 100_000;

    /// How many spans a page may hold.
    static final int MAX_SPANS = 200_000;

    private static final Comparator<Found> NEWEST_FIRST =
            Comparator.comparingLong(Found::start).reversed().thenComparing(Found::traceId);

    private final Snapshot snapshot;
    private final Tenant tenant;
    private final TraceSearch search;
    private final SpanCondition condition;
    private final int maxCandidates;

    // The best of the page so far and one more, to know whether another page follows.
    private final TreeSet<Found> page = new TreeSet<>(NEWEST_FIRST);
    private final Map<TraceId, Long> starts = new HashMap<>();
    private final Set<TraceId> settled = new HashSet<>();
    private int candidates;
    private int spans;

    private record Found(long start, Trace trace, boolean whole) {

        TraceId traceId() {
            return trace.traceId();
        }
    }

    Search(Snapshot snapshot, Tenant tenant, TraceSearch search, int maxCandidates) {
        this.snapshot = snapshot;
        this.tenant = tenant;
        this.search = search;
        this.condition = new SpanCondition(search);
        this.maxCandidates = maxCandidates;
    }

    SearchPage run() throws IOException {
        var walks = walks();
        while (!walks.isEmpty()) {
            var walk = walks.poll();
            if (page.size() > search.limit() && page.last().start() > walk.start) {
                break;
            }
            examine(walk);
            if (walk.advance()) {
                walks.add(walk);
            }
        }
        var traces = page.stream().limit(search.limit()).toList();
        return new SearchPage(
                traces.stream().map(Found::trace).toList(),
                page.size() > search.limit()
                        ? Optional.of(
                                new Cursor(traces.getLast().start(), traces.getLast().traceId()))
                        : Optional.empty(),
                traces.stream()
                        .filter(found -> !found.whole())
                        .map(Found::traceId)
                        .collect(Collectors.toSet()));
    }

    private PriorityQueue<Walk> walks() throws IOException {
        var walks = new PriorityQueue<Walk>(Comparator.comparingLong((Walk walk) -> -walk.start));
        Query query = CandidateQuery.of(tenant, search);
        for (var window : snapshot.windows()) {
            var searcher = new IndexSearcher(window.reader());
            searcher.setQueryCache(null);
            Weight weight =
                    searcher.createWeight(searcher.rewrite(query), ScoreMode.COMPLETE_NO_SCORES, 1);
            for (var segment : window.segments()) {
                Walk.of(segment, weight).filter(Walk::advance).ifPresent(walks::add);
            }
        }
        return walks;
    }

    private void examine(Walk walk) {
        if (++candidates > maxCandidates) {
            throw overCapacity("looked at " + maxCandidates + " fragments");
        }
        var value = walk.value();
        var traceId = BodyDecoder.traceId(value);
        if (settled.contains(traceId)) {
            return;
        }
        List<Snapshot.Place> places = List.of();
        Long known = starts.get(traceId);
        long start;
        if (known != null) {
            start = known;
        } else {
            places = snapshot.locate(tenant, traceId);
            start = places.stream().mapToLong(Snapshot.Place::start).min().orElse(walk.start);
            starts.put(traceId, start);
        }
        if (isBeforePage(start, traceId) || isBehindPage(start, traceId)) {
            settled.add(traceId);
            return;
        }
        if (OtlpDecoder.spans(walk.body(snapshot, value)).stream().noneMatch(condition)) {
            return;
        }
        settled.add(traceId);
        if (places.isEmpty()) {
            places = snapshot.locate(tenant, traceId);
        }
        keep(start, snapshot.read(traceId, places));
    }

    private boolean isBeforePage(long start, TraceId traceId) {
        var after = search.after();
        return after != null
                && (start > after.startNanos()
                        || (start == after.startNanos()
                                && traceId.compareTo(after.traceId()) <= 0));
    }

    private boolean isBehindPage(long start, TraceId traceId) {
        if (page.size() <= search.limit()) {
            return false;
        }
        var last = page.last();
        return start < last.start()
                || (start == last.start() && traceId.compareTo(last.traceId()) > 0);
    }

    // A copy of a span that loses against another may have matched; the trace itself decides, where
    // all of it is here.
    private void keep(long start, Snapshot.Part part) {
        var trace = part.trace();
        if (part.whole() && trace.spans().stream().noneMatch(condition)) {
            return;
        }
        page.add(new Found(start, trace, part.whole()));
        spans += trace.spans().size();
        if (page.size() > search.limit() + 1) {
            spans -= page.pollLast().trace().spans().size();
        }
        if (spans > MAX_SPANS) {
            throw overCapacity("found " + spans + " spans, over " + MAX_SPANS);
        }
    }

    private static StoreException overCapacity(String what) {
        return new StoreException(
                StoreException.Kind.OVER_CAPACITY,
                "search: "
                        + what
                        + " without filling a page (expected: a shorter time range, narrower"
                        + " conditions or a smaller limit)");
    }

    /// The candidates of one segment, latest start first because the index is sorted so.
    private static final class Walk {
        private final Snapshot.Segment segment;
        private final DocIdSetIterator documents;
        private final NumericDocValues starts;
        private final BinaryDocValues values;
        private long start;

        private Walk(
                Snapshot.Segment segment,
                DocIdSetIterator documents,
                NumericDocValues starts,
                BinaryDocValues values) {
            this.segment = segment;
            this.documents = documents;
            this.starts = starts;
            this.values = values;
        }

        static Optional<Walk> of(Snapshot.Segment segment, Weight weight) {
            try {
                var scorer = weight.scorer(segment.leaf);
                return scorer == null
                        ? Optional.empty()
                        : Optional.of(
                                new Walk(
                                        segment,
                                        scorer.iterator(),
                                        segment.reader().getNumericDocValues(Terms.START),
                                        segment.reader().getBinaryDocValues(Terms.BODY)));
            } catch (IOException | RuntimeException | InternalError e) {
                throw segment.unreadable(e);
            }
        }

        boolean advance() {
            try {
                int document = documents.nextDoc();
                if (document == DocIdSetIterator.NO_MORE_DOCS) {
                    return false;
                }
                if (!starts.advanceExact(document)) {
                    throw Snapshot.corrupt("a fragment without its start time");
                }
                start = starts.longValue();
                return true;
            } catch (IOException | RuntimeException | InternalError e) {
                throw segment.unreadable(e);
            }
        }

        BytesRef value() {
            try {
                if (!values.advanceExact(documents.docID())) {
                    throw Snapshot.corrupt("a fragment without its body");
                }
                return values.binaryValue();
            } catch (IOException | RuntimeException | InternalError e) {
                throw segment.unreadable(e);
            }
        }

        Slice body(Snapshot snapshot, BytesRef value) {
            try {
                return snapshot.decode(value);
            } catch (RuntimeException e) {
                throw segment.unreadable(e);
            }
        }
    }
}
