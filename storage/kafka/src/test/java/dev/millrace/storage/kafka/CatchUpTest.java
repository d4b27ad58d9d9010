package dev.millrace.storage.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.ByteSize;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.kafka.OpenPartitions.Stage;
import dev.millrace.testkit.KafkaFixture;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

final class CatchUpTest {

    private static final int COMMITTED = 5;
    private static final int RECORDS = 8;

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final String topic = KafkaFixture.uniqueName("spans");
    private final String group = KafkaFixture.uniqueName("millrace-store");
    private final OpenPartitions open = new OpenPartitions();

    /// A partition that has come so far.
    private static final class Copy implements OpenPartition {

        private long next = -1;
        private boolean written;

        @Override
        public Contents contents() {
            throw new StoreException(StoreException.Kind.UNAVAILABLE, "nothing is here");
        }

        @Override
        public long next() {
            return next;
        }

        @Override
        public void write() {
            written = true;
        }

        @Override
        public void writeOverdue() {}

        @Override
        public void expire(Instant horizon, ByteSize maxSize) {}
    }

    @Test
    void aCopyIsBuiltWhenItHasWhatTheGroupHadWhenItWasOpened() {
        // Given
        kafka.createTopic(topic, 1);
        kafka.send(
                IntStream.range(0, RECORDS)
                        .mapToObj(
                                i -> new ProducerRecord<>(topic, 0, new byte[] {1}, new byte[] {2}))
                        .toList());
        var at = new TopicPartition(topic, 0);
        var first = new Copy();
        try (var admin = kafka.admin();
                var member = kafka.consumer(Map.of("group.id", group));
                var ends = new LogEnds(admin, kafka.consumer(Map.of()), topic, open)) {
            member.assign(List.of(at));
            member.commitSync(Map.of(at, new OffsetAndMetadata(COMMITTED)));
            var catchUp = new CatchUp(admin, group, topic, open);
            open.opened(0, first);

            // When
            catchUp.look(ends);
            first.next = COMMITTED - 1;
            catchUp.look(ends);

            // Then
            assertThat(open.stage(0)).contains(Stage.BUILDING);

            // When the group goes on meanwhile.
            member.commitSync(Map.of(at, new OffsetAndMetadata(RECORDS)));
            first.next = COMMITTED;
            catchUp.look(ends);

            // Then
            assertThat(open.stage(0)).contains(Stage.COPY);
            assertThat(first.written).isTrue();

            // When it is opened once more.
            var second = new Copy();
            open.opened(0, second);
            second.next = COMMITTED;
            catchUp.look(ends);

            // Then
            assertThat(open.stage(0)).contains(Stage.BUILDING);
        }
    }

    @Test
    void nothingThatOneKnewIsSaidOfTheNext() {
        // Given
        var first = new Copy();
        var second = new Copy();
        open.opened(0, first);
        open.opened(0, second);

        // When
        open.caughtUp(0, first);
        open.reached(0, first, Stage.FOLLOWED);
        open.closed(0, first);

        // Then
        assertThat(open.stage(0)).contains(Stage.BUILDING);

        // When
        open.reached(0, second, Stage.FOLLOWED);
        open.caughtUp(0, second);

        // Then
        assertThat(open.stage(0)).contains(Stage.FOLLOWED);
    }
}
