package dev.millrace.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Base and components are what the chart says today, and overlays find what they change.
final class KustomizeTest {

    private static final String KUSTOMIZATION = "kustomization.yaml";

    static Stream<Path> kustomizations() {
        return Repository.files(Repository.KUBERNETES, KUSTOMIZATION).stream();
    }

    private static JsonNode read(Path file) {
        return Rendering.parse(Repository.read(file)).getFirst();
    }

    @Test
    void theManifestsAreThoseOfTheChart() {
        // Given
        var wanted =
                new Kustomize(new Chart(Repository.CHART), Repository.VALUES.resolve("edge.yaml"))
                        .files();

        // Then
        wanted.forEach((name, text) ->
                assertThat(Repository.KUBERNETES.resolve(name))
                        .as("./dev manifests writes it")
                        .hasContent(text));
        assertThat(
                        Repository.files(Repository.KUBERNETES, ".yaml").stream()
                                .filter(file -> !file.endsWith(KUSTOMIZATION))
                                .map(file -> Repository.KUBERNETES.relativize(file).toString()))
                .as("nothing is left over")
                .isSubsetOf(wanted.keySet());
    }

    @ParameterizedTest
    @MethodSource("kustomizations")
    void everythingNamedIsThere(Path file) {
        // Given
        var listed = new TreeSet<Path>();
        read(file)
                .path("resources")
                .forEach(name -> listed.add(file.resolveSibling(name.asText())));
        read(file)
                .path("components")
                .forEach(name -> listed.add(file.resolveSibling(name.asText())));

        // Then
        assertThat(listed)
                .isNotEmpty()
                .allSatisfy(path ->
                        assertThat(Files.isDirectory(path) ? path.resolve(KUSTOMIZATION) : path)
                                .isRegularFile());
    }

    @ParameterizedTest
    @MethodSource("kustomizations")
    void everyFileBesideItIsListed(Path file) {
        // Given
        var listed = new TreeSet<String>();
        read(file).path("resources").forEach(name -> listed.add(name.asText()));

        // Then
        assertThat(
                        Repository.files(file.resolveSibling("."), ".yaml").stream()
                                .map(Path::getFileName)
                                .map(Path::toString)
                                .filter(name -> !name.equals(KUSTOMIZATION)))
                .allMatch(listed::contains);
    }

    /// All documents that a kustomization has to do with, before it changes them.
    private static List<JsonNode> documents(Path file) {
        var documents = new ArrayList<JsonNode>();
        var kustomization = read(file);
        for (JsonNode name : kustomization.path("resources")) {
            Path path = file.resolveSibling(name.asText());
            documents.addAll(
                    Files.isDirectory(path)
                            ? documents(path.resolve(KUSTOMIZATION))
                            : Rendering.parse(Repository.read(path)));
        }
        for (JsonNode name : kustomization.path("components")) {
            documents.addAll(documents(file.resolveSibling(name.asText()).resolve(KUSTOMIZATION)));
        }
        return documents;
    }

    @ParameterizedTest
    @MethodSource("kustomizations")
    void everyPatchFindsWhatItChanges(Path file) {
        // Given
        var documents = documents(file);
        if (read(file).path("kind").asText().equals("Component")) {
            documents.addAll(
                    documents(Repository.KUBERNETES.resolve("base").resolve(KUSTOMIZATION)));
        }

        for (JsonNode patch : read(file).path("patches")) {
            // When
            var target = patch.path("target");
            var found = documents.stream().filter(document -> matches(target, document)).toList();

            // Then
            assertThat(found).as("%s", target).isNotEmpty();
            for (JsonNode change : Rendering.parse(patch.path("patch").asText()).getFirst()) {
                if (change.has("path")) {
                    assertThat(found)
                            .allSatisfy(document ->
                                    assertThat(
                                                    document.at(change.path("path").asText())
                                                            .isMissingNode())
                                            .as("%s", change.path("path"))
                                            .isFalse());
                }
            }
        }
    }

    private static boolean matches(JsonNode target, JsonNode document) {
        return target.path("kind").equals(document.path("kind"))
                && target.path("name").equals(document.at("/metadata/name"));
    }

    @Test
    void theEdgeKeepsOnlyWhatTakesSpansIn() {
        // Given
        Path edge = Repository.KUBERNETES.resolve("overlays/edge").resolve(KUSTOMIZATION);

        // When
        var rendering = new Rendering("edge", documents(edge));

        // Then
        assertThat(rendering.workloads().map(Rendering.Workload::command))
                .containsExactlyInAnyOrder("collector", "agent");
        assertThat(rendering.ofKind("ConfigMap").map(Rendering::name))
                .containsExactlyInAnyOrder(
                        "millrace-collector", "millrace-agent", "millrace-dashboard");
        assertThat(rendering.ofKind("KafkaTopic").map(Rendering::name))
                .containsExactlyInAnyOrder(
                        "millrace-spans", "millrace-ledger", "millrace-dead-letters");
    }
}
