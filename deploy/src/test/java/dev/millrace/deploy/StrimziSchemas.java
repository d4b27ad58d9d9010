package dev.millrace.deploy;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.strimzi.api.kafka.model.kafka.Kafka;
import io.strimzi.api.kafka.model.mirrormaker2.KafkaMirrorMaker2;
import io.strimzi.api.kafka.model.nodepool.KafkaNodePool;
import io.strimzi.api.kafka.model.topic.KafkaTopic;
import io.strimzi.api.kafka.model.user.KafkaUser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// The schemas of Strimzi's kinds, made by its own generator of its own models.
final class StrimziSchemas {

    private static final List<Class<?>> KINDS =
            List.of(
                    Kafka.class,
                    KafkaNodePool.class,
                    KafkaTopic.class,
                    KafkaUser.class,
                    KafkaMirrorMaker2.class);

    /// What no validator of JSON schemas knows.
    private static final List<String> OF_KUBERNETES =
            List.of(
                    "example",
                    "x-kubernetes-int-or-string",
                    "x-kubernetes-preserve-unknown-fields",
                    "x-kubernetes-validations");

    private static final Set<String> BRANCHES = Set.of("allOf", "anyOf", "not", "oneOf");

    private StrimziSchemas() {}

    /// By the kind's name; a field that a schema does not name is a mistake.
    static Map<String, JsonNode> byKind() {
        try {
            Path folder = Files.createTempDirectory("strimzi");
            generate(folder);
            var schemas = new TreeMap<String, JsonNode>();
            for (var kind : KINDS) {
                Path file = folder.resolve(kind.getSimpleName() + ".yaml");
                var schema =
                        new YAMLMapper()
                                .readTree(Files.readString(file))
                                .at("/spec/versions/0/schema/openAPIV3Schema");
                close((ObjectNode) schema);
                // What Kubernetes adds to every document.
                ((ObjectNode) schema.path("properties").path("metadata"))
                        .remove("additionalProperties");
                schemas.put(kind.getSimpleName(), schema);
                Files.delete(file);
            }
            Files.delete(folder);
            return schemas;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // In a process of its own, for it ends the one it runs in.
    private static void generate(Path folder) throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-cp"));
        command.add(
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path")));
        command.add("io.strimzi.crdgenerator.CrdGenerator");
        command.addAll(List.of("--yaml", "--crd-api-version", "v1"));
        command.addAll(List.of("--api-versions", "v1", "--storage-version", "v1"));
        for (var kind : KINDS) {
            command.add(kind.getName() + "=" + folder.resolve(kind.getSimpleName() + ".yaml"));
        }
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException("Strimzi's generator failed: " + said);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static void close(JsonNode schema) {
        if (schema instanceof ObjectNode object) {
            if (object.has("properties")
                    && !object.has("additionalProperties")
                    && !object.path("x-kubernetes-preserve-unknown-fields").asBoolean()) {
                object.put("additionalProperties", false);
            }
            if (object.path("x-kubernetes-int-or-string").asBoolean()) {
                object.remove("type");
            }
            object.remove(OF_KUBERNETES);
        }
        for (var part : schema.properties()) {
            // A branch says what it needs, and leaves what there may be to the whole.
            if (!BRANCHES.contains(part.getKey())) {
                close(part.getValue());
            }
        }
        if (schema.isArray()) {
            schema.forEach(StrimziSchemas::close);
        }
    }
}
