package dev.millrace.verification;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.Decision;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/// What is in a topic, as a reader of committed records sees it.
///
/// @param bootstrapServers where Kafka is
record TraceLog(String bootstrapServers) {

    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    /// How often each pair of key and SHA-256 of the value is there.
    Map<String, Integer> fingerprints(String topic) {
        var counts = new TreeMap<String, Integer>();
        read(topic, message -> counts.merge(fingerprint(message), 1, Integer::sum));
        return counts;
    }

    /// How many committed records there are.
    long count(String topic) {
        var count = new long[1];
        read(topic, _ -> count[0]++);
        return count[0];
    }

    /// Every committed decision, in the order of each partition.
    List<Decision> decisions(String topic) {
        var decisions = new ArrayList<Decision>();
        read(topic, message -> decisions.add(Decision.decode(Slice.of(message.value()))));
        return decisions;
    }

    /// The committed bodies of each trace.
    Map<TraceId, List<Slice>> bodies(String topic) {
        var bodies = new LinkedHashMap<TraceId, List<Slice>>();
        read(
                topic,
                message -> {
                    var key = new String(message.key(), StandardCharsets.US_ASCII);
                    var traceId =
                            new TraceId(
                                    Long.parseUnsignedLong(key, 0, 16, 16),
                                    Long.parseUnsignedLong(key, 16, 32, 16));
                    bodies.computeIfAbsent(traceId, _ -> new ArrayList<>())
                            .add(Slice.of(message.value()));
                });
        return bodies;
    }

    /// Of how many partitions an aggregator's group has not read or not decided all.
    int unfinished(String group, String topic) {
        try (var consumer = consumer(Map.of("group.id", group))) {
            var partitions = partitions(consumer, topic);
            consumer.assign(partitions);
            var ends = consumer.endOffsets(partitions);
            var committed = consumer.committed(Set.copyOf(partitions));
            int unfinished = 0;
            for (var partition : partitions) {
                long end = ends.getOrDefault(partition, 0L);
                var position = committed.get(partition);
                boolean open =
                        position == null
                                ? end > 0
                                : position.offset() < end
                                        || !position.metadata().contains("resume=" + end + " ");
                unfinished += open ? 1 : 0;
            }
            return unfinished;
        }
    }

    private KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> more) {
        var settings = new HashMap<String, Object>(more);
        settings.put("bootstrap.servers", bootstrapServers);
        settings.put("isolation.level", "read_committed");
        settings.put("enable.auto.commit", false);
        return new KafkaConsumer<>(
                settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static List<TopicPartition> partitions(
            KafkaConsumer<byte[], byte[]> consumer, String topic) {
        return consumer.partitionsFor(topic).stream()
                .map(info -> new TopicPartition(topic, info.partition()))
                .toList();
    }

    void read(String topic, Consumer<ConsumerRecord<byte[], byte[]>> each) {
        try (var consumer = consumer(Map.of())) {
            var partitions = partitions(consumer, topic);
            consumer.assign(partitions);
            var ends = consumer.endOffsets(partitions);
            consumer.seekToBeginning(partitions);
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (partitions.stream()
                    .anyMatch(at -> consumer.position(at) < ends.getOrDefault(at, 0L))) {
                if (System.nanoTime() - deadline > 0) {
                    throw new IllegalStateException(topic + ": not read within " + PATIENCE);
                }
                consumer.poll(POLL).forEach(each);
            }
        }
    }

    private static String fingerprint(ConsumerRecord<byte[], byte[]> message) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(message.value());
            return new String(message.key(), StandardCharsets.US_ASCII)
                    + " "
                    + HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
