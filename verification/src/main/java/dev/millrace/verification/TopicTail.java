package dev.millrace.verification;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/// Follows a topic of spans from its beginning, committed records only, and keeps of each partition
/// what tells it from a copy that lacks a record, has one twice, or has another order, value or
/// time.
///
/// Safe for threads.
final class TopicTail implements AutoCloseable {

    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /// What of a partition has been read.
    ///
    /// @param fingerprint of all records, in their order
    /// @param firstTime of the first record, milliseconds since the epoch
    /// @param lastTime of the last
    record Seen(long records, String fingerprint, long firstTime, long lastTime) {

        static final Seen NOTHING = new Seen(0, "", 0, 0);
    }

    private final String topic;
    private final Map<String, Object> settings;
    private final Map<Integer, Seen> partitions = new ConcurrentHashMap<>();
    private final Thread thread;
    private volatile boolean closing;

    private TopicTail(String bootstrapServers, String topic) {
        this.topic = topic;
        this.settings =
                Map.of(
                        "bootstrap.servers",
                        bootstrapServers,
                        "isolation.level",
                        "read_committed",
                        "enable.auto.commit",
                        false,
                        "auto.offset.reset",
                        "earliest");
        this.thread = Thread.ofPlatform().daemon().name("tail-" + topic).unstarted(this::run);
    }

    static TopicTail started(String bootstrapServers, String topic) {
        var tail = new TopicTail(bootstrapServers, topic);
        tail.thread.start();
        return tail;
    }

    /// What has been read so far, by partition.
    Map<Integer, Seen> seen() {
        return new TreeMap<>(partitions);
    }

    /// How long behind a copy is: the longest time in any partition from the last record in the
    /// copy to the last one here.
    Duration aheadOf(TopicTail copy) {
        long longest = 0;
        for (var partition : partitions.entrySet()) {
            var here = partition.getValue();
            var there = copy.partitions.getOrDefault(partition.getKey(), Seen.NOTHING);
            if (there.records() < here.records()) {
                long since = there.records() == 0 ? here.firstTime() : there.lastTime();
                longest = Math.max(longest, here.lastTime() - since);
            }
        }
        return Duration.ofMillis(longest);
    }

    /// Where a copy is not the same; empty when it is.
    List<String> differences(TopicTail copy) {
        var differences = new ArrayList<String>();
        var here = seen();
        var there = copy.seen();
        here.forEach((partition, original) -> {
            var copied = there.getOrDefault(partition, Seen.NOTHING);
            if (!original.equals(copied)) {
                differences.add(
                        "%s-%d: %d records, %d in the copy%s"
                                .formatted(
                                        topic,
                                        partition,
                                        original.records(),
                                        copied.records(),
                                        original.records() == copied.records()
                                                ? ", others or in another order"
                                                : ""));
            }
        });
        there.keySet().stream()
                .filter(partition -> !here.containsKey(partition))
                .forEach(partition ->
                        differences.add(topic + "-" + partition + ": in the copy alone"));
        return differences;
    }

    private void run() {
        var digests = new ConcurrentHashMap<Integer, MessageDigest>();
        try (var consumer =
                new KafkaConsumer<>(
                        settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var assigned = awaitTopic(consumer);
            if (assigned == null) {
                return;
            }
            consumer.assign(assigned);
            consumer.seekToBeginning(assigned);
            while (!closing) {
                try {
                    consumer.poll(POLL).forEach(record -> take(record, digests));
                } catch (KafkaException e) {
                    // The broker is away; offsets are kept by the consumer.
                    System.out.println(topic + " not read: " + e);
                }
            }
        }
    }

    /// Null when it is being closed.
    private @Nullable List<TopicPartition> awaitTopic(KafkaConsumer<?, ?> consumer) {
        while (!closing) {
            try {
                var found = consumer.listTopics(POLL.multipliedBy(10)).get(topic);
                if (found != null) {
                    return found.stream()
                            .map(info -> new TopicPartition(topic, info.partition()))
                            .toList();
                }
            } catch (KafkaException _) {
                // It is starting.
            }
        }
        return null;
    }

    private void take(ConsumerRecord<byte[], byte[]> record, Map<Integer, MessageDigest> digests) {
        if (isOfTheCenter(record)) {
            return;
        }
        var digest = digests.computeIfAbsent(record.partition(), _ -> sha256());
        update(digest, record.key());
        update(digest, record.value());
        for (var header : record.headers()) {
            update(digest, header.key().getBytes(StandardCharsets.UTF_8));
            update(digest, header.value());
        }
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, record.timestamp()));
        var before = partitions.getOrDefault(record.partition(), Seen.NOTHING);
        partitions.put(
                record.partition(),
                new Seen(
                        before.records() + 1,
                        fingerprint(digest),
                        before.records() == 0 ? record.timestamp() : before.firstTime(),
                        record.timestamp()));
    }

    /// Whether it is a marker of what verdicts depend on, which the center puts into copies.
    private static boolean isOfTheCenter(ConsumerRecord<byte[], byte[]> record) {
        var marker = record.headers().lastHeader("marker");
        return marker != null
                && new String(marker.value(), StandardCharsets.UTF_8).startsWith("version=");
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void update(MessageDigest digest, byte @Nullable [] bytes) {
        digest.update(
                ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes == null ? -1 : bytes.length));
        if (bytes != null) {
            digest.update(bytes);
        }
    }

    // Of what was taken so far; more may follow.
    private static String fingerprint(MessageDigest digest) {
        try {
            return HexFormat.of().formatHex(((MessageDigest) digest.clone()).digest());
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        closing = true;
        try {
            thread.join(PATIENCE);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
