package dev.millrace.pipeline;

import dev.millrace.pipeline.SimulatedOutputs.Transaction;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/// A producer whose transactions end in [SimulatedOutputs].
final class SimulatedProducer extends MockProducer<byte[], byte[]> {

    private final SimulatedOutputs outputs;
    private final Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    private Transaction transaction = new Transaction();

    SimulatedProducer(SimulatedOutputs outputs) {
        this.outputs = outputs;
    }

    @Override
    public void beginTransaction() {
        transaction = new Transaction();
        offsets.clear();
    }

    @Override
    public synchronized Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> message) {
        return send(message, null);
    }

    @Override
    public synchronized Future<RecordMetadata> send(
            ProducerRecord<byte[], byte[]> message, @Nullable Callback callback) {
        long offset = outputs.write(message, transaction);
        var written =
                new RecordMetadata(
                        new TopicPartition(message.topic(), message.partition()),
                        offset,
                        0,
                        0,
                        0,
                        0);
        if (callback != null) {
            callback.onCompletion(written, null);
        }
        return CompletableFuture.completedFuture(written);
    }

    /// The positions that the open transaction commits.
    void sendOffsets(Map<TopicPartition, OffsetAndMetadata> positions) {
        offsets.putAll(positions);
    }

    @Override
    public void commitTransaction() {
        outputs.commit(transaction, offsets);
    }

    @Override
    public void abortTransaction() {
        outputs.abort(transaction);
    }
}
