package dev.millrace.storage.kafka;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.millrace.pipeline.TopicsException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The topic that a store is made of, which others make: it is waited for, and refused where the
/// store could not be built from it again.
final class SourceTopic {

    private static final Logger LOG = LoggerFactory.getLogger(SourceTopic.class);
    private static final long RETRY_MILLIS = 100;

    private final Admin admin;
    private final String topic;
    private final String bootstrapServers;

    /// @param admin stays the caller's to close
    /// @param bootstrapServers for messages
    SourceTopic(Admin admin, String topic, String bootstrapServers) {
        this.admin = admin;
        this.topic = topic;
        this.bootstrapServers = bootstrapServers;
    }

    /// Returns once the topic is there and every partition of it answers; see KAFKA-15591.
    ///
    /// @param retention of the store
    /// @return how many partitions it has
    /// @throws TopicsException when `patience` is over, or when Kafka refuses
    /// @throws IllegalArgumentException when the topic keeps its records for less than `retention`
    int await(Duration retention, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        Throwable last = null;
        while (deadline - System.nanoTime() > 0) {
            try {
                return attempt(retention, deadline);
            } catch (ExecutionException e) {
                last = e.getCause();
                if (!(last instanceof RetriableException)) {
                    throw new TopicsException("topic " + topic + ": Kafka refuses: " + last, last);
                }
                LockSupport.parkNanos(MILLISECONDS.toNanos(RETRY_MILLIS));
            } catch (TimeoutException e) {
                last = e;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new TopicsException("topic " + topic + ": interrupted", e);
            }
        }
        throw new TopicsException(
                "topic "
                        + topic
                        + ": did not answer at "
                        + bootstrapServers
                        + " within "
                        + patience
                        + " (expected: made before the store starts)"
                        + (last == null ? "" : ", last: " + last),
                last);
    }

    private int attempt(Duration retention, long deadline)
            throws ExecutionException, InterruptedException, TimeoutException {
        TopicDescription description =
                answer(admin.describeTopics(List.of(topic)).topicNameValues(), topic, deadline);
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Config config =
                answer(admin.describeConfigs(List.of(resource)).values(), resource, deadline);
        check(config, retention);
        var ends = new HashMap<TopicPartition, OffsetSpec>();
        description
                .partitions()
                .forEach(partition ->
                        ends.put(
                                new TopicPartition(topic, partition.partition()),
                                OffsetSpec.latest()));
        answer(admin.listOffsets(ends).all(), deadline);
        return ends.size();
    }

    private void check(Config config, Duration retention) {
        String cleanup = value(config, "cleanup.policy");
        if (cleanup.contains("compact")) {
            throw new IllegalArgumentException(
                    "topic "
                            + topic
                            + ": cleanup.policy: "
                            + cleanup
                            + " (expected: delete, since a trace has many records of one key)");
        }
        String millis = value(config, "retention.ms");
        long kept = millis.isEmpty() ? -1 : Long.parseLong(millis);
        if (kept >= 0 && retention.toMillis() > kept) {
            throw new IllegalArgumentException(
                    "retention: "
                            + retention
                            + ", but topic "
                            + topic
                            + " keeps its records for "
                            + Duration.ofMillis(kept)
                            + " (expected: at most that, since what the topic does not have is"
                            + " lost with a disk; retention.ms of the topic can be raised)");
        }
        String bytes = value(config, "retention.bytes");
        if (!bytes.isEmpty() && !bytes.equals("-1")) {
            LOG.atWarn()
                    .addKeyValue("topic", topic)
                    .addKeyValue("bytes", bytes)
                    .log("The topic may give up records before the store does: retention.bytes");
        }
    }

    private static String value(Config config, String name) {
        var entry = config.get(name);
        return entry == null || entry.value() == null ? "" : entry.value();
    }

    private <K, T> T answer(Map<K, ? extends Future<T>> futures, K key, long deadline)
            throws ExecutionException, InterruptedException, TimeoutException {
        var future = futures.get(key);
        if (future == null) {
            throw new TopicsException("topic " + topic + ": Kafka says nothing of " + key, null);
        }
        return answer(future, deadline);
    }

    private static <T> T answer(Future<T> future, long deadline)
            throws ExecutionException, InterruptedException, TimeoutException {
        return future.get(Math.max(1, deadline - System.nanoTime()), NANOSECONDS);
    }
}
