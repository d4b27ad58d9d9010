package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// Holds answers against the description of our own API.
///
/// What the description does not name counts as a mistake here, though clients are not told so:
/// fields may be added.
final class OpenApiCheck {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final ObjectNode document;
    private final JsonSchemaFactory schemas =
            JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);

    OpenApiCheck(String text) {
        this.document = (ObjectNode) read(text);
        forbidOthers(document);
    }

    static JsonNode read(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void forbidOthers(JsonNode node) {
        if (node instanceof ObjectNode object
                && object.path("properties").isObject()
                && object.path("type").asText().equals("object")) {
            object.put("additionalProperties", false);
        }
        node.forEach(OpenApiCheck::forbidOthers);
    }

    /// Asserts that the answer is one the description announces.
    HttpResponse<String> announced(String address, HttpResponse<String> response) {
        String path = path(address.replaceFirst("\\?.*", ""));
        var answers = document.at("/paths").path(path).path("get").path("responses");
        String status = Integer.toString(response.statusCode());
        assertThat(answers.has(status)).as("%s of %s is announced", status, path).isTrue();
        var answer = followed(answers.path(status));
        String type = response.headers().firstValue("content-type").orElse("").split(";", 2)[0];
        var schema = answer.path("content").path(type).path("schema");
        assertThat(schema.isObject()).as("%s of %s %s", type, path, status).isTrue();
        if (type.equals("application/json")) {
            var whole = JSON.createObjectNode();
            whole.setAll((ObjectNode) schema);
            whole.set("components", document.path("components"));
            assertThat(schemas.getSchema(whole).validate(read(response.body())))
                    .as("%s: %s", address, response.body())
                    .isEmpty();
        }
        // OTLP has no field for it.
        if (!path.equals("/v1/traces/{traceId}")) {
            assertThat(response.headers().firstValue("millrace-partial").isPresent())
                    .as("a header tells that it is partial: %s", response.body())
                    .isEqualTo(response.body().contains("\"partial\":true"));
        }
        return response;
    }

    private JsonNode followed(JsonNode node) {
        return node.has("$ref") ? document.at(node.path("$ref").asText().substring(1)) : node;
    }

    /// The path with variables that an address meets, the most exact one.
    private String path(String address) {
        var met = new TreeMap<String, Integer>();
        document.path("paths")
                .fieldNames()
                .forEachRemaining(path -> {
                    var pattern = Pattern.quote(path).replaceAll("\\{\\w+}", "\\\\E[^/]+\\\\Q");
                    if (address.matches(pattern)) {
                        met.put(path, path.replaceAll("\\{\\w+}", "").length());
                    }
                });
        assertThat(met).as("a path that %s meets", address).isNotEmpty();
        return met.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
    }
}
