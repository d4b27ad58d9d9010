package dev.millrace.storage.kafka;

import java.util.function.Supplier;
import org.apache.kafka.streams.Topology;

/// What a [StreamsRun] runs.
///
/// @param topology made anew for every start
/// @param open where the topology's stores tell that they are open
/// @param meters of this store
record StreamsPlan(
        KafkaStoreConfig config,
        Supplier<Topology> topology,
        OpenPartitions open,
        KafkaStoreMeters meters) {

    String topic() {
        return config.source().topic();
    }
}
