package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.sampling.Load;
import dev.millrace.sampling.tail.Version;
import dev.millrace.sampling.tail.VersionCodec;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The versions of everything a verdict depends on, read from and appended to `sampling-control`.
///
/// A version's number is one more than its offset, so that all readers agree on it and 0 is none.
/// Between versions stand the loads of machines, which have a key: the name of an instance.
/// Confined to one thread.
final class ControlLog implements Versions, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ControlLog.class);
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration STALL = Duration.ofSeconds(30);

    /// How long a version may take to be seen after it was named.
    private static final Duration NAMED_AHEAD = Duration.ofSeconds(2);

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    /// How many of the newest versions are held; older ones are read again when they are needed.
    private static final int HELD = 8;

    /// How many are read at once then: who asks for one is reading `spans` again, and asks for the
    /// next soon.
    private static final int AHEAD = 32;

    /// How long the broker may hold back an answer because nothing is new. Until it answers no
    /// older version can be read.
    private static final Map<String, Integer> SOON = Map.of("fetch.max.wait.ms", 100);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final KafkaProducer<byte[], byte[]> producer;
    private final TopicPartition partition;
    private final TreeMap<Long, Version> held = new TreeMap<>();
    private final Map<String, Reported> loads = new HashMap<>();

    /// What an instance said of its machine, and when, by the log.
    private record Reported(Load load, long at) {}

    private final TreeMap<Long, Version> replayed = new TreeMap<>();

    ControlLog(KafkaClients clients, String role, TopicsConfig topics) {
        consumer = clients.reader(role + "-control", SOON);
        producer = clients.producer(role + "-control", Map.of());
        partition = new TopicPartition(topics.fullName(topics.samplingControl()), 0);
    }

    /// Reads the latest there are; where there is nothing, begins with a version of this policy.
    ///
    /// @throws KafkaException when Kafka does not answer in time
    void open(String policyText) {
        consumer.assign(List.of(partition));
        long end = end();
        long beginning = beginning();
        long from = end;
        // Loads may lie between the last version and the end.
        for (long back = HELD; held.isEmpty() && from > beginning; back *= 16) {
            from = Math.max(beginning, end - back);
            consumer.seek(partition, from);
            readTo(end);
        }
        consumer.seek(partition, end);
        if (held.isEmpty()) {
            publish(Version.first(policyText));
        }
    }

    /// Takes notice of what was appended lately; does not wait.
    void refresh() {
        for (var message : consumer.poll(Duration.ZERO)) {
            note(message);
        }
    }

    @Override
    public Version latest() {
        return held.lastEntry().getValue();
    }

    /// Read from the log if it is not held.
    ///
    /// @throws KafkaException when Kafka does not give it
    @Override
    public Version at(long number) {
        if (number > consumer.position(partition)) {
            awaitEnd(number);
        }
        var known = held.get(Math.max(1, number));
        return known == null ? older(number) : known;
    }

    private Version older(long number) {
        var known = replayed.get(number);
        if (known != null) {
            return known;
        }
        replayed.clear();
        long next = consumer.position(partition);
        // What was published here was not necessarily read.
        long end = Math.max(next, held.lastKey());
        consumer.seek(partition, Math.max(beginning(), number - 1));
        int idle = 0;
        while (replayed.isEmpty() && consumer.position(partition) < end) {
            var messages = consumer.poll(POLL);
            for (var message : messages) {
                var version =
                        replayed.size() < AHEAD && message.key() == null
                                ? decode(message.offset(), message.value())
                                : null;
                if (version != null) {
                    replayed.put(version.number(), version);
                }
            }
            idle = messages.isEmpty() ? idle + 1 : 0;
            checkProgress(idle, end);
        }
        consumer.seek(partition, next);
        var found = replayed.isEmpty() ? latest() : replayed.firstEntry().getValue();
        if (number > 0 && found.number() != number) {
            LOG.atError()
                    .addKeyValue("version", number)
                    .addKeyValue("instead", found.number())
                    .log("A version that verdicts depend on is gone; another is taken");
        }
        return found;
    }

    /// Appends a version and returns it with its number.
    Version publish(Version version) {
        try {
            long offset =
                    producer.send(
                                    new ProducerRecord<>(
                                            partition.topic(),
                                            partition.partition(),
                                            null,
                                            VersionCodec.encode(version)))
                            .get(STALL.toSeconds(), TimeUnit.SECONDS)
                            .offset();
            var numbered = version.numbered(offset + 1);
            hold(numbered);
            return numbered;
        } catch (ExecutionException | TimeoutException e) {
            throw new KafkaException("a version could not be published", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("interrupted", e);
        }
    }

    /// Whoever names a version has seen it, so it is there, unless the name is wrong; a new leader
    /// of the partition may need a moment to know of it.
    private void awaitEnd(long number) {
        for (int i = 0;
                i < NAMED_AHEAD.dividedBy(POLL) && consumer.position(partition) < number;
                i++) {
            consumer.poll(POLL).forEach(this::note);
        }
        readTo(Math.min(number, end()));
    }

    private void readTo(long end) {
        int idle = 0;
        while (consumer.position(partition) < end) {
            var messages = consumer.poll(POLL);
            for (var message : messages) {
                note(message);
            }
            idle = messages.isEmpty() ? idle + 1 : 0;
            checkProgress(idle, end);
        }
    }

    private void checkProgress(int idlePolls, long end) {
        if (idlePolls > STALL.dividedBy(POLL)) {
            throw new KafkaException(
                    partition
                            + ": no progress at offset "
                            + consumer.position(partition)
                            + " (expected: up to "
                            + end
                            + ")");
        }
    }

    private void note(ConsumerRecord<byte[], byte[]> message) {
        if (message.key() != null) {
            noteLoad(message);
            return;
        }
        var version = decode(message.offset(), message.value());
        if (version != null) {
            hold(version);
        }
    }

    private void noteLoad(ConsumerRecord<byte[], byte[]> message) {
        try {
            loads.put(
                    Slice.of(message.key()).toText(),
                    new Reported(
                            LoadReport.decode(Slice.of(message.value())), message.timestamp()));
            loads.values()
                    .removeIf(load -> load.at() < message.timestamp() - LoadReport.VALID_MILLIS);
        } catch (MalformedSpansException e) {
            LOG.atError()
                    .addKeyValue("offset", message.offset())
                    .addKeyValue("error", e.toString())
                    .log("Not the load of a machine; passed over");
        }
    }

    /// Says how busy a machine is; does not wait.
    void report(String instance, Load load) {
        // What is lost is said again as long as it matters.
        var _ =
                producer.send(
                        new ProducerRecord<>(
                                partition.topic(),
                                partition.partition(),
                                instance.getBytes(StandardCharsets.UTF_8),
                                LoadReport.encode(load)));
    }

    /// The greatest load of all machines that are not calm.
    Load busiest(long nowMillis) {
        return loads.values().stream()
                .filter(reported -> reported.at() >= nowMillis - LoadReport.VALID_MILLIS)
                .map(Reported::load)
                .reduce(Load.NONE, Load::max);
    }

    private static @Nullable Version decode(long offset, byte[] value) {
        try {
            return VersionCodec.decode(offset + 1, Slice.of(value));
        } catch (MalformedSpansException | IllegalArgumentException e) {
            LOG.atError()
                    .addKeyValue("offset", offset)
                    .addKeyValue("error", e.toString())
                    .log("Not a version of what verdicts depend on; passed over");
            return null;
        }
    }

    private void hold(Version version) {
        held.put(version.number(), version);
        while (held.size() > HELD) {
            held.pollFirstEntry();
        }
    }

    private long beginning() {
        return consumer.beginningOffsets(List.of(partition)).getOrDefault(partition, 0L);
    }

    private long end() {
        return consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
    }

    @Override
    public void close() {
        consumer.close(CloseOptions.timeout(CLOSE_TIMEOUT));
        producer.close(CLOSE_TIMEOUT);
    }
}
