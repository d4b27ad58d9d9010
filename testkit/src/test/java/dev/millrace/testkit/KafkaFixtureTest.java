package dev.millrace.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

class KafkaFixtureTest {

    private final KafkaFixture kafka = KafkaFixture.shared();

    @Test
    void readsBackWhatWasSent() {
        // Given
        String topic = KafkaFixture.uniqueName("fixture");
        kafka.createTopic(topic, 3);

        // When
        kafka.send(
                List.of(
                        new ProducerRecord<>(topic, 0, bytes("a"), bytes("1")),
                        new ProducerRecord<>(topic, 2, bytes("b"), bytes("2"))));

        // Then
        assertThat(kafka.readAll(topic))
                .extracting(record -> new String(record.value(), UTF_8))
                .containsExactlyInAnyOrder("1", "2");
        assertThat(kafka.endOffsets(topic).values()).containsExactlyInAnyOrder(1L, 0L, 1L);
    }

    @Test
    void seesATransactionOnlyOnceItIsCommitted() {
        // Given
        String topic = KafkaFixture.uniqueName("fixture");
        kafka.createTopic(topic, 1);
        try (var producer =
                kafka.producer(Map.of("transactional.id", KafkaFixture.uniqueName("tx")))) {
            producer.initTransactions();
            producer.beginTransaction();
            var _ = producer.send(new ProducerRecord<>(topic, bytes("aborted")));
            producer.abortTransaction();

            // When
            producer.beginTransaction();
            var _ = producer.send(new ProducerRecord<>(topic, bytes("committed")));
            producer.commitTransaction();
        }

        // Then
        assertThat(kafka.readAll(topic))
                .extracting(record -> new String(record.value(), UTF_8))
                .containsExactly("committed");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }
}
