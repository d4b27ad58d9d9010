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

/// What all readers of a simulation share: `spans`, what is mirrored from sites, `sampling-control`
/// and the time.
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

    final TopicsConfig topics;

    SimulatedLog() {
        this(List.of());
    }

    SimulatedLog(List<String> sites) {
        topics = TOPICS.withSites(sites);
        for (int i = 0; i < PARTITIONS * topics.sources().size(); i++) {
            spans.add(new ArrayList<>());
        }
    }

    /// The partitions of all sources, one source after the other.
    TopicPartition partition(int number) {
        return new TopicPartition(topics.sources().get(number / PARTITIONS), number % PARTITIONS);
    }

    int partitions() {
        return spans.size();
    }

    static Headers noHeaders() {
        return new org.apache.kafka.common.header.internals.RecordHeaders();
    }

    void append(
            int partition, long appendedAt, byte[] key, byte @Nullable [] value, Headers headers) {
        var log = spans.get(partition);
        var place = partition(partition);
        log.add(
                new ConsumerRecord<>(
                        place.topic(),
                        place.partition(),
                        log.size(),
                        appendedAt,
                        topics.isMirrored(place.topic())
                                ? TimestampType.CREATE_TIME
                                : TimestampType.LOG_APPEND_TIME,
                        key.length,
                        value == null ? 0 : value.length,
                        key,
                        value,
                        headers,
                        Optional.empty()));
    }

    void mark(int partition, byte[] says) {
        mark(partition, time, says);
    }

    void mark(int partition, long appendedAt, byte[] says) {
        var headers = noHeaders();
        headers.add(RecordHeaders.MARKER, says);
        append(partition, appendedAt, new byte[0], null, headers);
    }

    /// The same log as the sites alone would have written it.
    SimulatedLog withoutVersionsAtSites() {
        var own = new SimulatedLog(topics.sites());
        own.versions.addAll(versions);
        for (int i = 0; i < partitions(); i++) {
            boolean mirrored = topics.isMirrored(partition(i).topic());
            for (var record : spans.get(i)) {
                String marker = RecordHeaders.text(record.headers(), RecordHeaders.MARKER);
                if (!mirrored || marker == null || !MarkerSchedule.namesVersion(marker)) {
                    own.append(
                            i, record.timestamp(), record.key(), record.value(), record.headers());
                }
            }
        }
        return own;
    }

    /// As it would be read, with its number.
    void publish(Version version) {
        versions.add(
                VersionCodec.decode(versions.size() + 1L, Slice.of(VersionCodec.encode(version))));
    }
}
