package dev.millrace.pipeline;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How far our groups are behind the ends of their topics, in records and in seconds.
///
/// Asked of Kafka from outside, so that it holds for groups nobody is a member of, too. What has
/// been written in a transaction counts once it is committed.
public final class Lag implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Lag.class);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    /// Only the first record of a partition is wanted, and records come by the batch.
    private static final Map<String, Integer> LITTLE =
            Map.of("max.partition.fetch.bytes", 64 << 10, "fetch.max.bytes", 1 << 20);

    /// A group's distance from the end of a partition.
    ///
    /// @param records committed by producers and not by the group
    /// @param age how long ago the first of them was appended; zero when there is none
    record Distance(String group, TopicPartition partition, long records, Duration age) {}

    private record Unread(TopicPartition partition, long offset) {}

    private final KafkaClients clients;
    private final Map<String, Predicate<String>> topicsByGroup;
    private final Duration interval;
    private final InstantSource clock;
    private final MultiGauge records;
    private final MultiGauge seconds;
    private final Counter failures;
    private final LogGate failureLog;
    private final CountDownLatch closing = new CountDownLatch(1);

    /// When the record at a place was appended; read once, for a stuck group stays at its place.
    private final Map<Unread, Long> appended = new HashMap<>();

    private @Nullable Thread thread;

    /// @param topicsByGroup the groups to watch, and of each which topics it reads
    /// @param interval from one look to the next
    public Lag(
            KafkaClients clients,
            Map<String, Predicate<String>> topicsByGroup,
            Duration interval,
            InstantSource clock,
            MeterRegistry registry) {
        this.clients = clients;
        this.topicsByGroup = Map.copyOf(topicsByGroup);
        this.interval = interval;
        this.clock = clock;
        records =
                MultiGauge.builder("millrace.consumer.lag")
                        .description("Records between a group's commit and the end")
                        .register(registry);
        seconds =
                MultiGauge.builder("millrace.consumer.lag.seconds")
                        .description("Age of the first record a group has not committed")
                        .register(registry);
        failures =
                Counter.builder("millrace.consumer.lag.failures")
                        .description("Looks at the lag that got no answer; the last one stands")
                        .register(registry);
        failureLog = new LogGate(registry.config().clock());
    }

    public synchronized void start() {
        if (thread != null || closing.getCount() == 0) {
            throw new IllegalStateException("lag: started before (expected: once)");
        }
        thread = Thread.ofPlatform().daemon().name("lag").start(this::run);
    }

    private void run() {
        Admin admin = clients.admin("lag");
        Consumer<byte[], byte[]> reader = clients.reader("lag", LITTLE);
        try {
            do {
                try {
                    publish(look(admin, reader));
                } catch (ExecutionException | TimeoutException | KafkaException e) {
                    failures.increment();
                    if (failureLog.open()) {
                        LOG.atWarn()
                                .addKeyValue("error", e.toString())
                                .log("Kafka does not say how far the groups are behind");
                    }
                }
            } while (!closing.await(interval.toMillis(), MILLISECONDS));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            admin.close(CLOSE_TIMEOUT);
            reader.close(CloseOptions.timeout(CLOSE_TIMEOUT));
        }
    }

    private void publish(List<Distance> distances) {
        records.register(rows(distances, Distance::records), true);
        seconds.register(rows(distances, distance -> distance.age().toMillis() / 1_000.0), true);
    }

    private static List<MultiGauge.Row<?>> rows(
            List<Distance> distances, ToDoubleFunction<Distance> value) {
        var rows = new ArrayList<MultiGauge.Row<?>>();
        for (Distance distance : distances) {
            var tags =
                    Tags.of(
                            "group", distance.group(),
                            "topic", distance.partition().topic(),
                            "partition", Integer.toString(distance.partition().partition()));
            rows.add(MultiGauge.Row.of(tags, value.applyAsDouble(distance)));
        }
        return rows;
    }

    /// One look, within a bounded time.
    List<Distance> look(Admin admin, Consumer<byte[], byte[]> reader)
            throws ExecutionException, InterruptedException, TimeoutException {
        Set<TopicPartition> partitions = partitions(admin);
        Map<TopicPartition, Long> ends = offsets(admin, partitions, OffsetSpec.latest());
        Map<TopicPartition, Long> starts = offsets(admin, partitions, OffsetSpec.earliest());
        var unread = new HashMap<String, Map<TopicPartition, Long>>();
        for (var group : topicsByGroup.entrySet()) {
            Map<TopicPartition, OffsetAndMetadata> committed =
                    await(
                            admin.listConsumerGroupOffsets(group.getKey())
                                    .partitionsToOffsetAndMetadata());
            var places = new HashMap<TopicPartition, Long>();
            for (TopicPartition partition : partitions) {
                if (group.getValue().test(partition.topic())) {
                    var commit = committed.get(partition);
                    long start = starts.getOrDefault(partition, 0L);
                    places.put(
                            partition, commit == null ? start : Math.max(start, commit.offset()));
                }
            }
            unread.put(group.getKey(), places);
        }
        readAppendTimes(reader, unread.values(), ends);
        return distances(unread, ends);
    }

    private List<Distance> distances(
            Map<String, Map<TopicPartition, Long>> unread, Map<TopicPartition, Long> ends) {
        long now = clock.millis();
        var distances = new ArrayList<Distance>();
        unread.forEach((group, places) ->
                places.forEach((partition, offset) -> {
                    long behind = Math.max(0, ends.getOrDefault(partition, 0L) - offset);
                    long since = appended.getOrDefault(new Unread(partition, offset), now);
                    var age = Duration.ofMillis(Math.max(0, now - since));
                    distances.add(new Distance(group, partition, behind, age));
                }));
        return distances;
    }

    private Set<TopicPartition> partitions(Admin admin)
            throws ExecutionException, InterruptedException, TimeoutException {
        var topics = new HashSet<String>();
        for (String topic : await(admin.listTopics().names())) {
            if (topicsByGroup.values().stream().anyMatch(wanted -> wanted.test(topic))) {
                topics.add(topic);
            }
        }
        var partitions = new HashSet<TopicPartition>();
        for (TopicDescription topic :
                await(admin.describeTopics(topics).allTopicNames()).values()) {
            topic.partitions()
                    .forEach(partition ->
                            partitions.add(
                                    new TopicPartition(topic.name(), partition.partition())));
        }
        return partitions;
    }

    private static Map<TopicPartition, Long> offsets(
            Admin admin, Set<TopicPartition> partitions, OffsetSpec spec)
            throws ExecutionException, InterruptedException, TimeoutException {
        var asked = new HashMap<TopicPartition, OffsetSpec>();
        partitions.forEach(partition -> asked.put(partition, spec));
        var offsets = new HashMap<TopicPartition, Long>();
        await(admin.listOffsets(asked, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).all())
                .forEach((partition, info) -> offsets.put(partition, info.offset()));
        return offsets;
    }

    private void readAppendTimes(
            Consumer<byte[], byte[]> reader,
            Collection<Map<TopicPartition, Long>> places,
            Map<TopicPartition, Long> ends) {
        var behind = new HashSet<Unread>();
        for (var byPartition : places) {
            byPartition.forEach((partition, offset) -> {
                if (offset < ends.getOrDefault(partition, 0L)) {
                    behind.add(new Unread(partition, offset));
                }
            });
        }
        appended.keySet().retainAll(behind);
        behind.removeAll(appended.keySet());
        // Groups can be at different places of one partition, and a reader at one: so in rounds.
        while (!behind.isEmpty()) {
            var round = new HashMap<TopicPartition, Long>();
            behind.forEach(place -> round.putIfAbsent(place.partition(), place.offset()));
            round.forEach((partition, offset) -> behind.remove(new Unread(partition, offset)));
            readRound(reader, round, ends);
        }
    }

    private void readRound(
            Consumer<byte[], byte[]> reader,
            Map<TopicPartition, Long> round,
            Map<TopicPartition, Long> ends) {
        reader.assign(round.keySet());
        round.forEach(reader::seek);
        var open = new HashSet<>(round.keySet());
        long deadline = System.nanoTime() + ANSWER_TIMEOUT.toNanos();
        while (!open.isEmpty() && System.nanoTime() - deadline < 0 && closing.getCount() > 0) {
            var polled = reader.poll(Duration.ofMillis(100));
            for (TopicPartition partition : polled.partitions()) {
                if (open.remove(partition)) {
                    appended.put(
                            new Unread(partition, round.getOrDefault(partition, 0L)),
                            polled.records(partition).getFirst().timestamp());
                }
            }
            // What is left may be nothing but the marks that transactions leave behind.
            open.removeIf(
                    partition -> reader.position(partition) >= ends.getOrDefault(partition, 0L));
            var done = new HashSet<>(reader.assignment());
            done.removeAll(open);
            reader.pause(done);
        }
        reader.unsubscribe();
    }

    private static <T> T await(KafkaFuture<T> future)
            throws ExecutionException, InterruptedException, TimeoutException {
        return future.get(ANSWER_TIMEOUT.toMillis(), MILLISECONDS);
    }

    /// Idempotent; returns within a bounded time.
    @Override
    public synchronized void close() {
        closing.countDown();
        Thread running = thread;
        thread = null;
        if (running == null) {
            return;
        }
        try {
            if (!running.join(CLOSE_TIMEOUT)) {
                running.interrupt();
                running.join(CLOSE_TIMEOUT);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
