package dev.millrace.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every document is one that its reader understands, to the last field.
final class SchemaTest {

    private static final Schemas SCHEMAS = new Schemas();

    static Stream<Rendering> renderings() {
        return Rendering.all();
    }

    @ParameterizedTest
    @MethodSource("renderings")
    void everyDocumentIsWhatItsReaderExpects(Rendering rendering) {
        assertThat(rendering.documents()).isNotEmpty();
        for (var document : rendering.documents()) {
            assertThat(SCHEMAS.problems(document)).as("%s", Rendering.name(document)).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("renderings")
    void noDocumentIsThereTwice(Rendering rendering) {
        assertThat(
                        rendering.documents().stream()
                                .map(document ->
                                        document.path("kind").asText()
                                                + "/"
                                                + Rendering.name(document)))
                .doesNotHaveDuplicates();
    }

    /// A document with a field that nobody knows, in the middle of it.
    private static JsonNode broken(String kind, String path) {
        var rendering =
                Rendering.of(
                        Map.of(
                                "strimzi.enabled", "true",
                                "keda.enabled", "true",
                                "monitoring.enabled", "true"));
        JsonNode document = rendering.ofKind(kind).findFirst().orElseThrow().deepCopy();
        ((ObjectNode) document.at(path)).put("replcas", 1);
        return document;
    }

    @Test
    void aFieldThatNobodyKnowsIsFound() {
        // Given
        var places =
                Map.of(
                        "Deployment", "/spec/template/spec/containers/0",
                        "StatefulSet", "/spec",
                        "CronJob", "/spec/jobTemplate/spec/template/spec",
                        "NetworkPolicy", "/spec/ingress/0",
                        "Kafka", "/spec/kafka/listeners/0",
                        "KafkaTopic", "/spec",
                        "KafkaUser", "/spec/authorization",
                        "ScaledObject", "/spec/triggers/0",
                        "ServiceMonitor", "/spec/endpoints/0",
                        "PrometheusRule", "/spec/groups/0/rules/0");

        // Then
        places.forEach((kind, path) ->
                assertThat(SCHEMAS.problems(broken(kind, path)))
                        .as(kind)
                        .anySatisfy(problem -> assertThat(problem).contains("replcas")));
    }

    @Test
    void aFieldThatMustBeThereIsMissed() {
        // Given
        var topic = broken("KafkaTopic", "/spec");
        ((ObjectNode) topic.at("/spec")).remove("replcas");
        ((ObjectNode) topic.at("/spec")).put("partitions", 0);
        var deployment = broken("Deployment", "/metadata");
        ((ObjectNode) deployment.at("/metadata")).remove("replcas");
        ((ObjectNode) deployment.at("/spec")).remove("selector");

        // Then
        assertThat(SCHEMAS.problems(topic)).singleElement().asString().contains("partitions");
        assertThat(SCHEMAS.problems(deployment)).singleElement().asString().contains("selector");
    }

    @Test
    void eachKindHasASchema() {
        assertThat(List.of("Kafka", "KafkaNodePool", "KafkaMirrorMaker2", "DaemonSet"))
                .allSatisfy(kind ->
                        assertThat(Rendering.all().flatMap(rendering -> rendering.ofKind(kind)))
                                .isNotEmpty());
    }
}
