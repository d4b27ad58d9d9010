package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.pipeline.LogLook.PartitionLag;
import dev.millrace.pipeline.LogLook.Reading;
import dev.millrace.testkit.KafkaFixture;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/// Topics and groups as a real broker tells of them.
class LogLookTest {

    private static final Instant NOW = Instant.parse("2026-11-21T03:10:00Z");

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final KafkaClients clients =
            new KafkaClients(KafkaConfig.embedded(kafka.bootstrapServers()));
    private final String topic = KafkaFixture.uniqueName("looked-at");
    private final String group = KafkaFixture.uniqueName("group");
    private final Reading reading = new Reading("ingester", group, topic);

    private LogLook look(List<String> topics) {
        return new LogLook(
                clients,
                topics,
                List.of(reading),
                Duration.ofSeconds(20),
                InstantSource.fixed(NOW));
    }

    @Test
    void tellsHowLongATopicIsHowFastItGrowsAndWhereAGroupStands() throws Exception {
        // Given: 30 records of the last minute, and ten before.
        kafka.createTopic(topic, 2, Map.of("message.timestamp.type", "CreateTime"));
        kafka.send(IntStream.range(0, 10).mapToObj(_ -> record(0, 300)).toList());
        kafka.send(IntStream.range(0, 30).mapToObj(_ -> record(1, 20)).toList());
        commit(0, 10);
        commit(1, 12);

        try (var look = look(List.of(topic, "no-such-topic"))) {
            // When
            var seen = look.look();

            // Then
            assertThat(seen.topics()).hasSize(1);
            var state = seen.topics().getFirst();
            assertThat(state.name()).isEqualTo(topic);
            assertThat(state.partitions()).isEqualTo(2);
            assertThat(state.offsets()).isEqualTo(40);
            assertThat(state.perSecond()).isEqualTo(0.5);
            assertThat(seen.groups()).hasSize(1);
            var standing = seen.groups().getFirst();
            assertThat(standing.reading()).isEqualTo(reading);
            assertThat(standing.state()).isEqualTo("empty");
            assertThat(standing.members()).isZero();
            assertThat(standing.partitions())
                    .containsExactly(
                            new PartitionLag(0, 0, Duration.ZERO),
                            new PartitionLag(1, 18, Duration.ofSeconds(20)));
        }
    }

    @Test
    void tellsThatAGroupWasNeverThere() {
        // Given
        kafka.createTopic(topic, 1);

        try (var look = look(List.of(topic))) {
            // When
            var standing = look.look().groups().getFirst();

            // Then
            assertThat(standing.state()).isEqualTo("absent");
            assertThat(standing.members()).isZero();
        }
    }

    private ProducerRecord<byte[], byte[]> record(int partition, int secondsAgo) {
        return new ProducerRecord<>(
                topic,
                partition,
                NOW.minusSeconds(secondsAgo).toEpochMilli(),
                null,
                new byte[] {1});
    }

    private void commit(int partition, long offset) throws Exception {
        try (var admin = clients.admin("test")) {
            admin.alterConsumerGroupOffsets(
                            group,
                            Map.of(
                                    new TopicPartition(topic, partition),
                                    new OffsetAndMetadata(offset)))
                    .all()
                    .get();
        }
    }
}
