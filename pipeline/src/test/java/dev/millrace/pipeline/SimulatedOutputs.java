package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.assembly.Resumption;
import dev.millrace.model.Slice;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/// What one group of a simulation has written, in transactions: outputs and positions.
final class SimulatedOutputs {

    enum State {
        OPEN,
        COMMITTED,
        ABORTED
    }

    /// Records that become visible together, or never.
    static final class Transaction {
        private State state = State.OPEN;
    }

    private record Written(ProducerRecord<byte[], byte[]> message, Transaction transaction) {}

    private final Map<TopicPartition, List<Written>> logs = new HashMap<>();
    private final Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();

    /// Returns the record's offset.
    long write(ProducerRecord<byte[], byte[]> message, Transaction transaction) {
        var log =
                logs.computeIfAbsent(
                        new TopicPartition(message.topic(), message.partition()),
                        _ -> new ArrayList<>());
        log.add(new Written(message, transaction));
        return log.size() - 1L;
    }

    void commit(Transaction transaction, Map<TopicPartition, OffsetAndMetadata> offsets) {
        transaction.state = State.COMMITTED;
        offsets.forEach((partition, next) -> {
            var before = positions.put(partition, next);
            assertThat(next.offset())
                    .as("%s: a position never steps back", partition)
                    .isGreaterThanOrEqualTo(before == null ? 0 : before.offset());
        });
    }

    void abort(Transaction transaction) {
        transaction.state = State.ABORTED;
    }

    /// Where the next owner takes over.
    CommitMetadata position(TopicPartition partition) {
        var committed = positions.get(partition);
        return committed == null
                ? new CommitMetadata(Resumption.fresh(0), 0, 0, 0)
                : CommitMetadata.decode(committed);
    }

    /// The committed records of a topic, partition by partition.
    List<ProducerRecord<byte[], byte[]>> committed(TopicsConfig.Topic topic) {
        var messages = new ArrayList<ProducerRecord<byte[], byte[]>>();
        for (int i = 0; i < topic.partitions(); i++) {
            messages.addAll(committed(new TopicPartition(topic.name(), i), 0));
        }
        return messages;
    }

    List<ProducerRecord<byte[], byte[]>> committed(TopicPartition partition, long from) {
        var log = logs.getOrDefault(partition, List.of());
        return log.subList((int) from, log.size()).stream()
                .filter(written -> written.transaction().state == State.COMMITTED)
                .map(Written::message)
                .toList();
    }

    /// Where the next record would come, whatever becomes of those before it.
    long end(TopicPartition partition) {
        return logs.getOrDefault(partition, List.of()).size();
    }

    /// Every committed decision, in the order of each partition.
    List<Decision> decisions() {
        return committed(SimulatedLog.TOPICS.samplingDecisions()).stream()
                .map(message -> Decision.decode(Slice.of(message.value())))
                .toList();
    }
}
