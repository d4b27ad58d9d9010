package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.pipeline.LagLook.Distance;
import dev.millrace.testkit.FakeClock;
import dev.millrace.testkit.KafkaFixture;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class LagTest {

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final KafkaClients clients =
            new KafkaClients(KafkaConfig.embedded(kafka.bootstrapServers()));
    private final String topic = KafkaFixture.uniqueName("lagging");
    private final String group = KafkaFixture.uniqueName("group");
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final FakeClock clock = new FakeClock(Instant.EPOCH);

    @Test
    void saysHowManyRecordsAndHowManySecondsAGroupIsBehind() throws Exception {
        // Given
        kafka.createTopic(topic, 3);
        kafka.send(IntStream.range(0, 10).mapToObj(_ -> record(0)).toList());
        kafka.send(IntStream.range(0, 5).mapToObj(_ -> record(1)).toList());
        commit(0, 4);
        commit(1, 5);
        long firstUnread =
                kafka.readAll(topic).stream()
                        .filter(record -> record.partition() == 0 && record.offset() == 4)
                        .findFirst()
                        .orElseThrow()
                        .timestamp();
        clock.set(Instant.ofEpochMilli(firstUnread).plusSeconds(42));
        var look = look();

        try (var admin = clients.admin("test");
                var reader = clients.reader("test")) {
            // When
            List<Distance> distances = look.distances(admin, reader);

            // Then
            assertThat(distances)
                    .containsExactlyInAnyOrder(
                            distance(0, 6, Duration.ofSeconds(42)),
                            distance(1, 0, Duration.ZERO),
                            distance(2, 0, Duration.ZERO));

            // When
            clock.advance(Duration.ofSeconds(10));

            // Then
            assertThat(look.distances(admin, reader))
                    .contains(distance(0, 6, Duration.ofSeconds(52)));
        }
    }

    @Test
    void countsFromTheStartForAGroupThatNeverCommitted() throws Exception {
        // Given
        kafka.createTopic(topic, 1);
        kafka.send(IntStream.range(0, 7).mapToObj(_ -> record(0)).toList());

        try (var admin = clients.admin("test");
                var reader = clients.reader("test")) {
            // When
            List<Distance> distances = look().distances(admin, reader);

            // Then
            assertThat(distances).containsExactly(distance(0, 7, Duration.ZERO));
        }
    }

    @Test
    void exportsBothAsGauges() {
        // Given
        kafka.createTopic(topic, 1);
        kafka.send(IntStream.range(0, 3).mapToObj(_ -> record(0)).toList());
        clock.set(Instant.ofEpochMilli(kafka.readAll(topic).getFirst().timestamp() + 1_500));

        // When
        try (var lag = lag()) {
            lag.start();

            // Then
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> registry.find("millrace.consumer.lag").gauge() != null);
        }
        var tags = List.of("group", group, "topic", topic, "partition", "0");
        assertThat(
                        registry.get("millrace.consumer.lag")
                                .tags(tags.toArray(String[]::new))
                                .gauge()
                                .value())
                .isEqualTo(3);
        assertThat(registry.get("millrace.consumer.lag.seconds").gauge().value()).isEqualTo(1.5);
    }

    private Lag lag() {
        return new Lag(
                clients, Map.of(group, topic::equals), Duration.ofMillis(200), clock, registry);
    }

    private LagLook look() {
        return new LagLook(Map.of(group, topic::equals), Duration.ofSeconds(10), () -> true, clock);
    }

    private Distance distance(int partition, long records, Duration age) {
        return new Distance(group, new TopicPartition(topic, partition), records, age);
    }

    private ProducerRecord<byte[], byte[]> record(int partition) {
        return new ProducerRecord<>(topic, partition, null, new byte[] {1});
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
