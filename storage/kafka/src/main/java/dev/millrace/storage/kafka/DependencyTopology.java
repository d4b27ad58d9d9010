package dev.millrace.storage.kafka;

import dev.millrace.storage.kafka.OpenPartitions.Stage;
import java.util.Map;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.StoreBuilder;
import org.jspecify.annotations.Nullable;

/// The topology of the dependency store: a [DependencyPartition] for each partition of the topic of
/// figures, which is itself what they are restored from.
///
/// Builds it and does nothing else. Whoever runs it must read committed records only, since the
/// aggregator writes them in transactions; and guarantee that each is read at least once, since
/// more than that would throw state away after a crash which is sound.
final class DependencyTopology {

    /// The name of the store, and of its directory in those of the tasks.
    static final String STORE = "dependencies";

    private static final String SOURCE = "figures";
    private static final String PROCESSOR = "tally";

    private DependencyTopology() {}

    /// @param partitions is told which there are here, from when on until when
    /// @param meters of every topology that this process makes; their clock says what is past its
    ///   retention
    static Topology of(
            DependencyStateConfig config, OpenPartitions partitions, DependencyStateMeters meters) {
        return new Topology()
                .addReadOnlyStateStore(
                        new Builder(config, partitions, meters),
                        SOURCE,
                        // A record without a time is none to Kafka Streams, which would leave it
                        // out here and not when restoring.
                        (record, _) -> Math.max(0, record.timestamp()),
                        new ByteArrayDeserializer(),
                        new ByteArrayDeserializer(),
                        config.topic(),
                        PROCESSOR,
                        Adding::new);
    }

    /// Hands new records to the store.
    private static final class Adding extends ContextualProcessor<byte[], byte[], Void, Void> {

        private @Nullable DependencyPartition partition;

        @Override
        public void init(ProcessorContext<Void, Void> context) {
            super.init(context);
            DependencyPartition open = context.getStateStore(STORE);
            partition = open;
            // Only when it has been restored is there a processor.
            open.reached(Stage.FOLLOWED);
        }

        @Override
        public void close() {
            var open = partition;
            if (open != null) {
                open.reached(Stage.COPY);
            }
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            var to = partition;
            var from = context().recordMetadata();
            if (to == null || from.isEmpty()) {
                throw new IllegalStateException("a record from nowhere (expected: of a partition)");
            }
            to.add(from.get().offset(), record.key(), record.value(), record.timestamp());
        }
    }

    private record Builder(
            DependencyStateConfig config, OpenPartitions partitions, DependencyStateMeters meters)
            implements StoreBuilder<DependencyPartition> {

        @Override
        public String name() {
            return STORE;
        }

        @Override
        public DependencyPartition build() {
            return new DependencyPartition(STORE, config, partitions, meters);
        }

        // The topic is the log, and what is asked for besides makes no difference.

        @Override
        public boolean loggingEnabled() {
            return false;
        }

        @Override
        public Map<String, String> logConfig() {
            return Map.of();
        }

        @Override
        public Builder withCachingEnabled() {
            return this;
        }

        @Override
        public Builder withCachingDisabled() {
            return this;
        }

        @Override
        public Builder withLoggingEnabled(Map<String, String> config) {
            return this;
        }

        @Override
        public Builder withLoggingDisabled() {
            return this;
        }
    }
}
