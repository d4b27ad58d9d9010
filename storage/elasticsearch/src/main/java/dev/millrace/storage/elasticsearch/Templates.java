package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Indices;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Layout;

/// What indices are told when they are made: Jaeger's fields with Jaeger's types, and `millrace`.
final class Templates {

    /// The field that holds what Jaeger's have no room for.
    static final String MILLRACE = "millrace";

    private Templates() {}

    /// A composable template, as Jaeger has it on Elasticsearch from version 8.
    static ObjectNode composable(Indices config, IndexNames names, IndexKind kind) {
        // Patterns of tenants can overlap; then the longer one must win.
        int priority = kind.priority() + (names.ofDefaultTenant() ? 0 : names.prefix().length());
        return withVersion(
                patterns(names, kind)
                        .put("priority", priority)
                        .set("template", content(config, names, kind)));
    }

    /// A template of the older kind, as Jaeger has it on OpenSearch.
    static ObjectNode legacy(Indices config, IndexNames names, IndexKind kind) {
        return withVersion(patterns(names, kind).setAll(content(config, names, kind)));
    }

    /// The number by which a template is known to be the same; the servers only keep it.
    static int version(JsonNode template) {
        return template.path("version").asInt();
    }

    private static ObjectNode withVersion(ObjectNode template) {
        return template.put("version", template.toString().hashCode() & Integer.MAX_VALUE);
    }

    private static ObjectNode patterns(IndexNames names, IndexKind kind) {
        ArrayNode patterns = JsonNodeFactory.instance.arrayNode().add(names.pattern(kind));
        return Json.object().set("index_patterns", patterns);
    }

    private static ObjectNode content(Indices config, IndexNames names, IndexKind kind) {
        var content = Json.object();
        if (config.layout() == Layout.ROLLOVER) {
            content.set("aliases", Json.object(names.readAlias(kind), Json.object()));
        }
        content.set(
                "settings",
                Json.object()
                        .put("index.number_of_shards", config.shards())
                        .put("index.number_of_replicas", config.replicas())
                        .put("index.mapping.nested_fields.limit", 50)
                        .put("index.requests.cache.enable", true));
        content.set(
                "mappings",
                switch (kind) {
                    case SPAN -> spans();
                    case SERVICE -> services();
                    case DEPENDENCIES -> dependencies();
                });
        return content;
    }

    /// What an index gets whatever template made it, and by which it is known as ours.
    static ObjectNode ours(Indices config, IndexKind kind) {
        return Json.object()
                .<ObjectNode>set("_meta", Json.object(MILLRACE, IndexMarks.note(config.prefix())))
                .set("properties", Json.object(MILLRACE, millrace(kind)));
    }

    private static ObjectNode millrace(IndexKind kind) {
        return switch (kind) {
            case SPAN, DEPENDENCIES -> Json.object("type", "object").put("enabled", false);
            // Operations are told apart by it when they are listed.
            case SERVICE -> object(Json.object("kind", keyword()));
        };
    }

    private static ObjectNode spans() {
        var properties = Json.object();
        for (var field : new String[] {"traceID", "spanID", "parentSpanID", "operationName"}) {
            properties.set(field, keyword());
        }
        properties.set("startTime", type("long"));
        properties.set("startTimeMillis", type("date").put("format", "epoch_millis"));
        properties.set("duration", type("long"));
        properties.set("flags", type("integer"));
        properties.set("tag", type("object"));
        properties.set("tags", pairs());
        properties.set("scopeTag", type("object"));
        properties.set("scopeTags", pairs());
        properties.set(
                "process",
                object(
                        Json.object("serviceName", keyword())
                                .<ObjectNode>set("tag", type("object"))
                                .set("tags", pairs())));
        properties.set(
                "references",
                nested(
                        Json.object("refType", keyword())
                                .<ObjectNode>set("traceID", keyword())
                                .<ObjectNode>set("spanID", keyword())
                                .<ObjectNode>set("traceState", keyword())
                                .<ObjectNode>set("flags", type("integer"))
                                .set("tags", pairs())));
        properties.set(
                "logs", nested(Json.object("timestamp", type("long")).set("fields", pairs())));
        properties.set(MILLRACE, millrace(IndexKind.SPAN));
        return mappings(properties, "tag.*", "process.tag.*", "scopeTag.*");
    }

    private static ObjectNode services() {
        return mappings(
                Json.object("serviceName", keyword())
                        .<ObjectNode>set("operationName", keyword())
                        .set(MILLRACE, millrace(IndexKind.SERVICE)));
    }

    private static ObjectNode dependencies() {
        return mappings(
                Json.object("timestamp", type("date"))
                        .set(MILLRACE, millrace(IndexKind.DEPENDENCIES)));
    }

    private static ObjectNode mappings(JsonNode properties, String... keywordPaths) {
        ArrayNode dynamic = JsonNodeFactory.instance.arrayNode();
        for (var path : keywordPaths) {
            String name = path.substring(0, path.length() - 2).replace('.', '_');
            dynamic.add(
                    Json.object(name, Json.object("path_match", path).set("mapping", keyword())));
        }
        return Json.object()
                .<ObjectNode>set("dynamic_templates", dynamic)
                .set("properties", properties);
    }

    /// A list of tags, each a document of its own to the server.
    private static ObjectNode pairs() {
        return nested(
                Json.object("key", keyword())
                        .<ObjectNode>set("value", keyword())
                        .set("type", keyword()));
    }

    private static ObjectNode nested(JsonNode properties) {
        return type("nested").put("dynamic", false).set("properties", properties);
    }

    private static ObjectNode object(JsonNode properties) {
        return Json.object("properties", properties);
    }

    private static ObjectNode keyword() {
        return type("keyword").put("ignore_above", Query.MAX_KEYWORD);
    }

    private static ObjectNode type(String name) {
        return Json.object("type", name);
    }
}
