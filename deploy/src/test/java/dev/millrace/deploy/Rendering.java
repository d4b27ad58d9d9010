package dev.millrace.deploy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/// Documents that go to a cluster together, and where they are from.
///
/// @param from the values of the chart, or the file, for those who read a failure
record Rendering(String from, List<JsonNode> documents) {

    private static final ObjectReader YAML = new YAMLMapper().readerFor(JsonNode.class);

    private static final Chart CHART = new Chart(Repository.CHART);

    private static final Map<String, Rendering> CHARTS = new ConcurrentHashMap<>();

    /// Rendered once for all tests.
    private static final class Everything {
        private static final List<Rendering> ALL = everything();
    }

    Rendering {
        documents = List.copyOf(documents);
    }

    /// The chart with each set of values there is, and every manifest.
    static Stream<Rendering> all() {
        return Everything.ALL.stream();
    }

    /// The chart with each set of values.
    static Stream<Rendering> charts() {
        return all().filter(rendering -> !rendering.from().endsWith(".yaml in kubernetes"));
    }

    /// The chart with some values; rendered once for all tests.
    static Rendering of(Map<String, ?> settings, Path... values) {
        return CHARTS.computeIfAbsent(
                settings.toString() + List.of(values),
                from -> new Rendering(from, documents(settings, List.of(values))));
    }

    private static List<JsonNode> documents(Map<String, ?> settings, List<Path> values) {
        return CHART.render(values, settings).stream()
                .map(document -> parse(document.text()))
                .flatMap(List::stream)
                .toList();
    }

    private static List<Rendering> everything() {
        var all = new ArrayList<Rendering>();
        all.add(of(Map.of("bootstrapServers", "kafka:9092")));
        all.add(
                of(
                        Map.of(
                                "strimzi.enabled", "true",
                                "keda.enabled", "true",
                                "monitoring.enabled", "true",
                                "agent.enabled", "true")));
        for (Path values : Repository.files(Repository.VALUES, ".yaml")) {
            all.add(of(Map.of(), values));
        }
        for (Path file : Repository.files(Repository.KUBERNETES, ".yaml")) {
            all.add(
                    new Rendering(
                            Repository.KUBERNETES.relativize(file) + " in kubernetes",
                            parse(Repository.read(file))));
        }
        return List.copyOf(all);
    }

    static List<JsonNode> parse(String yaml) {
        try (var documents = YAML.<JsonNode>readValues(YAML.createParser(yaml))) {
            return documents.readAll().stream().filter(document -> !document.isNull()).toList();
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e.getMessage() + " in:\n" + yaml, e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Stream<JsonNode> ofKind(String kind) {
        return documents.stream().filter(document -> document.path("kind").asText().equals(kind));
    }

    Optional<JsonNode> find(String kind, String name) {
        return ofKind(kind).filter(document -> name(document).equals(name)).findFirst();
    }

    static String name(JsonNode document) {
        return document.at("/metadata/name").asText();
    }

    /// What makes pods, with the pod it makes.
    Stream<Workload> workloads() {
        return documents.stream()
                .flatMap(document ->
                        switch (document.path("kind").asText()) {
                            case "Deployment", "StatefulSet", "DaemonSet" ->
                                    Stream.of(
                                            new Workload(document, document.at("/spec/template")));
                            case "CronJob" ->
                                    Stream.of(
                                            new Workload(
                                                    document,
                                                    document.at(
                                                            "/spec/jobTemplate/spec/template")));
                            default -> Stream.empty();
                        });
    }

    /// A document that makes pods.
    ///
    /// @param pod the template
    record Workload(JsonNode document, JsonNode pod) {

        String name() {
            return Rendering.name(document);
        }

        JsonNode container() {
            return pod.at("/spec/containers/0");
        }

        /// The command it runs, such as `collector`.
        String command() {
            return container().at("/args/0").asText();
        }

        boolean staysUp() {
            return !document.path("kind").asText().equals("CronJob");
        }

        @Override
        public String toString() {
            return name();
        }
    }

    @Override
    public String toString() {
        return from;
    }
}
