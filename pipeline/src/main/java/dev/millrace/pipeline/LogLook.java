package dev.millrace.pipeline;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import dev.millrace.pipeline.LagLook.Distance;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.jspecify.annotations.Nullable;

/// What Kafka itself tells of the pipeline: how long each topic is and how fast it grows, and how
/// far each group has come in it.
///
/// Holds connections from the first look on. Looks wait for one another.
public final class LogLook implements AutoCloseable {

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

    /// What a rate is taken over.
    private static final Duration RATE_OVER = Duration.ofMinutes(1);

    /// A group and a topic it reads.
    ///
    /// @param role what it is there for
    /// @param topic its full name
    public record Reading(String role, String group, String topic) {}

    /// A topic as it is now. Offsets count the marks of transactions as well as records.
    ///
    /// @param offsets from its first record to its end
    /// @param perSecond offsets taken in the last minute
    public record TopicState(String name, int partitions, long offsets, double perSecond) {}

    /// How far a group is behind in one partition.
    ///
    /// @param age of the first record that it has not committed; zero when there is none
    public record PartitionLag(int partition, long records, Duration age) {}

    /// A group as Kafka knows it, and how far it is in one topic.
    ///
    /// @param state in Kafka's words, such as `stable`; `absent` where there never was one
    /// @param partitions in order
    public record GroupState(
            Reading reading, String state, int members, List<PartitionLag> partitions) {

        public GroupState {
            partitions = List.copyOf(partitions);
        }
    }

    /// What one look saw.
    ///
    /// @param topics those that are there, in the order in which they were asked for
    public record Seen(List<TopicState> topics, List<GroupState> groups) {

        public Seen {
            topics = List.copyOf(topics);
            groups = List.copyOf(groups);
        }
    }

    private record Clients(Admin admin, Consumer<byte[], byte[]> reader) {}

    private final KafkaClients kafka;
    private final List<String> topics;
    private final List<Reading> readings;
    private final Duration patience;
    private final InstantSource clock;
    private final LagLook lag;
    private @Nullable Clients clients;
    private boolean closed;

    /// @param topics full names
    /// @param patience how long Kafka may take for each answer
    public LogLook(
            KafkaClients kafka,
            List<String> topics,
            List<Reading> readings,
            Duration patience,
            InstantSource clock) {
        this.kafka = kafka;
        this.topics = List.copyOf(topics);
        this.readings = List.copyOf(readings);
        this.patience = patience;
        this.clock = clock;
        lag = new LagLook(topicsByGroup(readings), patience, () -> true, clock);
    }

    private static Map<String, Predicate<String>> topicsByGroup(List<Reading> readings) {
        return readings.stream()
                .collect(
                        Collectors.toMap(
                                Reading::group, reading -> reading.topic()::equals, Predicate::or));
    }

    /// @throws KafkaException when Kafka does not answer
    public synchronized Seen look() {
        if (closed) {
            throw new KafkaException("closed");
        }
        var open = clients;
        if (open == null) {
            open = new Clients(kafka.admin("look"), kafka.reader("look", LagLook.LITTLE));
            clients = open;
        }
        try {
            return new Seen(topics(open.admin()), groups(open));
        } catch (ExecutionException e) {
            throw new KafkaException(String.valueOf(e.getCause()), e);
        } catch (TimeoutException e) {
            throw new KafkaException("no answer within " + patience.toMillis() + " ms", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("interrupted", e);
        }
    }

    private List<TopicState> topics(Admin admin)
            throws ExecutionException, InterruptedException, TimeoutException {
        var there = await(admin.listTopics().names());
        var known = topics.stream().filter(there::contains).toList();
        var partitions = new ArrayList<TopicPartition>();
        var described = await(admin.describeTopics(known).allTopicNames());
        described
                .values()
                .forEach(topic ->
                        topic.partitions()
                                .forEach(partition ->
                                        partitions.add(
                                                new TopicPartition(
                                                        topic.name(), partition.partition()))));
        long since = clock.millis() - RATE_OVER.toMillis();
        var ends = offsets(admin, partitions, OffsetSpec.latest());
        var starts = offsets(admin, partitions, OffsetSpec.earliest());
        var before = offsets(admin, partitions, OffsetSpec.forTimestamp(since));
        var states = new ArrayList<TopicState>();
        for (String topic : known) {
            long offsets = 0;
            long lately = 0;
            int count = 0;
            for (var partition : partitions) {
                if (partition.topic().equals(topic)) {
                    long end = ends.getOrDefault(partition, 0L);
                    long from = before.getOrDefault(partition, -1L);
                    count++;
                    offsets += Math.max(0, end - starts.getOrDefault(partition, end));
                    lately += from < 0 ? 0 : Math.max(0, end - from);
                }
            }
            states.add(
                    new TopicState(topic, count, offsets, lately / (double) RATE_OVER.toSeconds()));
        }
        return states;
    }

    private Map<TopicPartition, Long> offsets(
            Admin admin, List<TopicPartition> partitions, OffsetSpec spec)
            throws ExecutionException, InterruptedException, TimeoutException {
        var asked = new HashMap<TopicPartition, OffsetSpec>();
        partitions.forEach(partition -> asked.put(partition, spec));
        var offsets = new HashMap<TopicPartition, Long>();
        await(admin.listOffsets(asked, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).all())
                .forEach((partition, info) -> offsets.put(partition, info.offset()));
        return offsets;
    }

    private List<GroupState> groups(Clients open)
            throws ExecutionException, InterruptedException, TimeoutException {
        var distances =
                lag.distances(open.admin(), open.reader()).stream()
                        .collect(Collectors.groupingBy(Distance::group));
        var described =
                open.admin()
                        .describeConsumerGroups(
                                readings.stream().map(Reading::group).distinct().toList())
                        .describedGroups();
        var states = new ArrayList<GroupState>();
        for (var reading : readings) {
            var partitions =
                    distances.getOrDefault(reading.group(), List.of()).stream()
                            .filter(distance ->
                                    distance.partition().topic().equals(reading.topic()))
                            .map(distance ->
                                    new PartitionLag(
                                            distance.partition().partition(),
                                            distance.records(),
                                            distance.age()))
                            .sorted(Comparator.comparingInt(PartitionLag::partition))
                            .toList();
            try {
                var group = await(Objects.requireNonNull(described.get(reading.group())));
                states.add(
                        new GroupState(
                                reading,
                                group.groupState().toString().toLowerCase(Locale.ROOT),
                                group.members().size(),
                                partitions));
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof GroupIdNotFoundException)) {
                    throw e;
                }
                states.add(new GroupState(reading, "absent", 0, partitions));
            }
        }
        return states;
    }

    private <T> T await(KafkaFuture<T> future)
            throws ExecutionException, InterruptedException, TimeoutException {
        return future.get(patience.toMillis(), MILLISECONDS);
    }

    /// Waits for a look at work. Idempotent.
    @Override
    public synchronized void close() {
        closed = true;
        var open = clients;
        clients = null;
        if (open != null) {
            open.admin().close(CLOSE_TIMEOUT);
            open.reader().close(CloseOptions.timeout(CLOSE_TIMEOUT));
        }
    }
}
