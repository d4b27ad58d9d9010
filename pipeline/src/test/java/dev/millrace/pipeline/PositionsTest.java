package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class PositionsTest {

    private static final TopicPartition FIRST = new TopicPartition("spans", 0);
    private static final TopicPartition SECOND = new TopicPartition("spans", 1);

    private final Deque<RuntimeException> failures = new ArrayDeque<>();
    private final Positions positions =
            new Positions("group", new LogGate(new SimpleMeterRegistry().config().clock()));

    /// Kafka's own, whose commits fail as they are told to.
    private final MockConsumer<byte[], byte[]> consumer =
            new MockConsumer<>("earliest") {
                @Override
                public void commitSync(
                        Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
                    if (!failures.isEmpty()) {
                        throw failures.remove();
                    }
                    super.commitSync(offsets, timeout);
                }
            };

    PositionsTest() {
        consumer.assign(List.of(FIRST, SECOND));
    }

    private long committed(TopicPartition partition) {
        var committed = consumer.committed(Set.of(partition)).get(partition);
        return committed == null ? -1 : committed.offset();
    }

    @Test
    void commitsTheFurthestOfEachPartition() {
        // Given
        positions.advance(FIRST, 7);
        positions.advance(FIRST, 5);
        positions.advance(SECOND, 2);

        // When
        positions.commit(consumer);

        // Then
        assertThat(committed(FIRST)).isEqualTo(7);
        assertThat(committed(SECOND)).isEqualTo(2);
        assertThat(positions.isEmpty()).isTrue();
    }

    @Test
    void leavesOutWhatBelongsToOthers() {
        // Given
        positions.advance(FIRST, 7);
        positions.advance(SECOND, 2);

        // When
        positions.drop(Set.of(FIRST));
        positions.commit(consumer);

        // Then
        assertThat(committed(FIRST)).isEqualTo(-1);
        assertThat(committed(SECOND)).isEqualTo(2);
    }

    static Stream<RuntimeException> passing() {
        return Stream.of(new TimeoutException("slow"), new RebalanceInProgressException("moving"));
    }

    @ParameterizedTest
    @MethodSource("passing")
    void keepsWhatCannotBeCommittedNow(RuntimeException failure) {
        // Given
        failures.add(failure);
        positions.advance(FIRST, 7);

        // When
        positions.commit(consumer);
        positions.commit(consumer);

        // Then
        assertThat(committed(FIRST)).isEqualTo(7);
    }

    @Test
    void forgetsWhatTheGroupGaveToOthers() {
        // Given
        failures.add(new CommitFailedException());
        positions.advance(FIRST, 7);

        // When
        positions.commit(consumer);

        // Then
        assertThat(positions.isEmpty()).isTrue();
        assertThat(committed(FIRST)).isEqualTo(-1);
    }
}
