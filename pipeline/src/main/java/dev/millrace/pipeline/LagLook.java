package dev.millrace.pipeline;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;

/// Finds out how far groups are behind the ends of their topics, asking Kafka from outside.
///
/// Remembers from one look to the next when the records were appended that groups stand at.
/// Confined to one thread at a time.
final class LagLook {

    /// For the reader: only the first record of a partition is wanted, and records come by the
    /// batch.
    static final Map<String, Integer> LITTLE =
            Map.of("max.partition.fetch.bytes", 64 << 10, "fetch.max.bytes", 1 << 20);

    /// A group's distance from the end of a partition.
    ///
    /// @param records committed by producers and not by the group
    /// @param age how long ago the first of them was appended; zero when there is none
    record Distance(String group, TopicPartition partition, long records, Duration age) {}

    private record Unread(TopicPartition partition, long offset) {}

    private final Map<String, Predicate<String>> topicsByGroup;
    private final Duration patience;
    private final BooleanSupplier goOn;
    private final InstantSource clock;

    /// When the record at a place was appended; read once, for a stuck group stays at its place.
    private final Map<Unread, Long> appended = new HashMap<>();

    /// @param topicsByGroup the groups to watch, and of each which topics it reads
    /// @param patience how long Kafka may take for each answer
    /// @param goOn false to end a look early
    LagLook(
            Map<String, Predicate<String>> topicsByGroup,
            Duration patience,
            BooleanSupplier goOn,
            InstantSource clock) {
        this.topicsByGroup = Map.copyOf(topicsByGroup);
        this.patience = patience;
        this.goOn = goOn;
        this.clock = clock;
    }

    /// One look, within a bounded time.
    ///
    /// @param reader is used for nothing else meanwhile
    List<Distance> distances(Admin admin, Consumer<byte[], byte[]> reader)
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

    private Map<TopicPartition, Long> offsets(
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
        long deadline = System.nanoTime() + patience.toNanos();
        while (!open.isEmpty() && System.nanoTime() - deadline < 0 && goOn.getAsBoolean()) {
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

    private <T> T await(KafkaFuture<T> future)
            throws ExecutionException, InterruptedException, TimeoutException {
        return future.get(patience.toMillis(), MILLISECONDS);
    }
}
