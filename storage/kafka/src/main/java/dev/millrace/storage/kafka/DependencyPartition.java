package dev.millrace.storage.kafka;

import dev.millrace.analysis.DependencyDelta;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.kafka.OpenPartitions.Stage;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.errors.TaskCorruptedException;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.internals.RecordBatchingStateRestoreCallback;
import org.jspecify.annotations.Nullable;

/// The figures of services in one partition of their topic: what a Kafka Streams task keeps in its
/// directory, restores from that topic, and has copies of elsewhere.
///
/// A record is added the same way whether it is new, restored or for a standby. It need not come
/// once: Kafka Streams goes on from what the group has committed, which may lie before what is here
/// already, and a [DependencyTally] knows what it has.
///
/// Answers any number of threads while it is open, active or standby, with what has been read until
/// then, written or not. One thread at a time does the rest.
final class DependencyPartition implements StateStore, OpenPartition {

    private final String name;
    private final DependencyStateConfig config;
    private final OpenPartitions partitions;
    private final DependencyStateMeters meters;
    private final Contents contents = new Contents.Figures(this::dependencies);
    private volatile @Nullable Opened opened;

    /// What there is between [#init] and [#close].
    private record Opened(TaskId task, DependencyTally tally) {}

    /// @param partitions is told while this can be asked
    DependencyPartition(
            String name,
            DependencyStateConfig config,
            OpenPartitions partitions,
            DependencyStateMeters meters) {
        this.name = name;
        this.config = config;
        this.partitions = partitions;
        this.meters = meters;
    }

    @Override
    public String name() {
        return name;
    }

    /// Kafka Streams does so once more, with another object, to see what lies on the disk; and
    /// again with the same object when that is to be done over.
    @Override
    public void init(StateStoreContext context, StateStore root) {
        close();
        var task = context.taskId();
        var tally =
                new DependencyTally(
                        context.stateDir().toPath().resolve(name),
                        task.partition(),
                        config,
                        meters);
        tally.start();
        opened = new Opened(task, tally);
        partitions.opened(task.partition(), this);
        // What Kafka Streams promises to others has neither the offset, without which nobody can
        // tell what counts already, nor the time, which is all that Zipkin's links have.
        RecordBatchingStateRestoreCallback restore = this::restore;
        context.register(root, restore);
    }

    /// Takes note of how it is followed, while it is open.
    void reached(Stage stage) {
        var open = opened;
        if (open != null) {
            partitions.reached(open.task.partition(), this, stage);
        }
    }

    void restore(Collection<ConsumerRecord<byte[], byte[]>> records) {
        for (var record : records) {
            addUp(record.offset(), record.key(), record.value(), record.timestamp());
        }
        meters.store().restored(records.size());
    }

    /// Adds a record that came just now, unless it is no figures: then it is counted and named.
    void add(long offset, byte @Nullable [] key, byte @Nullable [] value, long timestamp) {
        addUp(offset, key, value, timestamp);
        meters.store().applied();
    }

    private void addUp(
            long offset, byte @Nullable [] key, byte @Nullable [] value, long timestamp) {
        var to = open();
        DependencyDelta delta;
        try {
            delta = read(key, value, timestamp);
        } catch (MalformedSpansException | IllegalArgumentException | ArithmeticException e) {
            meters.unreadable(
                    config.topic(), to.task.partition(), offset, String.valueOf(e.getMessage()));
            return;
        }
        try {
            to.tally.add(offset, delta);
        } catch (StoreException e) {
            throw to.tally.isDamaged() ? new TaskCorruptedException(Set.of(to.task)) : e;
        }
    }

    private DependencyDelta read(byte @Nullable [] key, byte @Nullable [] value, long timestamp) {
        if (key == null) {
            // Those are left out when a partition is restored, so they are always.
            throw new MalformedSpansException("no key (expected: one)");
        }
        if (value == null) {
            throw new MalformedSpansException("no value (expected: figures)");
        }
        return config.format().read(value, Math.max(0, timestamp));
    }

    /// Damage that a question has met since the last time is seen to here: Kafka Streams begins
    /// anew with what is left and the log.
    @Override
    public void commit(Map<TopicPartition, Long> offsets) {
        var to = open();
        if (offsets.isEmpty()) {
            to.tally.forget();
            return;
        }
        for (@Nullable Long offset : offsets.values()) {
            if (offset == null) {
                to.tally.forget();
            } else if (to.tally.isDamaged()) {
                throw new TaskCorruptedException(Set.of(to.task));
            } else if (offset >= 0) {
                // A negative one says that nothing has been read yet.
                to.tally.reached(offset);
            }
        }
    }

    @Override
    public @Nullable Long committedOffset(TopicPartition partition) {
        var written = open().tally.writtenOffset();
        return written.isPresent() ? written.getAsLong() : null;
    }

    @Override
    public Contents contents() {
        return contents;
    }

    List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        return open().tally.minutes(tenant, from, to);
    }

    @Override
    public long next() {
        var open = opened;
        return open == null ? -1 : open.tally.next();
    }

    /// Nothing: what waits is visible, and read again should the process die.
    @Override
    public void write() {}

    @Override
    public void writeOverdue() {}

    /// Figures are little, and go by their age alone.
    @Override
    public void expire(Instant horizon, ByteSize maxSize) {
        var open = opened;
        if (open != null) {
            open.tally.expire(horizon);
        }
    }

    private Opened open() {
        var open = opened;
        if (open == null) {
            throw new StoreException(
                    Kind.UNAVAILABLE, name + ": a partition that is not open (expected: open)");
        }
        return open;
    }

    @Override
    public boolean isOpen() {
        return opened != null;
    }

    @Override
    public boolean persistent() {
        return true;
    }

    @Override
    @SuppressWarnings("deprecation")
    public boolean managesOffsets() {
        return true;
    }

    /// Idempotent.
    @Override
    public void close() {
        var closing = opened;
        if (closing != null) {
            partitions.closed(closing.task.partition(), this);
            opened = null;
            closing.tally.close();
        }
    }
}
