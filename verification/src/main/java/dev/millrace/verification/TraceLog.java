package dev.millrace.verification;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
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

    void read(String topic, Consumer<ConsumerRecord<byte[], byte[]>> each) {
        Map<String, Object> settings =
                Map.of(
                        "bootstrap.servers",
                        bootstrapServers,
                        "isolation.level",
                        "read_committed",
                        "enable.auto.commit",
                        false);
        try (var consumer =
                new KafkaConsumer<>(
                        settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            consumer.partitionsFor(topic)
                    .forEach(info -> partitions.add(new TopicPartition(topic, info.partition())));
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
