package dev.millrace.verification;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/// Asks Kafka again and again how far a group is behind the end of a topic.
///
/// What is committed counts, not what a process says of itself.
final class LagWatch implements AutoCloseable {

    private static final Duration LOOK_EVERY = Duration.ofMillis(200);
    private static final long ANSWER_SECONDS = 20;

    private final Admin admin;
    private final String group;
    private final String topic;
    private final LagHistory history = new LagHistory();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;

    private LagWatch(String bootstrapServers, String group, String topic) {
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers));
        this.group = group;
        this.topic = topic;
        this.thread = Thread.ofPlatform().daemon().name("lag-watch").unstarted(this::run);
    }

    static LagWatch started(String bootstrapServers, String group, String topic) {
        var watch = new LagWatch(bootstrapServers, group, topic);
        watch.thread.start();
        return watch;
    }

    LagHistory history() {
        return history;
    }

    private void run() {
        try {
            do {
                try {
                    long records = look();
                    history.note(System.nanoTime(), records);
                } catch (ExecutionException | TimeoutException e) {
                    System.out.println("lag of " + group + " not known: " + e);
                }
            } while (!closing.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Records of the topic that producers have committed and the group has not.
    private long look() throws ExecutionException, InterruptedException, TimeoutException {
        var partitions =
                admin
                        .describeTopics(List.of(topic))
                        .allTopicNames()
                        .get(ANSWER_SECONDS, TimeUnit.SECONDS)
                        .values()
                        .stream()
                        .flatMap(found -> found.partitions().stream())
                        .map(info -> new TopicPartition(topic, info.partition()))
                        .collect(Collectors.toSet());
        var asked = new HashMap<TopicPartition, OffsetSpec>();
        partitions.forEach(partition -> asked.put(partition, OffsetSpec.latest()));
        var committed =
                admin.listConsumerGroupOffsets(group)
                        .partitionsToOffsetAndMetadata()
                        .get(ANSWER_SECONDS, TimeUnit.SECONDS);
        var ends =
                admin.listOffsets(asked, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
                        .all()
                        .get(ANSWER_SECONDS, TimeUnit.SECONDS);
        long behind = 0;
        for (var end : ends.entrySet()) {
            var position = committed.get(end.getKey());
            behind += end.getValue().offset() - (position == null ? 0 : position.offset());
        }
        return Math.max(0, behind);
    }

    @Override
    public void close() {
        closing.countDown();
        try {
            thread.join(Duration.ofSeconds(ANSWER_SECONDS));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        admin.close(Duration.ofSeconds(5));
    }
}
