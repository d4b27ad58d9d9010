package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.analysis.Figures;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The figures of services as Jaeger's documents of dependencies, with all of them beside.
///
/// Jaeger sees who calls whom how often. Documents of Jaeger's own come back as minutes of the
/// partition [#OF_JAEGER] that know no more than that; those of one minute are one, added up.
record DependencyDocuments(Searches searches) {

    /// Stands for the partition where there is none.
    static final int OF_JAEGER = -1;

    private static final long MINUTE_MILLIS = 60_000;
    private static final int PAGE = 500;

    /// Far from where dates end on the servers, and from where numbers do.
    private static final long LAST_MINUTE = 4_000_000_000L;

    static Instant time(long minute) {
        return Instant.ofEpochSecond(bounded(minute) * 60);
    }

    private static long bounded(long minute) {
        return Math.clamp(minute, 0, LAST_MINUTE);
    }

    static BulkItem document(String index, DependencyMinute minute) {
        var source =
                Json.object("timestamp", time(minute.minute()).toString())
                        .<ObjectNode>set("dependencies", links(minute))
                        .<ObjectNode>set(
                                Templates.MILLRACE,
                                Json.object("minute", minute.minute())
                                        .put("partition", minute.partition())
                                        .put("upTo", minute.upTo())
                                        .put("entries", entries(minute)));
        String id = "minute-" + minute.minute() + "-partition-" + minute.partition();
        return new BulkItem(index, id, Json.bytes(source), "dependencies of " + id);
    }

    // Of calls that nobody made Jaeger would draw a service.
    private static ArrayNode links(DependencyMinute minute) {
        var calls = new LinkedHashMap<List<String>, Double>();
        for (var entry : minute.entries()) {
            if (entry.series() instanceof Dependency link
                    && !link.caller().equals(Dependency.USER)) {
                calls.merge(
                        List.of(link.caller(), link.callee()),
                        entry.figures().calls(),
                        Double::sum);
            }
        }
        var links = JsonNodeFactory.instance.arrayNode();
        calls.forEach((pair, count) ->
                links.add(
                        Json.object("parent", pair.get(0))
                                .put("child", pair.get(1))
                                .put("callCount", Math.round(count))));
        return links;
    }

    private static byte[] entries(DependencyMinute minute) {
        var origin = new Origin("", minute.partition(), 0);
        return new DependencyDelta(minute.tenant(), origin, minute.entries())
                .encode()
                .toByteArray();
    }

    List<DependencyMinute> read(List<String> indices, Tenant tenant, long from, long to) {
        var query =
                Json.object(
                        "range",
                        Json.object(
                                "timestamp",
                                Json.object("gte", bounded(from) * MINUTE_MILLIS)
                                        .put("lt", bounded(to) * MINUTE_MILLIS)
                                        .put("format", "epoch_millis")));
        var ours = new LinkedHashMap<List<Long>, DependencyMinute>();
        var jaegers = new TreeMap<Long, Map<Dependency, Figures>>();
        searches.forEach(
                "dependencies",
                indices,
                query,
                List.of("timestamp"),
                PAGE,
                hit -> {
                    var source = hit.path("_source");
                    if (source.has(Templates.MILLRACE)) {
                        addOurs(ours, ours(tenant, source.path(Templates.MILLRACE)));
                    } else {
                        long minute =
                                Math.floorDiv(hit.path("sort").path(0).asLong(), MINUTE_MILLIS);
                        addJaegers(
                                jaegers.computeIfAbsent(minute, _ -> new LinkedHashMap<>()),
                                source);
                    }
                    return true;
                });
        var all = new ArrayList<>(ours.values());
        jaegers.forEach((minute, links) -> all.add(jaegers(tenant, minute, links)));
        return all;
    }

    // After a rollover an older copy may be left in the index before.
    private static void addOurs(Map<List<Long>, DependencyMinute> ours, DependencyMinute one) {
        ours.merge(
                List.of(one.minute(), (long) one.partition()),
                one,
                (a, b) -> b.upTo() >= a.upTo() ? b : a);
    }

    private static DependencyMinute ours(Tenant tenant, JsonNode kept) {
        try {
            byte @Nullable [] bytes = kept.path("entries").binaryValue();
            var delta = DependencyDelta.decode(bytes == null ? Slice.EMPTY : Slice.of(bytes));
            return new DependencyMinute(
                    tenant,
                    kept.path("minute").asLong(),
                    kept.path("partition").asInt(),
                    kept.path("upTo").asLong(),
                    delta.entries());
        } catch (IOException | MalformedSpansException | IllegalArgumentException e) {
            throw new StoreException(
                    Kind.CORRUPT,
                    "dependencies of minute " + kept.path("minute") + ": " + e.getMessage(),
                    e);
        }
    }

    private static void addJaegers(Map<Dependency, Figures> links, JsonNode source) {
        for (var link : source.path("dependencies")) {
            var pair =
                    new Dependency(
                            link.path("parent").asText(),
                            link.path("child").asText(),
                            Connection.PLAIN);
            var calls = Figures.ofCalls(link.path("callCount").asLong());
            var before = links.putIfAbsent(pair, calls);
            if (before != null) {
                before.add(calls);
            }
        }
    }

    private static DependencyMinute jaegers(
            Tenant tenant, long minute, Map<Dependency, Figures> links) {
        var entries = new ArrayList<Entry>();
        links.forEach((pair, calls) -> entries.add(new Entry(minute, pair, calls)));
        return new DependencyMinute(tenant, minute, OF_JAEGER, 0, entries);
    }
}
