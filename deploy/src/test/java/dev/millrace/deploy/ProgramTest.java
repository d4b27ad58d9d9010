package dev.millrace.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.deploy.Rendering.Workload;
import dev.millrace.server.Commands;
import dev.millrace.server.HealthService;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.ConfigSources;
import dev.millrace.server.config.MillraceConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Commands, ports, probes, groups and names in the manifests are those of the program.
final class ProgramTest {

    @TempDir private Path directory;

    static Stream<Rendering> charts() {
        return Rendering.charts();
    }

    private MillraceConfig config(Rendering rendering, Workload workload) throws Exception {
        Path file = directory.resolve("millrace.yaml");
        Files.writeString(file, SettingsTest.settings(rendering, workload));
        return new ConfigSources().file(file).load().values();
    }

    @ParameterizedTest
    @MethodSource("charts")
    void everyCommandIsOneOfTheProgram(Rendering rendering) {
        // Given
        var commands = new HashSet<String>();
        Commands.names().forEach(commands::add);

        // Then
        assertThat(rendering.workloads().map(Workload::command)).isNotEmpty().isSubsetOf(commands);
    }

    @ParameterizedTest
    @MethodSource("charts")
    void everyPortIsOneThatTheProgramListensOn(Rendering rendering) throws Exception {
        for (var workload : rendering.workloads().filter(Workload::staysUp).toList()) {
            // Given
            var config = config(rendering, workload);

            // When
            var ports = new TreeMap<String, Integer>();
            for (JsonNode port : workload.container().path("ports")) {
                ports.put(port.path("name").asText(), port.path("containerPort").asInt());
            }

            // Then
            assertThat(ports).as("%s", workload).isEqualTo(listened(config, workload.command()));
            assertThat(config.health().host()).isEqualTo("0.0.0.0");
            assertThat(config.metrics().host()).isEqualTo("0.0.0.0");
        }
    }

    private static Map<String, Integer> listened(MillraceConfig config, String role) {
        var ports = new TreeMap<String, Integer>();
        ports.put("health", config.health().port());
        ports.put("metrics", config.metrics().port());
        switch (role) {
            case "agent", "collector" ->
                    receivers(config)
                            .forEach((name, receiver) -> {
                                if (receiver.enabled()) {
                                    ports.put(name, receiver.port());
                                }
                            });
            case "query" -> {
                ports.put("ui", config.query().port());
                ports.put("query-grpc", config.query().grpcPort());
                if (config.storage().type().name().equals("KAFKA")) {
                    ports.put("peers", config.storage().kafka().peers().port());
                }
            }
            default -> {}
        }
        return ports;
    }

    private static Map<String, MillraceConfig.ReceiverConfig> receivers(MillraceConfig config) {
        var receivers = config.collector().receivers();
        return Map.of(
                "otlp-grpc", receivers.otlpGrpc(),
                "otlp-http", receivers.otlpHttp(),
                "zipkin", receivers.zipkin(),
                "jaeger-grpc", receivers.jaegerGrpc(),
                "jaeger-http", receivers.jaegerHttp(),
                "udp-compact", receivers.jaegerUdpCompact(),
                "udp-binary", receivers.jaegerUdpBinary(),
                "sampling-http", receivers.samplingHttp(),
                "sampling-grpc", receivers.samplingGrpc());
    }

    @Test
    void portsAreThoseOfTheProgramsDefaults() throws ConfigException {
        // Given
        var defaults = receivers(new ConfigSources().load().values());
        var rendering = Rendering.of(Map.of("bootstrapServers", "kafka:9092"));

        // When
        var service = rendering.find("Service", "millrace-collector").orElseThrow();
        var ports = new TreeMap<String, Integer>();
        service.at("/spec/ports")
                .forEach(port -> ports.put(port.path("name").asText(), port.path("port").asInt()));

        // Then
        assertThat(ports).hasSameSizeAs(defaults);
        ports.forEach((name, port) ->
                assertThat(defaults).extractingByKey(name).extracting("port").isEqualTo(port));
    }

    @ParameterizedTest
    @MethodSource("charts")
    void everyServiceLeadsToPortsOfItsPods(Rendering rendering) {
        for (var service : rendering.ofKind("Service").toList()) {
            var selected =
                    rendering
                            .workloads()
                            .filter(workload -> selects(service.at("/spec/selector"), workload))
                            .toList();
            assertThat(selected).as(Rendering.name(service)).isNotEmpty();
            for (JsonNode port : service.at("/spec/ports")) {
                assertThat(selected)
                        .allSatisfy(workload ->
                                assertThat(workload.container().path("ports"))
                                        .anyMatch(other ->
                                                other.path("name")
                                                        .equals(port.path("targetPort"))));
            }
        }
    }

    private static boolean selects(JsonNode selector, Workload workload) {
        return selector.properties().stream()
                .allMatch(label ->
                        label.getValue()
                                .equals(
                                        workload.pod()
                                                .at("/metadata/labels")
                                                .path(label.getKey())));
    }

    @ParameterizedTest
    @MethodSource("charts")
    void everySelectorFindsItsPods(Rendering rendering) {
        for (var document : rendering.documents()) {
            var selectors = new ArrayList<JsonNode>();
            switch (document.path("kind").asText()) {
                case "Deployment", "StatefulSet", "DaemonSet", "PodDisruptionBudget" ->
                        selectors.add(document.at("/spec/selector/matchLabels"));
                case "NetworkPolicy" -> selectors.add(document.at("/spec/podSelector/matchLabels"));
                default -> {}
            }
            for (var selector : selectors) {
                assertThat(rendering.workloads().filter(workload -> selects(selector, workload)))
                        .as(Rendering.name(document))
                        .isNotEmpty();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("charts")
    void probesAskWhatTheProgramAnswers(Rendering rendering) {
        for (var workload : rendering.workloads().filter(Workload::staysUp).toList()) {
            var asked = new TreeMap<String, String>();
            for (String probe : List.of("startupProbe", "livenessProbe", "readinessProbe")) {
                var get = workload.container().path(probe).path("httpGet");
                assertThat(get.path("port").asText()).isEqualTo("health");
                asked.put(probe, get.path("path").asText());
            }
            assertThat(HealthService.PATHS).containsAll(asked.values());
            assertThat(asked)
                    .containsEntry("livenessProbe", "/live")
                    .containsEntry("readinessProbe", "/ready");
        }
    }

    @ParameterizedTest
    @MethodSource("charts")
    void aStopIsWaitedForLongEnough(Rendering rendering) throws Exception {
        for (var workload : rendering.workloads().filter(Workload::staysUp).toList()) {
            assertThat(workload.pod().at("/spec/terminationGracePeriodSeconds").asLong())
                    .isGreaterThan(config(rendering, workload).stopDeadline().toSeconds() + 10);
        }
    }

    @ParameterizedTest
    @MethodSource("charts")
    void scalingWatchesTheGroupAndTopicOfTheProgram(Rendering rendering) throws Exception {
        for (var scaled : rendering.ofKind("ScaledObject").toList()) {
            // Given
            var workload =
                    rendering
                            .workloads()
                            .filter(one ->
                                    one.name()
                                            .equals(
                                                    scaled.at("/spec/scaleTargetRef/name")
                                                            .asText()))
                            .findFirst()
                            .orElseThrow();
            var config = config(rendering, workload);
            var topics = config.topics();
            boolean aggregates = workload.command().equals("aggregator");
            var watched = scaled.at("/spec/triggers/0/metadata");

            // Then
            assertThat(workload.document().path("kind"))
                    .isEqualTo(scaled.at("/spec/scaleTargetRef/kind"));
            assertThat(workload.document().at("/spec/replicas").isMissingNode()).isTrue();
            assertThat(watched.path("consumerGroup").asText())
                    .isEqualTo(
                            aggregates ? config.aggregator().group() : config.ingester().group());
            var topic = aggregates ? topics.spans() : topics.tracesComplete();
            assertThat(watched.path("topic").asText()).isEqualTo(topics.prefix() + topic.name());
            assertThat(watched.path("bootstrapServers").asText())
                    .isEqualTo(String.join(",", config.kafka().bootstrapServers()));
            assertThat(scaled.at("/spec/minReplicaCount").asInt()).isPositive();
            assertThat(scaled.at("/spec/maxReplicaCount").asInt() * threads(config, aggregates))
                    .isLessThanOrEqualTo(topic.partitions());
        }
    }

    private static int threads(MillraceConfig config, boolean aggregates) {
        return aggregates ? config.aggregator().threads() : 1;
    }

    @Test
    void aggregatorsComeAndGoInOrder() {
        // When
        var aggregator =
                Rendering.of(Map.of("bootstrapServers", "kafka:9092", "keda.enabled", "true"));

        // Then
        var set = aggregator.find("StatefulSet", "millrace-aggregator").orElseThrow();
        assertThat(set.at("/spec/podManagementPolicy").asText()).isEqualTo("OrderedReady");
        var behaviour =
                aggregator
                        .find("ScaledObject", "millrace-aggregator")
                        .orElseThrow()
                        .at("/spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleDown");
        assertThat(behaviour.at("/policies/0/value").asInt()).isEqualTo(1);
        assertThat(behaviour.path("stabilizationWindowSeconds").asInt())
                .isGreaterThanOrEqualTo(600);
    }

    @ParameterizedTest
    @MethodSource("charts")
    void everySecretAndConfigMapThatIsMountedIsMadeByUsOrNamedByValues(Rendering rendering) {
        // Given
        var known = new TreeSet<String>();
        rendering.ofKind("ConfigMap").map(Rendering::name).forEach(known::add);
        rendering.ofKind("KafkaUser").map(Rendering::name).forEach(known::add);
        rendering
                .ofKind("Kafka")
                .forEach(kafka -> known.add(Rendering.name(kafka) + "-cluster-ca-cert"));
        known.addAll(List.of("elasticsearch-credentials", "kafka-credentials", "millrace-peers"));

        // Then
        rendering
                .workloads()
                .forEach(workload ->
                        workload.pod()
                                .at("/spec/volumes")
                                .forEach(volume -> {
                                    String name =
                                            volume.at("/configMap/name").asText()
                                                    + volume.at("/secret/secretName").asText();
                                    if (!name.isEmpty()) {
                                        assertThat(known).as("%s", workload).contains(name);
                                    }
                                }));
    }
}
