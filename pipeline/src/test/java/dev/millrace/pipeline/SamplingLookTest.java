package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.assembly.ClosedTrace;
import dev.millrace.assembly.Digest;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.SamplingLook.Outcome;
import dev.millrace.pipeline.SamplingLook.Sums;
import dev.millrace.sampling.tail.Version;
import dev.millrace.sampling.tail.VersionCodec;
import dev.millrace.testkit.KafkaFixture;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

/// What is in force and what came of it, read from topics of a real broker.
class SamplingLookTest {

    private static final Instant BEGIN = Instant.parse("2026-11-21T03:00:00Z");

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final TopicsConfig topics =
            TopicsConfig.embedded().withPrefix(KafkaFixture.uniqueName("looked") + ".");
    private final String control = topics.fullName(topics.samplingControl());
    private final String decisions = topics.fullName(topics.samplingDecisions());
    private final KafkaClients clients =
            new KafkaClients(KafkaConfig.embedded(kafka.bootstrapServers()));

    private void createTopics(int partitions) {
        kafka.createTopic(control, 1);
        // Ours is the time of appending, which cannot be made up.
        kafka.createTopic(decisions, partitions, Map.of("message.timestamp.type", "CreateTime"));
    }

    private SamplingLook look(long most) {
        return new SamplingLook(
                clients,
                topics,
                new SamplingLook.Bounds(Duration.ofMinutes(15), most, Duration.ofSeconds(20)));
    }

    @Test
    void tellsTheNewestVersionHoweverManyLoadsComeAfterIt() {
        // Given
        createTopics(1);
        var messages = new ArrayList<ProducerRecord<byte[], byte[]>>();
        messages.add(version("preset: tail"));
        messages.add(version("preset: hybrid"));
        for (int i = 0; i < 40; i++) {
            var instance = "machine".getBytes(StandardCharsets.UTF_8);
            messages.add(new ProducerRecord<>(control, 0, instance, new byte[] {0}));
        }
        kafka.send(messages);

        // When
        var seen = look(100).look(BEGIN);

        // Then
        assertThat(seen.version()).map(Version::policyText).contains("preset: hybrid");
        assertThat(seen.version()).map(Version::number).contains(2L);
        assertThat(seen.outcomes()).isEmpty();
        assertThat(seen.whole()).isTrue();
    }

    @Test
    void sumsUpWhatEachRuleDidInTheWindow() {
        // Given
        createTopics(2);
        kafka.send(
                List.of(
                        decision(0, 0, "errors", Decision.Verdict.KEEP),
                        decision(0, 500, "errors", Decision.Verdict.KEEP),
                        decision(1, 600, "errors", Decision.Verdict.KEEP),
                        decision(1, 700, "rest", Decision.Verdict.DROP)));

        // When: the first is older than a quarter of an hour.
        var seen = look(100).look(BEGIN.plusSeconds(1_000));

        // Then
        assertThat(seen.version()).isEmpty();
        assertThat(seen.since()).isEqualTo(BEGIN.plusSeconds(100));
        assertThat(seen.outcomes())
                .containsOnly(
                        Map.entry(new Outcome("errors", true), new Sums(2, 6, 2, 600)),
                        Map.entry(new Outcome("rest", false), new Sums(1, 3, 1, 300)));
    }

    @Test
    void countsFromWhereItCanReadAllPartitionsWhenThereAreTooMany() {
        // Given: a busy partition, and a quiet one whose last verdict is recent.
        createTopics(2);
        var messages = new ArrayList<ProducerRecord<byte[], byte[]>>();
        for (int second = 0; second < 100; second++) {
            messages.add(decision(0, second, "rest", Decision.Verdict.DROP));
        }
        messages.add(decision(1, 50, "errors", Decision.Verdict.KEEP));
        messages.add(decision(1, 95, "errors", Decision.Verdict.KEEP));
        kafka.send(messages);

        // When: ten of each partition.
        var seen = look(20).look(BEGIN.plusSeconds(100));

        // Then
        assertThat(seen.since()).isEqualTo(BEGIN.plusSeconds(90));
        assertThat(seen.outcomes().get(new Outcome("rest", false)))
                .isEqualTo(new Sums(10, 30, 10, 3_000));
        assertThat(seen.outcomes().get(new Outcome("errors", true)))
                .isEqualTo(new Sums(1, 3, 1, 300));
    }

    private ProducerRecord<byte[], byte[]> version(String policy) {
        return new ProducerRecord<>(control, 0, null, VersionCodec.encode(Version.first(policy)));
    }

    private ProducerRecord<byte[], byte[]> decision(
            int partition, int second, String rule, Decision.Verdict verdict) {
        var at = BEGIN.plusSeconds(second).toEpochMilli();
        var digest = new Digest("shop", "GET /", true, 0, 1_000, 3, 1, 0, 100 * 3, List.of("shop"));
        var trace =
                new ClosedTrace(
                        Tenant.DEFAULT,
                        new TraceId(partition + 1, second + 1),
                        0,
                        0,
                        0,
                        at,
                        at,
                        1,
                        digest,
                        List.of());
        var decision =
                new Decision(
                        "spans",
                        partition,
                        trace,
                        verdict,
                        rule,
                        0,
                        0,
                        1,
                        1,
                        Decision.Upgrade.NONE,
                        new Decision.Arrival(0, false));
        return new ProducerRecord<>(
                decisions, partition, at, TraceKey.of(trace.traceId()), decision.encode());
    }
}
