package dev.millrace.storage.kafka;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/// Tells when partitions that are being built here have all that the group had when they were
/// opened.
///
/// Until then they lack what others have answered before: asked for that, they would say that there
/// is no such trace. Of those whose records are handed over one by one nobody has to ask, for Kafka
/// Streams begins with that when they are built.
///
/// For one thread.
final class CatchUp {

    private static final long TIMEOUT_MILLIS = 5_000;

    private final Admin admin;
    private final String group;
    private final String topic;
    private final OpenPartitions open;
    private final Map<Integer, Target> targets = new HashMap<>();

    /// What a partition must have.
    ///
    /// @param open of which it holds, and of no other that is opened later
    private record Target(OpenPartition open, long offset) {}

    /// @param admin stays the caller's to close
    CatchUp(Admin admin, String group, String topic, OpenPartitions open) {
        this.admin = admin;
        this.group = group;
        this.topic = topic;
        this.open = open;
    }

    /// Asks Kafka, where there is anything to ask.
    ///
    /// @param ends of the logs, when last looked at
    /// @throws KafkaException when it does not answer in time
    void look(LogEnds ends) {
        var building = open.building();
        targets.keySet().retainAll(building.keySet());
        setTargets(building);
        building.forEach((partition, held) -> {
            var target = targets.get(partition);
            long next = held.next();
            if (target != null
                    && (Math.max(0, next) >= target.offset()
                            // The end of a transaction has an offset, and is handed to nobody.
                            || ends.behind(partition, next) == 0)) {
                held.write();
                open.caughtUp(partition, held);
            }
        });
    }

    private void setTargets(Map<Integer, OpenPartition> building) {
        boolean known =
                building.entrySet().stream()
                        .allMatch(each -> {
                            var target = targets.get(each.getKey());
                            return target != null && target.open().equals(each.getValue());
                        });
        if (known) {
            return;
        }
        var committed = committed();
        building.forEach((partition, held) -> {
            var before = targets.get(partition);
            if (before == null || !before.open().equals(held)) {
                var offset = committed.get(new TopicPartition(topic, partition));
                targets.put(partition, new Target(held, offset == null ? 0 : offset.offset()));
            }
        });
    }

    private Map<TopicPartition, OffsetAndMetadata> committed() {
        try {
            return admin.listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata()
                    .get(TIMEOUT_MILLIS, MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new KafkaException("the offsets of " + group + ": no answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("the offsets of " + group + ": interrupted", e);
        }
    }
}
