package dev.millrace.pipeline;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How far each partition is done with and not yet committed. For the consumer's thread.
public final class Positions {

    /// How long one commit may take.
    public static final Duration COMMIT_TIMEOUT = Duration.ofSeconds(5);

    private static final Logger LOG = LoggerFactory.getLogger(Positions.class);

    private final Map<TopicPartition, Long> next = new HashMap<>();
    private final String group;
    private final LogGate failureLog;

    /// @param group of the consumer
    public Positions(String group, LogGate failureLog) {
        this.group = group;
        this.failureLog = failureLog;
    }

    /// Everything before this offset is done with; an earlier one than before changes nothing.
    public void advance(TopicPartition partition, long offset) {
        next.merge(partition, offset, Math::max);
    }

    public boolean isEmpty() {
        return next.isEmpty();
    }

    /// These partitions belong to others.
    public void drop(Collection<TopicPartition> partitions) {
        next.keySet().removeAll(partitions);
    }

    /// Commits them; what cannot be committed now is kept for the next time.
    public void commit(Consumer<?, ?> consumer) {
        if (next.isEmpty()) {
            return;
        }
        var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
        next.forEach((at, offset) -> offsets.put(at, new OffsetAndMetadata(offset)));
        try {
            consumer.commitSync(offsets, COMMIT_TIMEOUT);
            next.clear();
        } catch (RebalanceInProgressException _) {
            // Every rebalance does this; the next polls complete it.
        } catch (RetriableException e) {
            if (failureLog.open()) {
                LOG.atWarn()
                        .addKeyValue("group", group)
                        .addKeyValue("error", e.toString())
                        .log("Offsets not committed; trying again");
            }
        } catch (CommitFailedException e) {
            // The group went on without us: new owners read from what is committed.
            next.clear();
            LOG.atWarn()
                    .addKeyValue("group", group)
                    .addKeyValue("error", e.toString())
                    .log("Offsets not committed; dropped");
        }
    }
}
