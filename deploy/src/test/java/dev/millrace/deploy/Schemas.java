package dev.millrace.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import io.kubernetes.client.openapi.JSON;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// What the readers of manifests make of them, strictly: unknown fields are mistakes.
///
/// Kubernetes' own kinds are held against its official client, those of Strimzi against the schemas
/// that its generator makes, those of the Prometheus operator against fabric8's models. KEDA
/// publishes neither models nor schemas where Maven finds them: `keda.schema.json` says which
/// fields we use, of what type, and that there are no others. The same is done for Kustomize.
final class Schemas {

    private static final ObjectMapper JSON_MAPPER = new ObjectMapper();

    private static final Map<String, Class<?>> MONITORING =
            Map.of("ServiceMonitor", ServiceMonitor.class, "PrometheusRule", PrometheusRule.class);

    private static final JsonSchemaFactory FACTORY =
            JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);

    private final Map<String, JsonSchema> byKind = new HashMap<>();

    Schemas() {
        StrimziSchemas.byKind()
                .forEach((kind, schema) -> byKind.put(kind, FACTORY.getSchema(schema)));
        var declared = declared();
        for (String kind :
                List.of("ScaledObject", "TriggerAuthentication", "Kustomization", "Component")) {
            byKind.put(kind, FACTORY.getSchema(declared.deepCopy().put("$ref", "#/$defs/" + kind)));
        }
    }

    private static ObjectNode declared() {
        try (InputStream stream = Schemas.class.getResourceAsStream("declared.schema.json")) {
            return (ObjectNode)
                    JSON_MAPPER.readTree(Objects.requireNonNull(stream, "declared.schema.json"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What is wrong with a document; empty when nothing is.
    List<String> problems(JsonNode document) {
        String version = document.path("apiVersion").asText();
        String kind = document.path("kind").asText();
        String group = version.contains("/") ? version.substring(0, version.indexOf('/')) : "";
        return switch (group) {
            case "kafka.strimzi.io", "keda.sh", "kustomize.config.k8s.io" ->
                    bySchema(kind, document);
            case "monitoring.coreos.com" -> byModel(kind, document);
            default -> byClient(version, kind, document);
        };
    }

    private List<String> bySchema(String kind, JsonNode document) {
        var schema = byKind.get(kind);
        return schema == null
                ? List.of(kind + ": no schema known")
                : schema.validate(document).stream().map(ValidationMessage::getMessage).toList();
    }

    /// The official client knows the fields of every class it is generated from, and which of them
    /// must be there.
    private static List<String> byClient(String version, String kind, JsonNode document) {
        String last = version.substring(version.indexOf('/') + 1);
        String name =
                "io.kubernetes.client.openapi.models."
                        + Character.toUpperCase(last.charAt(0))
                        + last.substring(1)
                        + kind;
        try {
            var type = Class.forName(name);
            var element = JsonParser.parseString(document.toString());
            type.getMethod("validateJsonElement", JsonElement.class).invoke(null, element);
            var _ = JSON.getGson().fromJson(element, type);
            return List.of();
        } catch (ReflectiveOperationException | RuntimeException e) {
            return List.of(String.valueOf(e.getCause() == null ? e : e.getCause()));
        }
    }

    /// fabric8's models keep what they do not know; so there is nothing unknown when what they
    /// write is not more than what they know.
    private static List<String> byModel(String kind, JsonNode document) {
        var type = MONITORING.get(kind);
        if (type == null) {
            return List.of(kind + ": no model known");
        }
        var problems = new ArrayList<String>();
        Object model = Serialization.unmarshal(document.toString(), type);
        UnknownFields.in(model, kind, problems);
        return problems;
    }
}
