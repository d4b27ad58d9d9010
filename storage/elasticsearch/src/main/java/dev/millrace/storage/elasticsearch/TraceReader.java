package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.assembly.TraceMerge;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import dev.millrace.storage.elasticsearch.SpanSource.Stored;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Reads traces by their ids.
///
/// The work is bounded: [#MAX_SPANS] is a limit a caller is told about.
record TraceReader(Searches searches, SpanSource source) {

    /// How many spans are read for one question.
    static final int MAX_SPANS = 200_000;

    /// Documents of some KiB each.
    private static final int PAGE = 500;

    private static final List<String> KEYS = List.of("traceID", "startTime", "spanID");

    private static final String SPANS = "spans";
    private static final String FIRST = "first";
    private static final String LAST = "last";
    private static final String LONGEST = "longest";

    /// A trace and the earliest start of its spans, those that lost against a copy included.
    ///
    /// @param whole false when it is only the beginning, because all of it would be too large
    record Found(long start, Trace trace, boolean whole) {}

    /// What of a trace is read so far.
    private static final class Reading {
        private final List<Slice> bodies = new ArrayList<>();
        private long start = Long.MAX_VALUE;
        private long bytes;

        /// @return false when there is no room for it
        private boolean add(Stored span) {
            bytes += span.body().length();
            boolean full = bytes > TraceStore.MAX_WHOLE_BYTES || bodies.size() == MAX_SPANS;
            if (full && !bodies.isEmpty()) {
                return false;
            }
            start = Math.min(start, span.startNanos());
            bodies.add(span.body());
            return true;
        }

        private Found merged(TraceId id, boolean whole) {
            return new Found(
                    start, new Trace(id, OtlpDecoder.spans(TraceMerge.merge(id, bodies))), whole);
        }
    }

    /// One trace, which holds at least what its [#version] said before.
    Optional<Found> read(List<String> indices, TraceId id) {
        return Optional.ofNullable(ofSameCopies(id).read(indices, List.of(id)).get(id));
    }

    private TraceReader ofSameCopies(TraceId id) {
        return new TraceReader(searches.ofSameCopies(id.toString()), source);
    }

    /// What the documents of a trace come to, Jaeger's included: how many there are, and the times
    /// they span. The place in the log that ours came from is nothing a server can look at.
    TraceVersion version(List<String> indices, TraceId id) {
        var figures =
                Json.object(SPANS, figure("value_count", "traceID"))
                        .<ObjectNode>set(FIRST, figure("min", "startTime"))
                        .<ObjectNode>set(LAST, figure("max", "startTime"))
                        .<ObjectNode>set(LONGEST, figure("max", "duration"));
        var body =
                Json.object()
                        .put("size", 0)
                        .<ObjectNode>set(
                                "query",
                                Query.all(List.of(Query.terms("traceID", spellings(List.of(id))))))
                        .<ObjectNode>set("aggs", figures);
        var answer =
                ofSameCopies(id)
                        .searches()
                        .ask("version of trace " + id, indices, body)
                        .path("aggregations");
        long spans = value(answer, SPANS);
        return spans == 0
                ? TraceVersion.NONE
                : new TraceVersion(
                        spans,
                        value(answer, FIRST)
                                + "-"
                                + value(answer, LAST)
                                + "-"
                                + value(answer, LONGEST));
    }

    private static ObjectNode figure(String kind, String field) {
        return Json.object(kind, Json.object("field", field));
    }

    private static long value(JsonNode figures, String name) {
        return figures.path(name).path("value").asLong();
    }

    /// @param indices all that may hold spans of the traces
    /// @return those that there are
    Map<TraceId, Found> read(List<String> indices, Collection<TraceId> ids) {
        var found = new LinkedHashMap<TraceId, Found>();
        var left = new LinkedHashSet<>(ids);
        var count = new int[1];
        while (!left.isEmpty()) {
            var readings = new LinkedHashMap<TraceId, Reading>();
            // Documents come trace by trace, so those before one that is too large are whole.
            var tooLarge = new ArrayList<TraceId>(1);
            searches.forEach(
                    "trace",
                    indices,
                    Query.terms("traceID", spellings(left)),
                    KEYS,
                    PAGE,
                    hit -> {
                        var id = TraceId.parse(hit.path("_source").path("traceID").asText());
                        if (!readings.computeIfAbsent(id, _ -> new Reading()).add(read(hit))) {
                            tooLarge.add(id);
                            return false;
                        }
                        if (++count[0] > MAX_SPANS) {
                            throw new StoreException(
                                    Kind.OVER_CAPACITY,
                                    "trace: more than " + MAX_SPANS + " spans in " + ids);
                        }
                        return true;
                    });
            readings.forEach(
                    (id, reading) -> found.put(id, reading.merged(id, !tooLarge.contains(id))));
            if (tooLarge.isEmpty()) {
                return found;
            }
            left.removeAll(readings.keySet());
        }
        return found;
    }

    /// Some documents of a trace.
    ///
    /// @param from where the piece before ended; null for the first one
    Optional<TracePiece> piece(List<String> indices, TraceId id, @Nullable JsonNode from) {
        var page =
                searches.page(
                        "trace " + id,
                        indices,
                        Query.terms("traceID", spellings(List.of(id))),
                        KEYS,
                        PAGE,
                        from);
        if (page.hits().isEmpty()) {
            return Optional.empty();
        }
        var bodies = new ArrayList<Slice>(page.hits().size());
        for (var hit : page.hits()) {
            bodies.add(read(hit).body());
        }
        return Optional.of(
                new TracePiece(
                        TraceMerge.merge(id, bodies),
                        page.more() ? Optional.of(page.last().toString()) : Optional.empty()));
    }

    /// Whether a span of a trace of any size is as it should be.
    boolean anyMatch(List<String> indices, TraceId id, Predicate<Span> condition) {
        var matches = new boolean[1];
        searches.forEach(
                "trace " + id,
                indices,
                Query.terms("traceID", spellings(List.of(id))),
                KEYS,
                PAGE,
                hit -> {
                    matches[0] = OtlpDecoder.spans(read(hit).body()).stream().anyMatch(condition);
                    return !matches[0];
                });
        return matches[0];
    }

    private Stored read(JsonNode hit) {
        try {
            return source.read(hit.path("_source"));
        } catch (IllegalArgumentException | MalformedSpansException e) {
            throw new StoreException(
                    Kind.CORRUPT,
                    "document "
                            + hit.path("_id").asText()
                            + " of "
                            + hit.path("_index").asText()
                            + ": "
                            + e.getMessage(),
                    e);
        }
    }

    /// The ids as documents may have them: with all their digits, with the last 16 alone, or
    /// without the zeros they begin with.
    static Set<String> spellings(Collection<TraceId> ids) {
        var spellings = new LinkedHashSet<String>();
        for (var id : ids) {
            String full = id.toString();
            spellings.add(full);
            if (id.high() == 0) {
                spellings.add(full.substring(16));
            }
            spellings.add(full.replaceFirst("^0+", ""));
        }
        return spellings;
    }
}
