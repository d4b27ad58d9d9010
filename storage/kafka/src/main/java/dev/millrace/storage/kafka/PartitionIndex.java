package dev.millrace.storage.kafka;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.kafka.OpenPartitions.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.processor.internals.RecordBatchingStateRestoreCallback;
import org.jspecify.annotations.Nullable;

/// The index of one partition as Kafka Streams sees it: a state store whose changelog is the topic
/// that it is made of.
///
/// Records reach it by two ways, from the processor as they come, and from the restore callback
/// where a partition is built anew or followed by a standby; they are the same to it. Kafka Streams
/// goes on from the offset its group has committed, not from the store's, so what it hands over may
/// be in the index already.
///
/// It may be opened only to be asked for its offset, so opening reads that and nothing else; and it
/// may be opened again after it was closed.
///
/// One thread at a time writes, commits and closes, as Kafka Streams has it.
final class PartitionIndex implements StateStore {

    private final String name;
    private final IndexRules rules;

    private volatile @Nullable RecordIndex index;
    private @Nullable CommittedOffsets offsets;
    private int partition;

    PartitionIndex(String name, IndexRules rules) {
        this.name = name;
        this.rules = rules;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean persistent() {
        return true;
    }

    /// Otherwise Kafka Streams would keep the offset itself, and only now and then.
    @Override
    @SuppressWarnings("deprecation")
    public boolean managesOffsets() {
        return true;
    }

    @Override
    public void init(StateStoreContext context, StateStore root) {
        Path directory = context.stateDir().toPath().resolve(name);
        partition = context.taskId().partition();
        CommittedOffsets found;
        try {
            Files.createDirectories(directory);
            found = CommittedOffsets.read(directory.resolve("offsets"));
        } catch (IOException e) {
            throw new StoreException(
                    Kind.UNAVAILABLE, "cannot open " + directory + ": " + e.getMessage(), e);
        }
        Long last = found.of(new TopicPartition(rules.topic(), partition));
        var opened =
                new RecordIndex(directory.resolve("index"), last == null ? -1 : last + 1, rules);
        offsets = found;
        index = opened;
        rules.open().opened(partition, opened);
        // Of the callbacks that take many records at once, this alone is handed their headers,
        // which say whose spans they are and how they are written, and their offsets, which
        // fragments are known by. It is internal to Kafka Streams, but there is no other.
        RecordBatchingStateRestoreCallback restoring = this::restore;
        context.register(root, restoring);
    }

    /// Records come one by one from now on: all that the group had is here.
    void follow() {
        var open = open();
        // Or what came last would be found two seconds later only.
        open.write();
        rules.open().reached(partition, open, Stage.FOLLOWED);
    }

    /// Somebody else follows the log from now on; this may become a standby.
    void followNoMore() {
        var open = index;
        if (open != null) {
            rules.open().reached(partition, open, Stage.COPY);
        }
    }

    /// Takes in a record that came just now.
    void apply(ConsumerRecord<byte[], byte[]> record) {
        open().apply(record);
        rules.meters().applied();
    }

    void restore(Collection<ConsumerRecord<byte[], byte[]>> records) {
        var open = open();
        records.forEach(open::apply);
        rules.meters().restored(records.size());
    }

    private RecordIndex open() {
        return Objects.requireNonNull(index, "index: opened by init()");
    }

    /// Makes all that was taken in durable, and then notes how far that is.
    ///
    /// @param changelogOffsets offsets of last records, null for one that does not hold any more;
    ///   an empty map says that of all of them. What follows is handed over again, which the index
    ///   bears
    @Override
    public void commit(Map<TopicPartition, Long> changelogOffsets) {
        var known = offsets;
        if (known == null) {
            return;
        }
        try {
            if (changelogOffsets.isEmpty()) {
                known.forgetAll();
            } else if (isOpen()) {
                open().write();
                if (open().isDamaged()) {
                    // The topic has what was set aside: it comes back with the next start.
                    known.forgetAll();
                } else {
                    known.keep(changelogOffsets);
                }
            }
        } catch (IOException e) {
            throw new StoreException(
                    Kind.UNAVAILABLE,
                    name + "-" + partition + ": cannot note its offset: " + e.getMessage(),
                    e);
        }
    }

    @Override
    public @Nullable Long committedOffset(TopicPartition of) {
        var known = offsets;
        return known == null ? null : known.of(of);
    }

    @Override
    public boolean isOpen() {
        var open = index;
        return open != null && open.isOpen();
    }

    /// What was not committed is lost, and handed over again.
    @Override
    public void close() {
        var open = index;
        if (open != null) {
            rules.open().closed(partition, open);
            open.close();
        }
    }
}
