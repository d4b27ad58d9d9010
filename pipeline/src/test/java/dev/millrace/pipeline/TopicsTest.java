package dev.millrace.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.testkit.KafkaFixture;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TopicsTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final Admin admin = kafka.admin();
    private final TopicsConfig config =
            TopicsConfig.embedded().withPrefix(KafkaFixture.uniqueName("topics") + ".");

    @AfterEach
    void close() {
        admin.close(Duration.ofSeconds(5));
    }

    @Test
    void makesTheTopicsAsDesigned() throws Exception {
        // When
        new Topics(admin, KafkaConfig.embedded(kafka.bootstrapServers()), config).ensure(TIMEOUT);

        // Then
        String spans = config.fullName(config.spans());
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, spans);
        var settings =
                admin.describeConfigs(List.of(resource)).all().get().values().iterator().next();
        assertThat(settings.get("message.timestamp.type").value()).isEqualTo("LogAppendTime");
        assertThat(settings.get("retention.ms").value()).isEqualTo("604800000");
        assertThat(settings.get("cleanup.policy").value()).isEqualTo("delete");
        assertThat(settings.get("unclean.leader.election.enable").value()).isEqualTo("false");
        assertThat(settings.get("max.message.bytes").value()).isEqualTo("8454144");
        assertThat(kafka.endOffsets(spans)).hasSize(8);
        assertThat(kafka.endOffsets(config.fullName(config.tracesComplete()))).hasSize(4);
        assertThat(kafka.endOffsets(config.fullName(config.samplingDecisions()))).hasSize(4);
        assertThat(kafka.endOffsets(config.fullName(config.deadLetters()))).hasSize(1);
    }

    @Test
    void acceptsTopicsThatAreAsTheyMustBe() {
        // Given
        var topics = new Topics(admin, KafkaConfig.embedded(kafka.bootstrapServers()), config);
        topics.ensure(TIMEOUT);

        // When, Then
        topics.ensure(TIMEOUT);
    }

    @Test
    void namesEveryDifferenceAtOnce() {
        // Given
        String spans = config.fullName(config.spans());
        String decisions = config.fullName(config.samplingDecisions());
        kafka.createTopic(spans, 3, Map.of("retention.ms", "1000", "max.message.bytes", "1000"));
        kafka.createTopic(decisions, 4, Map.of("cleanup.policy", "compact"));
        var topics = new Topics(admin, KafkaConfig.embedded(kafka.bootstrapServers()), config);

        // When, Then
        assertThatThrownBy(() -> topics.ensure(TIMEOUT))
                .isInstanceOf(TopicsException.class)
                .hasMessageContainingAll(
                        spans + ": partitions: 3 (expected: 8)",
                        spans + ": retention.ms: 1000 (expected: 604800000)",
                        spans + ": max.message.bytes: 1000 (expected: at least 8454144)",
                        spans + ": message.timestamp.type: CreateTime (expected: LogAppendTime)",
                        decisions + ": cleanup.policy: compact (expected: delete)");
    }

    @Test
    void makesTheTopicsOfSitesWithTimesOfTheirOwn() throws Exception {
        // Given
        String site = KafkaFixture.uniqueName("edge");
        var sites = config.withSites(List.of(site));

        // When
        new Topics(admin, KafkaConfig.embedded(kafka.bootstrapServers()), sites).ensure(TIMEOUT);

        // Then
        assertThat(sites.sources())
                .containsExactly(config.fullName(config.spans()), site + ".spans");
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, site + ".spans");
        var settings =
                admin.describeConfigs(List.of(resource)).all().get().values().iterator().next();
        assertThat(settings.get("message.timestamp.type").value()).isEqualTo("CreateTime");
        assertThat(settings.get("max.message.bytes").value()).isEqualTo("8454144");
        assertThat(kafka.endOffsets(site + ".spans")).hasSize(8);
    }

    @Test
    void refusesATopicOfASiteThatCannotBeReadWithOurs() {
        // Given
        String site = KafkaFixture.uniqueName("edge");
        kafka.createTopic(site + ".spans", 3);
        var topics =
                new Topics(
                        admin,
                        KafkaConfig.embedded(kafka.bootstrapServers()),
                        config.withSites(List.of(site)));

        // When, Then
        assertThatThrownBy(() -> topics.ensure(TIMEOUT))
                .isInstanceOf(TopicsException.class)
                .hasMessageContainingAll(
                        site + ".spans: partitions: 3 (expected: 8)",
                        site
                                + ".spans: message.timestamp.type: LogAppendTime"
                                + " (expected: CreateTime)");
    }

    @Test
    void refusesNamesOfSitesThatCannotBeginATopicOfTheirOwn() {
        assertThatThrownBy(() -> config.withSites(List.of("edge 1")))
                .hasMessageContaining("site: \"edge 1\" (expected: ");
        assertThatThrownBy(() -> config.withSites(List.of("edge", "edge")))
                .hasMessage("sites: [edge, edge] (expected: distinct)");
        assertThatThrownBy(() -> config.withPrefix("edge.").withSites(List.of("edge")))
                .hasMessageContaining("whose topic is edge.spans (expected: ");
    }

    @Test
    void warnsOrRefusesWhenThereAreFewerBrokersThanCopies() {
        // Given
        var cluster = KafkaConfig.cluster(kafka.bootstrapServers());
        var strict =
                new KafkaConfig(
                        kafka.bootstrapServers(),
                        Map.of(),
                        3,
                        KafkaConfig.Durability.STRICT,
                        Duration.ofSeconds(10));

        // When
        assertThatThrownBy(() -> new Topics(admin, strict, config).ensure(TIMEOUT))
                .isInstanceOf(TopicsException.class)
                .hasMessageContainingAll("strict", "replication-factor: 3", "brokers: 1");
        new Topics(admin, cluster, config).ensure(TIMEOUT);

        // Then
        assertThat(kafka.endOffsets(config.fullName(config.spans()))).hasSize(8);
    }

    @Test
    void losesNoRecordSentRightAfterwards() {
        // Given
        var topics = new Topics(admin, KafkaConfig.embedded(kafka.bootstrapServers()), config);
        String spans = config.fullName(config.spans());

        // When
        topics.ensure(TIMEOUT);
        kafka.send(
                IntStream.range(0, 2_000)
                        .mapToObj(i ->
                                new ProducerRecord<byte[], byte[]>(
                                        spans, i % 8, null, ("" + i).getBytes(UTF_8)))
                        .toList());

        // Then
        assertThat(kafka.readAll(spans)).hasSize(2_000);
    }

    @Test
    void givesUpOnAKafkaThatIsNotThere() {
        // Given
        var nowhere = KafkaConfig.cluster("127.0.0.1:1");
        Admin absent = new KafkaClients(nowhere).admin("test");
        var topics = new Topics(absent, nowhere, config);

        // When, Then
        assertThatThrownBy(() -> topics.ensure(Duration.ofMillis(300)))
                .isInstanceOf(TopicsException.class)
                .hasMessageContaining("127.0.0.1:1 did not answer");
        absent.close(Duration.ZERO);
    }

    @Test
    void refusesPropertiesThatCorrectnessRestsOnAndHidesTheOthers() {
        assertThatThrownBy(() ->
                        new KafkaConfig(
                                "kafka:9092",
                                Map.of("acks", "1", "linger.ms", "5"),
                                3,
                                KafkaConfig.Durability.LENIENT,
                                Duration.ofSeconds(10)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[acks]");
        assertThat(
                        new KafkaConfig(
                                "kafka:9092",
                                Map.of("sasl.jaas.config", "password"),
                                3,
                                KafkaConfig.Durability.LENIENT,
                                Duration.ofSeconds(10)))
                .hasToString(
                        "KafkaConfig[kafka:9092, properties=[sasl.jaas.config],"
                                + " replicationFactor=3, durability=LENIENT,"
                                + " sessionTimeout=PT10S]");
    }
}
