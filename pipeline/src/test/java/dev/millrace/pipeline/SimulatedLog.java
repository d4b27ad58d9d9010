package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.sampling.tail.Version;
import dev.millrace.sampling.tail.VersionCodec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/// What all readers of a simulation share: `spans`, `sampling-control` and the time.
final class SimulatedLog {

    static final int PARTITIONS = 3;

    static final TopicsConfig TOPICS =
            new TopicsConfig(
                    "",
                    new TopicsConfig.Topic("spans", PARTITIONS, Duration.ofDays(1)),
                    new TopicsConfig.Topic("traces", 2, Duration.ofDays(1)),
                    new TopicsConfig.Topic("decisions", 2, Duration.ofDays(1)),
                    new TopicsConfig.Topic("control", 1, Duration.ofDays(1)),
                    new TopicsConfig.Topic("ledger", 2, Duration.ofDays(1)),
                    new TopicsConfig.Topic("dependencies", 2, Duration.ofDays(1)),
                    new TopicsConfig.Topic("dead", 1, Duration.ofDays(1)));

    final List<List<ConsumerRecord<byte[], byte[]>>> spans = new ArrayList<>();
    final List<Version> versions = new ArrayList<>();

    /// Of the next record, milliseconds.
    long time = 1_000;

    SimulatedLog() {
        for (int i = 0; i < PARTITIONS; i++) {
            spans.add(new ArrayList<>());
        }
    }

    static TopicPartition partition(int number) {
        return new TopicPartition("spans", number);
    }

    static Headers noHeaders() {
        return new org.apache.kafka.common.header.internals.RecordHeaders();
    }

    void append(
            int partition, long appendedAt, byte[] key, byte @Nullable [] value, Headers headers) {
        var log = spans.get(partition);
        log.add(
                new ConsumerRecord<>(
                        "spans",
                        partition,
                        log.size(),
                        appendedAt,
                        TimestampType.LOG_APPEND_TIME,
                        key.length,
                        value == null ? 0 : value.length,
                        key,
                        value,
                        headers,
                        Optional.empty()));
    }

    void mark(int partition, byte[] says) {
        var headers = noHeaders();
        headers.add(RecordHeaders.MARKER, says);
        append(partition, time, new byte[0], null, headers);
    }

    /// As it would be read, with its number.
    void publish(Version version) {
        versions.add(
                VersionCodec.decode(versions.size() + 1L, Slice.of(VersionCodec.encode(version))));
    }
}
