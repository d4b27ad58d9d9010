package dev.millrace.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.pipeline.Topics;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.server.config.ConfigSources;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.Profile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The topics that Strimzi makes are those that the program would make, and its users may do there
/// what they have to.
final class TopicsTest {

    @TempDir private Path directory;

    private static List<TopicsConfig.Topic> topics(TopicsConfig config) {
        return List.of(
                config.spans(),
                config.tracesComplete(),
                config.samplingDecisions(),
                config.samplingControl(),
                config.ledger(),
                config.dependencies(),
                config.deadLetters());
    }

    private static Map<String, JsonNode> rendered(Rendering rendering) {
        return rendering
                .ofKind("KafkaTopic")
                .collect(
                        Collectors.toMap(
                                topic -> topic.at("/spec/topicName").asText(),
                                topic -> topic.path("spec")));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void areMadeAsTheProgramMakesThem(int replicas) {
        // Given
        var wanted = topics(TopicsConfig.defaults());

        // When
        var rendered =
                rendered(
                        Rendering.of(
                                Map.of(
                                        "strimzi.enabled",
                                        "true",
                                        "strimzi.replication",
                                        Integer.toString(replicas))));

        // Then
        assertThat(rendered).hasSameSizeAs(wanted);
        for (var topic : wanted) {
            var spec = rendered.get(topic.name());
            var settings = new TreeMap<String, String>();
            spec.path("config")
                    .properties()
                    .forEach(entry -> settings.put(entry.getKey(), entry.getValue().asText()));
            assertThat(spec.path("partitions").asInt()).isEqualTo(topic.partitions());
            assertThat(spec.path("replicas").asInt()).isEqualTo(replicas);
            assertThat(settings).as(topic.name()).isEqualTo(Topics.settings(topic, replicas));
        }
    }

    @Test
    void theMirroredOneKeepsTheTimesOfItsSite() {
        // When
        var topic =
                rendered(Rendering.of(Map.of(), Repository.VALUES.resolve("center.yaml")))
                        .get("site-a.spans");

        // Then
        assertThat(topic.at("/config/message.timestamp.type").asText()).isEqualTo("CreateTime");
        assertThat(topic.path("partitions").asInt())
                .as("partitions are kept")
                .isEqualTo(TopicsConfig.defaults().spans().partitions());
    }

    @Test
    void theMirrorBringsWhatTheEdgeWrites() {
        // Given
        var edge = Rendering.of(Map.of(), Repository.VALUES.resolve("edge.yaml"));
        var center = Rendering.of(Map.of(), Repository.VALUES.resolve("center.yaml"));

        // When
        var sources =
                center.ofKind("KafkaMirrorMaker2")
                        .flatMap(mirror -> stream(mirror.at("/spec/mirrors")))
                        .map(mirror -> mirror.path("topicsPattern").asText());

        // Then
        assertThat(rendered(edge))
                .containsOnlyKeys("site-a.spans", "site-a.ledger", "site-a.dead-letters");
        assertThat(sources).contains("site-a\\.spans");
    }

    @Test
    void theCenterReadsEverySiteThatIsMirrored() throws Exception {
        // Given
        var center = Rendering.of(Map.of(), Repository.VALUES.resolve("center.yaml"));
        var sites = List.of("site-a.spans", "site-b.spans");

        for (var workload : center.workloads().toList()) {
            // When
            var config = config(SettingsTest.settings(center, workload));

            // Then
            assertThat(config.sites()).as("%s", workload).containsExactly("site-a", "site-b");
        }
        assertThat(writes(center, "millrace-aggregator")).containsAll(sites);
        assertThat(writes(center, "millrace-query")).doesNotContainAnyElementsOf(sites);
    }

    @Test
    void aggregatorsAreScaledByTheSpansOfEverySite() {
        // Given
        var center = Rendering.of(Map.of(), Repository.VALUES.resolve("center.yaml"));

        // When
        var triggers =
                center.find("ScaledObject", "millrace-aggregator")
                        .orElseThrow()
                        .at("/spec/triggers");

        // Then
        assertThat(stream(triggers).map(trigger -> trigger.at("/metadata/topic").asText()))
                .containsExactly("spans", "site-a.spans", "site-b.spans");
    }

    @Test
    void theEdgeMovesItsOwnTimeAndSendsFewBytes() throws Exception {
        // Given
        var edge = Rendering.of(Map.of(), Repository.VALUES.resolve("edge.yaml"));
        var profile = new ConfigSources().profile(Profile.EDGE).load().values();

        // When
        var collector =
                edge.workloads()
                        .filter(workload -> workload.command().equals("collector"))
                        .findFirst()
                        .orElseThrow();
        var config = config(SettingsTest.settings(edge, collector));

        // Then
        assertThat(config.spans().markers()).isEqualTo(profile.spans().markers());
        assertThat(config.kafka().properties()).containsAllEntriesOf(profile.kafka().properties());
    }

    private MillraceConfig config(String settings) throws Exception {
        Path file = Files.writeString(directory.resolve("millrace.yaml"), settings);
        return new ConfigSources().file(file).load().values();
    }

    private static Stream<JsonNode> stream(JsonNode array) {
        return array.valueStream();
    }

    @Test
    void usersMayDoWhatTheirRolesDo() {
        // Given
        var rendering =
                Rendering.of(
                        Map.of(
                                "strimzi.enabled", "true",
                                "keda.enabled", "true",
                                "topics.prefix", "team."));
        Set<String> topics = rendered(rendering).keySet();

        // When
        var users = rendering.ofKind("KafkaUser").toList();

        // Then
        assertThat(users.stream().map(Rendering::name))
                .containsExactlyInAnyOrder(
                        "millrace-collector",
                        "millrace-aggregator",
                        "millrace-ingester",
                        "millrace-query",
                        "millrace-lag");
        for (var user : users) {
            var described = new TreeSet<String>();
            for (var rule : user.at("/spec/authorization/acls")) {
                if (rule.at("/resource/type").asText().equals("topic")) {
                    described.add(rule.at("/resource/name").asText());
                }
            }
            assertThat(described).as(Rendering.name(user)).isEqualTo(new TreeSet<>(topics));
        }
        assertThat(writes(rendering, "millrace-collector"))
                .containsExactlyInAnyOrder("team.spans", "team.ledger", "team.dead-letters");
        assertThat(writes(rendering, "millrace-aggregator")).hasSameElementsAs(topics);
        assertThat(writes(rendering, "millrace-query")).isEmpty();
        assertThat(writes(rendering, "millrace-lag")).isEmpty();
    }

    private static List<String> writes(Rendering rendering, String user) {
        return stream(
                        rendering
                                .find("KafkaUser", user)
                                .orElseThrow()
                                .at("/spec/authorization/acls"))
                .filter(rule -> rule.at("/resource/type").asText().equals("topic"))
                .filter(rule ->
                        stream(rule.path("operations"))
                                .anyMatch(word -> word.asText().equals("Write")))
                .map(rule -> rule.at("/resource/name").asText())
                .toList();
    }
}
