package dev.millrace.testkit;

import static java.util.concurrent.TimeUnit.SECONDS;

import dev.millrace.broker.BrokerConfig;
import dev.millrace.broker.EmbeddedBroker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/// A real broker for tests: one per JVM, started at first use and gone with the JVM.
///
/// Tests stay apart by names: take topics, groups and transactional ids from [#uniqueName(String)].
public final class KafkaFixture {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final AtomicInteger NAMES = new AtomicInteger();

    private final EmbeddedBroker broker;

    private KafkaFixture(EmbeddedBroker broker) {
        this.broker = broker;
    }

    /// Initialised by the JVM on first use, once.
    private static final class Shared {
        static final KafkaFixture FIXTURE = launch();
    }

    public static KafkaFixture shared() {
        return Shared.FIXTURE;
    }

    /// A name that no other test of this JVM gets.
    public static String uniqueName(String prefix) {
        return prefix + "-" + NAMES.incrementAndGet();
    }

    public String bootstrapServers() {
        return broker.bootstrapServers();
    }

    public Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", bootstrapServers()));
    }

    /// Makes a topic with append times and waits until every partition of it can be used.
    public void createTopic(String name, int partitions) {
        createTopic(name, partitions, Map.of("message.timestamp.type", "LogAppendTime"));
    }

    public void createTopic(String name, int partitions, Map<String, String> settings) {
        try (Admin admin = admin()) {
            admin.createTopics(
                            List.of(
                                    new NewTopic(name, Optional.of(partitions), Optional.empty())
                                            .configs(settings)))
                    .all()
                    .get(PATIENCE.toSeconds(), SECONDS);
        } catch (ExecutionException | InterruptedException | TimeoutException e) {
            throw new IllegalStateException("topic: " + name + " (expected: created)", e);
        }
        endOffsets(name);
    }

    /// The end of every partition that a transactional reader sees, once all of them answer.
    public Map<TopicPartition, Long> endOffsets(String topic) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try (Admin admin = admin()) {
            while (true) {
                try {
                    return listEnds(admin, topic);
                } catch (ExecutionException e) {
                    if (System.nanoTime() > deadline) {
                        throw new IllegalStateException("topic: " + topic + " does not answer", e);
                    }
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        } catch (InterruptedException | TimeoutException e) {
            throw new IllegalStateException("topic: " + topic + " does not answer", e);
        }
    }

    private static Map<TopicPartition, Long> listEnds(Admin admin, String topic)
            throws ExecutionException, InterruptedException, TimeoutException {
        int partitions =
                admin.describeTopics(List.of(topic))
                        .allTopicNames()
                        .get(PATIENCE.toSeconds(), SECONDS)
                        .values()
                        .iterator()
                        .next()
                        .partitions()
                        .size();
        var latest =
                IntStream.range(0, partitions)
                        .mapToObj(partition -> new TopicPartition(topic, partition))
                        .collect(Collectors.toMap(at -> at, _ -> OffsetSpec.latest()));
        var ends = new HashMap<TopicPartition, Long>();
        admin.listOffsets(latest)
                .all()
                .get(PATIENCE.toSeconds(), SECONDS)
                .forEach((at, end) -> ends.put(at, end.offset()));
        return ends;
    }

    /// Every committed record of a topic up to its present end, each partition in its order.
    ///
    /// An open transaction is waited for, as any reader of committed records must.
    public List<ConsumerRecord<byte[], byte[]>> readAll(String topic) {
        Map<TopicPartition, Long> ends = endOffsets(topic);
        var records = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try (var consumer = consumer(Map.of())) {
            consumer.assign(ends.keySet());
            consumer.seekToBeginning(ends.keySet());
            while (ends.entrySet().stream()
                    .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(
                            "topic: " + topic + " not read to its end " + ends + " in " + PATIENCE);
                }
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
        }
        return records;
    }

    /// A plain reader of committed records; `settings` come on top.
    public KafkaConsumer<byte[], byte[]> consumer(Map<String, String> settings) {
        var all = new HashMap<String, Object>();
        all.put("bootstrap.servers", bootstrapServers());
        all.put("isolation.level", "read_committed");
        all.put("enable.auto.commit", "false");
        all.put("auto.offset.reset", "earliest");
        all.putAll(settings);
        return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /// A plain idempotent producer; `settings` come on top.
    public KafkaProducer<byte[], byte[]> producer(Map<String, String> settings) {
        var all = new HashMap<String, Object>();
        all.put("bootstrap.servers", bootstrapServers());
        all.putAll(settings);
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /// Sends the records in their order and returns when all of them are acknowledged.
    public void send(List<ProducerRecord<byte[], byte[]>> records) {
        try (var producer = producer(Map.of())) {
            for (var sent : records.stream().map(producer::send).toList()) {
                sent.get(PATIENCE.toSeconds(), SECONDS);
            }
        } catch (ExecutionException | InterruptedException | TimeoutException e) {
            throw new IllegalStateException("records: not acknowledged", e);
        }
    }

    private static KafkaFixture launch() {
        try {
            Path directory = Files.createTempDirectory("millrace-kafka-");
            var broker =
                    new EmbeddedBroker(new BrokerConfig(directory, "127.0.0.1", 0), (_, _) -> {});
            broker.start();
            Runtime.getRuntime()
                    .addShutdownHook(
                            new Thread(() -> remove(broker, directory), "kafka-fixture-close"));
            return new KafkaFixture(broker);
        } catch (IOException e) {
            throw new UncheckedIOException("kafka fixture: no temporary directory", e);
        }
    }

    private static void remove(EmbeddedBroker broker, Path directory) {
        broker.close();
        try (var paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("kafka fixture: cannot delete " + directory, e);
        }
    }
}
