package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.assembly.TraceMerge;
import dev.millrace.model.Slice;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.elasticsearch.SpanSource.Stored;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
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

    /// A trace and the earliest start of its spans, those that lost against a copy included.
    record Found(long start, Trace trace) {}

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
