package dev.millrace.storage.kafka;

import dev.millrace.model.ByteSize;
import dev.millrace.storage.local.LocalStoreMeters;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;

/// Configurations of stores for tests: windows of an hour, kept for a week.
final class Stores {

    static final Duration WINDOW = Duration.ofHours(1);
    static final Duration RETENTION = Duration.ofDays(7);

    private Stores() {}

    static KafkaStoreConfig config(String topic, Path directory) {
        return config("millrace-store-of-" + topic, topic, "one", 4_000, directory);
    }

    static KafkaStoreConfig config(
            String application, String topic, String instance, int port, Path directory) {
        return new KafkaStoreConfig(
                application,
                new KafkaStoreConfig.Source(topic, null),
                new KafkaStoreConfig.Instance(new Peer("127.0.0.1", port), instance, directory),
                new KafkaStoreConfig.Keeping(WINDOW, RETENTION, new ByteSize(0)),
                KafkaStoreConfig.Sharing.DEFAULT,
                ByteSize.ofMebibytes(1),
                Duration.ofSeconds(30));
    }

    /// At a moment after all spans of the samples.
    static IndexRules rules(KafkaStoreConfig config, OpenPartitions open, MeterRegistry registry) {
        return IndexRules.of(
                config,
                open,
                new KafkaStoreMeters("traces", registry),
                new LocalStoreMeters(registry),
                InstantSource.fixed(Records.NOW));
    }
}
