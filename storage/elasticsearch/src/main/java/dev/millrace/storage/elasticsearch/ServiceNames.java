package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanKind;
import dev.millrace.storage.api.Operation;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The services and operations that there are: Jaeger's documents of both, with the kind beside.
///
/// Jaeger knows no kinds. Where only its own documents tell of an operation, the kind is
/// unspecified.
record ServiceNames(Searches searches) {

    private static final String SERVICE = "serviceName";
    private static final String OPERATION = "operationName";
    private static final String KIND = Templates.MILLRACE + ".kind";
    private static final int PAGE = 1_000;

    /// How many documents with names too long for the index are looked at.
    private static final int MAX_LONG_NAMES = 10_000;

    /// The document of a span's service and operation.
    static BulkItem document(String index, Span span, String owner) {
        var source =
                Json.object()
                        .put(SERVICE, span.serviceName())
                        .put(OPERATION, span.name())
                        .<ObjectNode>set(
                                Templates.MILLRACE, Json.object("kind", text(span.kind())));
        return new BulkItem(index, id(span), Json.bytes(source), owner);
    }

    // Not Jaeger's: its ids do not tell "ab" and "c" from "a" and "bc".
    private static String id(Span span) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            byte[] service = span.serviceName().getBytes(StandardCharsets.UTF_8);
            digest.update((byte) span.kind().number());
            digest.update(Integer.toString(service.length).getBytes(StandardCharsets.US_ASCII));
            digest.update((byte) 0);
            digest.update(service);
            digest.update(span.name().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256: every Java platform has it", e);
        }
    }

    private static String text(SpanKind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    List<String> services(List<String> indices) {
        var names = new TreeSet<String>();
        forEachBucket(
                indices,
                Json.object("match_all", Json.object()),
                List.of(SERVICE),
                key -> names.add(service(key.path(SERVICE).asText())));
        forEachLong(
                indices,
                Query.lacks(SERVICE),
                source -> {
                    if (source.path(SERVICE).isTextual()) {
                        names.add(service(source.path(SERVICE).asText()));
                    }
                });
        return List.copyOf(names);
    }

    private static String service(String name) {
        return name.equals(TagNames.NO_SERVICE) ? Resource.UNKNOWN_SERVICE : name;
    }

    List<Operation> operations(List<String> indices, String service) {
        var kinds = new TreeMap<String, Set<SpanKind>>();
        var ofService =
                Query.text(
                        SERVICE,
                        service.equals(Resource.UNKNOWN_SERVICE)
                                ? List.of(service, TagNames.NO_SERVICE)
                                : List.of(service));
        if (service.length() <= Query.MAX_KEYWORD) {
            forEachBucket(
                    indices,
                    ofService,
                    List.of(OPERATION, KIND),
                    key -> {
                        if (key.path(OPERATION).isTextual()) {
                            add(kinds, key.path(OPERATION).asText(), key.path(KIND));
                        }
                    });
        }
        forEachLong(
                indices,
                Query.all(
                        List.of(
                                ofService,
                                Query.any(Query.lacks(SERVICE), Query.lacks(OPERATION)))),
                source -> {
                    if (service(source.path(SERVICE).asText()).equals(service)) {
                        add(
                                kinds,
                                source.path(OPERATION).asText(),
                                source.path(Templates.MILLRACE).path("kind"));
                    }
                });
        var operations = new TreeSet<Operation>();
        kinds.forEach((name, ofName) -> {
            ofName.forEach(kind -> operations.add(new Operation(name, kind)));
            if (ofName.isEmpty()) {
                operations.add(new Operation(name, SpanKind.UNSPECIFIED));
            }
        });
        return List.copyOf(operations);
    }

    private static void add(TreeMap<String, Set<SpanKind>> kinds, String name, JsonNode kind) {
        var ofName = kinds.computeIfAbsent(name, _ -> new TreeSet<>());
        for (var known : SpanKind.values()) {
            if (text(known).equals(kind.asText())) {
                ofName.add(known);
            }
        }
    }

    /// Hands out every combination of values that there is of some fields, null for none of a
    /// field.
    private void forEachBucket(
            List<String> indices, JsonNode query, List<String> fields, Consumer<JsonNode> each) {
        @Nullable JsonNode after = null;
        do {
            var sources = Json.array();
            for (var field : fields) {
                var terms = Json.object("field", field).put("missing_bucket", fields.size() > 1);
                sources.add(Json.object(field, Json.object("terms", terms)));
            }
            var composite = Json.object("size", PAGE).<ObjectNode>set("sources", sources);
            if (after != null) {
                composite.set("after", after);
            }
            var body =
                    Json.object("size", 0)
                            .<ObjectNode>set("query", query)
                            .<ObjectNode>set(
                                    "aggs",
                                    Json.object("names", Json.object("composite", composite)));
            var names = searches.ask("names", indices, body).path("aggregations").path("names");
            names.path("buckets").forEach(bucket -> each.accept(bucket.path("key")));
            after = names.get("after_key");
        } while (after != null);
    }

    private void forEachLong(List<String> indices, JsonNode query, Consumer<JsonNode> each) {
        var body = Json.object("size", MAX_LONG_NAMES).<ObjectNode>set("query", query);
        Searches.hits(searches.ask("names", indices, body))
                .forEach(hit -> each.accept(hit.path("_source")));
    }
}
