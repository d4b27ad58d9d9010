package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// The servers' query language, as far as it is used here. Nothing is scored.
final class Query {

    /// Where keywords of Jaeger's templates stop being indexed, UTF-16 units.
    static final int MAX_KEYWORD = 256;

    private Query() {}

    static ObjectNode all(Collection<? extends JsonNode> filters) {
        return bool("filter", filters);
    }

    static ObjectNode any(JsonNode... alternatives) {
        return any(List.of(alternatives));
    }

    static ObjectNode any(Collection<? extends JsonNode> alternatives) {
        return bool("should", alternatives);
    }

    private static ObjectNode bool(String occur, Collection<? extends JsonNode> clauses) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        clauses.forEach(array::add);
        return Json.object("bool", Json.object(occur, array));
    }

    static ObjectNode term(String field, String value) {
        return Json.object("term", Json.object(field, value));
    }

    static ObjectNode terms(String field, Collection<String> values) {
        return Json.object("terms", Json.object(field, Json.array(values)));
    }

    static ObjectNode prefix(String field, String value) {
        return Json.object("prefix", Json.object(field, value));
    }

    static ObjectNode lacks(String field) {
        return Json.object(
                "bool",
                Json.object(
                        "must_not",
                        Json.array(Json.object("exists", Json.object("field", field)))));
    }

    static ObjectNode range(String field, long least, long most) {
        return Json.object(
                "range", Json.object(field, Json.object().put("gte", least).put("lte", most)));
    }

    static ObjectNode nested(String path, Collection<? extends JsonNode> filters) {
        return Json.object(
                "nested",
                Json.object()
                        .put("path", path)
                        .put("ignore_unmapped", true)
                        .set("query", all(filters)));
    }

    /// Every document whose field has one of these texts, and when one is too long to be indexed,
    /// every document whose field has not been.
    static ObjectNode text(String field, Collection<String> values) {
        var alternatives = new ArrayList<JsonNode>();
        alternatives.add(terms(field, values));
        if (values.stream().anyMatch(value -> value.length() > MAX_KEYWORD)) {
            alternatives.add(lacks(field));
        }
        return any(alternatives);
    }
}
