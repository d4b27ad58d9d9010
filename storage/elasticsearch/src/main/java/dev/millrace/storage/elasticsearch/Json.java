package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/// Short words for the JSON that requests are made of.
final class Json {

    /// Answers hold whole spans in one string.
    static final ObjectMapper MAPPER = mapper();

    private Json() {}

    private static ObjectMapper mapper() {
        var mapper = new ObjectMapper();
        mapper.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxStringLength(256 << 20).build());
        return mapper;
    }

    static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    static ObjectNode object(String key, JsonNode value) {
        return object().set(key, value);
    }

    static ObjectNode object(String key, String value) {
        return object().put(key, value);
    }

    static ObjectNode object(String key, long value) {
        return object().put(key, value);
    }

    static ArrayNode array(Collection<String> texts) {
        var array = JsonNodeFactory.instance.arrayNode();
        texts.forEach(array::add);
        return array;
    }

    static ArrayNode array(JsonNode... nodes) {
        var array = JsonNodeFactory.instance.arrayNode();
        for (var node : nodes) {
            array.add(node);
        }
        return array;
    }

    static byte[] bytes(JsonNode node) {
        try {
            return MAPPER.writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of JSON that cannot be written", e);
        }
    }

    static JsonNode parse(byte[] bytes) throws IOException {
        @Nullable JsonNode tree = MAPPER.readTree(bytes);
        return tree == null ? MAPPER.missingNode() : tree;
    }
}
