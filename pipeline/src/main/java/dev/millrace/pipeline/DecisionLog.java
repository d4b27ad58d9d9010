package dev.millrace.pipeline;

import dev.millrace.assembly.ClosedTraces;
import dev.millrace.model.Slice;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/// Reads back what was decided, for a new owner of a partition of `spans`.
final class DecisionLog implements AutoCloseable {

    private static final Duration POLL = Duration.ofMillis(100);

    /// How long the broker may take to give up the transaction of an owner that died, and more.
    private static final Duration STALL = Duration.ofSeconds(30);

    private final Admin admin;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final String topic;
    private final int partitions;

    /// @param admin stays the caller's to close
    DecisionLog(Admin admin, KafkaConsumer<byte[], byte[]> consumer, String topic, int partitions) {
        this.admin = admin;
        this.consumer = consumer;
        this.topic = topic;
        this.partitions = partitions;
    }

    /// Where decisions about a partition of `spans` are.
    TopicPartition of(int spansPartition) {
        return new TopicPartition(topic, spansPartition % partitions);
    }

    /// What a new owner has to know besides the closed traces.
    ///
    /// @param end the offset at which later decisions begin
    /// @param upgrades that were asked for and not done
    record Loaded(long end, List<SpanRecall.Request> upgrades) {}

    /// Puts every committed decision about `spans` from offset `from` on into `closed`.
    Loaded load(TopicPartition spans, long from, ClosedTraces closed) {
        var source = of(spans.partition());
        // The end as the last writer left it. A transaction that another owner has open may hold
        // committed decisions back, so it is not enough to read what is stable now.
        long end = end(source);
        consumer.assign(List.of(source));
        long start = consumer.beginningOffsets(List.of(source)).getOrDefault(source, 0L);
        consumer.seek(source, Math.max(from, start));
        var decided = new DecisionsOnRecord(spans, closed);
        int idle = 0;
        while (consumer.position(source) < end) {
            long before = consumer.position(source);
            for (var message : consumer.poll(POLL)) {
                decided.accept(Decision.decode(Slice.of(message.value())));
            }
            idle = consumer.position(source) > before ? 0 : idle + 1;
            if (idle > STALL.dividedBy(POLL)) {
                throw new KafkaException(
                        source
                                + ": no progress at offset "
                                + before
                                + " (expected: up to "
                                + end
                                + ")");
            }
        }
        consumer.unsubscribe();
        return new Loaded(end, decided.upgrades());
    }

    private long end(TopicPartition partition) {
        try {
            return admin.listOffsets(
                            Map.of(partition, OffsetSpec.latest()),
                            new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED))
                    .partitionResult(partition)
                    .get(STALL.toSeconds(), TimeUnit.SECONDS)
                    .offset();
        } catch (ExecutionException | TimeoutException e) {
            throw new KafkaException(partition + ": its end is unknown", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("interrupted", e);
        }
    }

    @Override
    public void close() {
        consumer.close();
    }
}
