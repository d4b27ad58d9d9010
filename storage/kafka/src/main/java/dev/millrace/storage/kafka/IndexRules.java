package dev.millrace.storage.kafka;

import dev.millrace.pipeline.FragmentReader;
import dev.millrace.pipeline.LogGate;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalStoreMeters;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// What is the same for the indices of all partitions here.
///
/// @param topic that they are made of
/// @param buffer bytes that may wait to be written, of all of them together
/// @param indexMeters what the embedded stores count, which are these indices and no others
/// @param clock tells what is past its retention
/// @param log of records that cannot be read, which may be many
record IndexRules(
        String topic,
        FragmentReader reader,
        KafkaStoreConfig.Keeping keeping,
        long buffer,
        OpenPartitions open,
        KafkaStoreMeters meters,
        LocalStoreMeters indexMeters,
        InstantSource clock,
        LogGate log) {

    /// How far ahead of its append time a span may start, as collectors have it unless told
    /// otherwise.
    private static final Duration AHEAD = Duration.ofDays(1);

    static IndexRules of(
            KafkaStoreConfig config,
            OpenPartitions open,
            KafkaStoreMeters meters,
            LocalStoreMeters indexMeters,
            InstantSource clock) {
        return new IndexRules(
                config.source().topic(),
                FragmentReader.of(config.source().encoding()),
                config.keeping(),
                config.buffer().bytes(),
                open,
                meters,
                indexMeters,
                clock,
                new LogGate(meters.clock()));
    }

    LocalStoreConfig indexIn(Path directory) {
        return new LocalStoreConfig(
                directory, keeping.window(), keeping.retention(), keeping.maxSize());
    }

    /// What one partition may have in memory.
    long share() {
        return Math.max(64 << 10, open.share(buffer));
    }

    /// Whether all that may be in a record would be given up with the next expiry. A topic may keep
    /// its records for much longer than the store, and all of them are read where a disk was lost.
    boolean isExpired(ConsumerRecord<byte[], byte[]> record) {
        long latest = record.timestamp() + AHEAD.plus(keeping.window()).toMillis();
        return record.timestamp() > 0 && latest < keeping.horizon(clock.instant()).toEpochMilli();
    }
}
