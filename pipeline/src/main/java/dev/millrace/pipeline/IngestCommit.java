package dev.millrace.pipeline;

import dev.millrace.pipeline.ledger.LedgerCodec;
import dev.millrace.pipeline.ledger.LedgerEntry;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/// Commits how far the ingester is together with what it has to say to the ledger, both or neither.
///
/// Confined to one thread.
final class IngestCommit implements AutoCloseable {

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final KafkaProducer<byte[], byte[]> producer;
    private final String ledger;
    private final int partitions;

    /// @param producer closed with this
    /// @param ledger the full name of the topic
    /// @param partitions how many it has
    IngestCommit(KafkaProducer<byte[], byte[]> producer, String ledger, int partitions) {
        this.producer = producer;
        this.ledger = ledger;
        this.partitions = partitions;
    }

    /// Ends what a predecessor of the same name left open.
    void open() {
        producer.initTransactions();
    }

    /// @param entries by the partition they account for
    /// @throws KafkaException when neither is committed
    void commit(
            Map<TopicPartition, OffsetAndMetadata> offsets,
            Map<TopicPartition, LedgerEntry> entries,
            ConsumerGroupMetadata group) {
        producer.beginTransaction();
        try {
            entries.forEach((partition, entry) -> {
                // A failed send fails the transaction.
                var _ =
                        producer.send(
                                new ProducerRecord<>(
                                        ledger,
                                        partition.partition() % partitions,
                                        null,
                                        LedgerCodec.encode(entry)));
            });
            producer.sendOffsetsToTransaction(offsets, group);
            producer.commitTransaction();
        } catch (KafkaException e) {
            try {
                producer.abortTransaction();
            } catch (KafkaException unable) {
                unable.addSuppressed(e);
                throw new SpoiltException(unable);
            }
            throw e;
        }
    }

    /// The producer is of no use any more.
    static final class SpoiltException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        SpoiltException(KafkaException cause) {
            super("the transaction cannot be given up", cause);
        }
    }

    @Override
    public void close() {
        producer.close(CLOSE_TIMEOUT);
    }
}
