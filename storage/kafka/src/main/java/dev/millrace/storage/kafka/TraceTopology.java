package dev.millrace.storage.kafka;

import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.StoreBuilder;
import org.jspecify.annotations.Nullable;

/// Builds the topology of the trace store: every record of a topic goes into the index of its
/// partition.
///
/// The state is read-only in Kafka's words: it has no changelog, since the topic is one.
final class TraceTopology {

    /// Of the state store, and of its directory.
    static final String STORE = "traces";

    private static final String SOURCE = "records";
    private static final String PROCESSOR = "index";

    private TraceTopology() {}

    /// Builds it.
    ///
    /// @param topic of spans, by trace or by partition
    static Topology of(String topic, IndexRules rules) {
        return new Topology()
                .addReadOnlyStateStore(
                        new Indices(rules),
                        SOURCE,
                        // Old writers send no time, and Kafka Streams would stop at it.
                        (record, _) -> Math.max(0, record.timestamp()),
                        new ByteArrayDeserializer(),
                        new ByteArrayDeserializer(),
                        topic,
                        PROCESSOR,
                        Indexing::new);
    }

    private static final class Indexing implements Processor<byte[], byte[], Void, Void> {

        private @Nullable ProcessorContext<Void, Void> context;
        private @Nullable PartitionIndex index;

        @Override
        public void init(ProcessorContext<Void, Void> given) {
            StateStore store = given.getStateStore(STORE);
            context = given;
            var open = (PartitionIndex) store;
            index = open;
            // Only when it has been restored is there a processor.
            open.follow();
        }

        @Override
        public void close() {
            var open = index;
            if (open != null) {
                open.followNoMore();
            }
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            var open = index;
            var at = context == null ? Optional.<RecordMetadata>empty() : context.recordMetadata();
            if (open == null || at.isEmpty()) {
                throw new IllegalStateException("a record before init(), or of no topic");
            }
            open.apply(whole(record, at.get()));
        }

        private static ConsumerRecord<byte[], byte[]> whole(
                Record<byte[], byte[]> record, RecordMetadata at) {
            return new ConsumerRecord<>(
                    at.topic(),
                    at.partition(),
                    at.offset(),
                    record.timestamp(),
                    TimestampType.NO_TIMESTAMP_TYPE,
                    ConsumerRecord.NULL_SIZE,
                    ConsumerRecord.NULL_SIZE,
                    record.key(),
                    record.value(),
                    record.headers(),
                    Optional.empty());
        }
    }

    /// Builds a store for each partition; they open nothing before they are told to.
    private record Indices(IndexRules rules) implements StoreBuilder<PartitionIndex> {

        @Override
        public PartitionIndex build() {
            return new PartitionIndex(STORE, rules);
        }

        @Override
        public String name() {
            return STORE;
        }

        @Override
        public StoreBuilder<PartitionIndex> withCachingEnabled() {
            return this;
        }

        @Override
        public StoreBuilder<PartitionIndex> withCachingDisabled() {
            return this;
        }

        @Override
        public StoreBuilder<PartitionIndex> withLoggingEnabled(Map<String, String> config) {
            return this;
        }

        @Override
        public StoreBuilder<PartitionIndex> withLoggingDisabled() {
            return this;
        }

        @Override
        public Map<String, String> logConfig() {
            return Map.of();
        }

        @Override
        public boolean loggingEnabled() {
            return false;
        }
    }
}
