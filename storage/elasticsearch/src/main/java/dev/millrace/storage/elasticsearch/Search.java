package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.SpanCondition;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceSearch;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// One search.
///
/// Candidates come latest start first, a batch of spans at a time, without their contents. The
/// start of a trace is never later than that of any of its spans, so once the page is full of
/// traces that start after the candidate at hand, none that is still to come can belong on it.
/// Whether a trace matches is decided on its spans as they are.
///
/// The work is bounded: `maxCandidates` and [TraceReader#MAX_SPANS] are limits a caller is told
/// about, never a silent end.
final class Search {

    /// How many spans of the index a search may look at.
    static final int MAX_CANDIDATES = 100_000;

    private static final int BATCH = 1_000;
    private static final int MAX_READ_AT_ONCE = 50;

    // Aggregations answer in floating point, which knows every microsecond until 2255.
    private static final long MAX_EXACT = 1L << 53;

    private static final Comparator<Found> NEWEST_FIRST =
            Comparator.comparingLong(Found::start).reversed().thenComparing(Found::traceId);

    private final Searches searches;
    private final TraceReader reader;
    private final List<String> candidateIndices;
    private final List<String> allIndices;
    private final TraceSearch search;
    private final SpanCondition condition;
    private final ObjectNode query;
    private final int maxCandidates;

    // The best of the page so far and one more, to know whether another page follows.
    private final TreeSet<Found> page = new TreeSet<>(NEWEST_FIRST);
    private final Set<TraceId> settled = new HashSet<>();
    private int candidates;
    private int spans;

    private record Found(long start, TraceId traceId, Trace trace, boolean whole) {}

    /// @param candidateIndices those that may hold spans of the times asked for
    /// @param allIndices those that may hold other spans of the same traces
    Search(
            Searches searches,
            TraceReader reader,
            List<String> candidateIndices,
            List<String> allIndices,
            TraceSearch search,
            String dotReplacement,
            int maxCandidates) {
        this.searches = searches;
        this.reader = reader;
        this.candidateIndices = candidateIndices;
        this.allIndices = allIndices;
        this.search = search;
        this.condition = new SpanCondition(search);
        this.query = new CandidateQuery(search, dotReplacement).query();
        this.maxCandidates = maxCandidates;
    }

    SearchPage run() {
        @Nullable JsonNode last = null;
        boolean more = search.startNanos() <= search.endNanos();
        while (more) {
            var hits = Searches.hits(searches.ask("search", candidateIndices, batch(last)));
            more = examine(hits) && hits.size() == BATCH;
            if (more) {
                last = hits.get(hits.size() - 1).path("sort");
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

    // Spans of one trace with the same start may be passed over from one batch to the next: one of
    // them is enough to look at the trace.
    private ObjectNode batch(@Nullable JsonNode last) {
        var body =
                Json.object()
                        .put("size", BATCH)
                        .put("_source", false)
                        .<ObjectNode>set("docvalue_fields", Json.array(List.of("traceID")))
                        .<ObjectNode>set("query", query)
                        .<ObjectNode>set(
                                "sort",
                                Json.array(
                                        Searches.ordered("startTime", "desc"),
                                        Searches.ordered("traceID", "asc")));
        if (last != null) {
            body.set("search_after", last);
        }
        return body;
    }

    /// @return whether later candidates can still belong on the page
    private boolean examine(JsonNode hits) {
        var unknown = new LinkedHashSet<TraceId>();
        for (var hit : hits) {
            long start = hit.path("sort").path(0).asLong();
            if (isBehindPage(start)) {
                read(unknown);
                return false;
            }
            if (++candidates > maxCandidates) {
                throw overCapacity("looked at " + maxCandidates + " spans");
            }
            var id = TraceId.parse(hit.path("fields").path("traceID").path(0).asText());
            if (!settled.contains(id)) {
                unknown.add(id);
            }
            if (unknown.size() == Math.min(search.limit() + 1, MAX_READ_AT_ONCE)) {
                read(unknown);
                unknown.clear();
            }
        }
        read(unknown);
        return true;
    }

    private boolean isBehindPage(long micros) {
        return page.size() > search.limit() && page.last().start() > Micros.end(micros);
    }

    private void read(Set<TraceId> unknown) {
        if (unknown.isEmpty()) {
            return;
        }
        settled.addAll(unknown);
        var worth = new LinkedHashSet<>(unknown);
        if (search.after() != null || page.size() > search.limit()) {
            var starts = earliestStarts(unknown);
            worth.removeIf(id -> {
                var start = starts.get(id);
                return start != null && isOffPage(start);
            });
        }
        if (worth.isEmpty()) {
            return;
        }
        reader.read(allIndices, worth)
                .forEach((id, found) -> {
                    if (!isBeforePage(found.start(), id) && matches(id, found)) {
                        keep(new Found(found.start(), id, found.trace(), found.whole()));
                    }
                });
    }

    private boolean matches(TraceId id, TraceReader.Found found) {
        return found.trace().spans().stream().anyMatch(condition)
                || (!found.whole() && reader.anyMatch(allIndices, id, condition));
    }

    /// When the traces begin, microseconds: enough to know of most that they are not on this page,
    /// without reading them.
    private Map<TraceId, Long> earliestStarts(Set<TraceId> ids) {
        var spellings = TraceReader.spellings(ids);
        var terms =
                Json.object()
                        .put("field", "traceID")
                        .put("size", spellings.size())
                        // Otherwise the server would number all ids of the index first.
                        .put("execution_hint", "map");
        var start = Json.object("min", Json.object("field", "startTime"));
        var body =
                Json.object()
                        .put("size", 0)
                        .<ObjectNode>set("query", Query.terms("traceID", spellings))
                        .<ObjectNode>set(
                                "aggs",
                                Json.object(
                                        "traces",
                                        Json.object()
                                                .<ObjectNode>set("terms", terms)
                                                .set("aggs", Json.object("start", start))));
        var starts = new HashMap<TraceId, Long>();
        for (var bucket :
                searches.ask("search", allIndices, body)
                        .path("aggregations")
                        .path("traces")
                        .path("buckets")) {
            double micros = bucket.path("start").path("value").asDouble();
            if (micros <= MAX_EXACT) {
                starts.merge(TraceId.parse(bucket.path("key").asText()), (long) micros, Math::min);
            }
        }
        return starts;
    }

    private boolean isOffPage(long micros) {
        var after = search.after();
        return isBehindPage(micros)
                // A start before 1970 is 0 in the index.
                || (after != null && micros > 0 && micros * Micros.NANOS > after.startNanos());
    }

    private boolean isBeforePage(long start, TraceId traceId) {
        var after = search.after();
        return after != null
                && (start > after.startNanos()
                        || (start == after.startNanos()
                                && traceId.compareTo(after.traceId()) <= 0));
    }

    private void keep(Found found) {
        page.add(found);
        spans += found.trace().spans().size();
        if (page.size() > search.limit() + 1) {
            var last = page.pollLast();
            spans -= last == null ? 0 : last.trace().spans().size();
        }
        if (spans > TraceReader.MAX_SPANS) {
            throw overCapacity("found " + spans + " spans, over " + TraceReader.MAX_SPANS);
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
}
