package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.assembly.TraceMerge;
import dev.millrace.model.Slice;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
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

/// Reads whole traces by their ids.
///
/// The work is bounded: [#MAX_SPANS] is a limit a caller is told about.
record TraceReader(Searches searches, SpanSource source) {

    /// How many spans are read for one question.
    static final int MAX_SPANS = 1_000_000;

    /// Documents of some KiB each.
    private static final int PAGE = 1_000;

    private static final List<String> KEYS = List.of("traceID", "startTime", "spanID");

    private static final String SPANS = "spans";
    private static final String FIRST = "first";
    private static final String LAST = "last";
    private static final String LONGEST = "longest";

    /// A trace and the earliest start of its spans, those that lost against a copy included.
    record Found(long start, Trace trace) {}

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
        var bodies = new LinkedHashMap<TraceId, List<Stored>>();
        var count = new int[1];
        searches.forEach(
                "trace",
                indices,
                Query.terms("traceID", spellings(ids)),
                KEYS,
                PAGE,
                hit -> {
                    if (++count[0] > MAX_SPANS) {
                        throw new StoreException(
                                Kind.OVER_CAPACITY,
                                "trace: more than " + MAX_SPANS + " spans in " + ids);
                    }
                    var id = TraceId.parse(hit.path("_source").path("traceID").asText());
                    bodies.computeIfAbsent(id, _ -> new ArrayList<>()).add(read(hit));
                });
        var found = new LinkedHashMap<TraceId, Found>();
        bodies.forEach((id, stored) -> found.put(id, merged(id, stored)));
        return found;
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

    private static Found merged(TraceId id, List<Stored> stored) {
        var bodies = new ArrayList<Slice>(stored.size());
        long start = Long.MAX_VALUE;
        for (var span : stored) {
            bodies.add(span.body());
            start = Math.min(start, span.startNanos());
        }
        return new Found(start, new Trace(id, OtlpDecoder.spans(TraceMerge.merge(id, bodies))));
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
