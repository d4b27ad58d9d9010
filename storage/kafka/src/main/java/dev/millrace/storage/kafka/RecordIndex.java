package dev.millrace.storage.kafka;

import dev.millrace.model.ByteSize;
import dev.millrace.pipeline.FragmentReader.Reading;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The index of one partition, filled with its records.
///
/// A write is a commit of the index, so fragments are gathered until there are enough of them,
/// until somebody wants them durable, or until they have waited for two seconds. A record applied
/// again changes nothing, and one that cannot be read is counted and left out: were it to stop its
/// partition, it would do so again after every start.
///
/// The files are opened when somebody first writes or asks. Safe for threads.
final class RecordIndex implements OpenPartition {

    /// For how long a fragment may be here and not be found. Small writes cost most of what an
    /// index costs, and a trace is complete ten seconds after its last span as a rule.
    private static final long PATIENCE_NANOS = Duration.ofSeconds(2).toNanos();

    /// What a fragment takes up besides its body.
    private static final int OVERHEAD_BYTES = 256;

    private static final Logger LOG = LoggerFactory.getLogger(RecordIndex.class);

    private final Path directory;
    private final IndexRules rules;
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by the lock.
    private final List<Fragment> gathered = new ArrayList<>();
    private long gatheredBytes;
    private long gatheredSince;

    /// The offset after the last record that was applied.
    private long applied;

    private volatile boolean closed;
    private volatile @Nullable LocalTraceStore store;
    private volatile long next;

    /// @param next the offset after the last record that is in the index; -1 for none
    RecordIndex(Path directory, long next, IndexRules rules) {
        this.directory = directory;
        this.next = next;
        this.applied = next;
        this.rules = rules;
    }

    /// Takes in what a record holds; it is durable after the next [#write()].
    ///
    /// @throws StoreException when the files cannot be written
    void apply(ConsumerRecord<byte[], byte[]> record) {
        boolean expired = rules.isExpired(record);
        if (expired) {
            rules.meters().expired();
        }
        var reading = expired ? new Reading.Marker() : read(record);
        lock.lock();
        try {
            switch (reading) {
                case Reading.Spans(var pieces, _, var rest) -> {
                    pieces.forEach(piece -> gather(piece.fragment()));
                    if (rest != null) {
                        leaveOut(idOf(record), rest.reason(), rest.detail());
                    }
                }
                case Reading.Poison poison ->
                        leaveOut(idOf(record), poison.reason(), poison.detail());
                case Reading.Marker _ -> {
                    // Only its offset counts.
                }
            }
            applied = record.offset() + 1;
            if (gathered.isEmpty()) {
                next = applied;
            }
        } finally {
            lock.unlock();
        }
    }

    private Reading read(ConsumerRecord<byte[], byte[]> record) {
        Reading reading;
        try {
            reading = rules.reader().read(record);
        } catch (RuntimeException e) {
            reading = new Reading.Poison("value", "value: " + e, 1);
        }
        // Kafka Streams leaves records without a key out when it restores, so they are left out at
        // any time. A marker has none and no spans either: nothing is lost with it.
        return record.key() == null && !(reading instanceof Reading.Marker)
                ? new Reading.Poison("key", "key: none (expected: a trace id or a partition)", 1)
                : reading;
    }

    private static FragmentId idOf(ConsumerRecord<byte[], byte[]> record) {
        return new FragmentId(record.topic(), record.partition(), record.offset());
    }

    private void leaveOut(FragmentId at, String reason, String detail) {
        rules.meters().unreadable(reason);
        if (rules.log().open()) {
            LOG.atWarn()
                    .addKeyValue("topic", at.topic())
                    .addKeyValue("partition", at.partition())
                    .addKeyValue("offset", at.offset())
                    .addKeyValue("error", detail)
                    .log("A record cannot be read and is left out");
        }
    }

    private void gather(Fragment fragment) {
        long bytes = fragment.body().length() + (long) OVERHEAD_BYTES;
        long share = rules.share();
        if (gatheredBytes + bytes > share) {
            writeGathered();
        }
        if (gathered.isEmpty()) {
            gatheredSince = System.nanoTime();
        }
        gathered.add(fragment);
        gatheredBytes += bytes;
        if (gatheredBytes >= share) {
            writeGathered();
        }
    }

    /// Makes durable and visible what was applied.
    ///
    /// @throws StoreException when the files cannot be written; nothing is forgotten then
    @Override
    public void write() {
        lock.lock();
        try {
            writeGathered();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void writeOverdue() {
        lock.lock();
        try {
            if (!gathered.isEmpty() && System.nanoTime() - gatheredSince >= PATIENCE_NANOS) {
                writeGathered();
            }
        } finally {
            lock.unlock();
        }
    }

    private void writeGathered() {
        if (gathered.isEmpty()) {
            return;
        }
        write(gathered);
        gathered.clear();
        gatheredBytes = 0;
        next = applied;
    }

    // What is refused is looked for by halves: one of ten thousand costs some dozen writes.
    private void write(List<Fragment> fragments) {
        try {
            store().write(fragments);
        } catch (StoreException e) {
            if (!mayBeTheirs(e)) {
                throw e;
            }
            if (fragments.size() == 1) {
                leaveOut(fragments.getFirst(), e);
                return;
            }
            int half = fragments.size() / 2;
            write(fragments.subList(0, half));
            write(fragments.subList(half, fragments.size()));
        }
    }

    private static boolean mayBeTheirs(StoreException failure) {
        return switch (failure.kind()) {
            case UNAVAILABLE, OVER_CAPACITY -> false;
            case INVALID_REQUEST, NOT_SUPPORTED, TOO_LARGE, CORRUPT, BUG -> true;
        };
    }

    private void leaveOut(Fragment fragment, StoreException refusal) {
        String fault = decodingFault(fragment);
        if (fault != null) {
            leaveOut(fragment.id(), "value", fault);
        } else if (refusal.kind() == Kind.CORRUPT) {
            // It is the index that is damaged.
            throw refusal;
        } else {
            leaveOut(fragment.id(), "refused", String.valueOf(refusal.getMessage()));
        }
    }

    private static @Nullable String decodingFault(Fragment fragment) {
        try {
            var _ = OtlpDecoder.spans(fragment.body());
            return null;
        } catch (RuntimeException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @Override
    public Contents contents() {
        return new Contents.Traces(store());
    }

    private LocalTraceStore store() {
        var open = store;
        return open == null ? opened() : open;
    }

    private LocalTraceStore opened() {
        lock.lock();
        try {
            var open = store;
            if (closed) {
                throw new StoreException(Kind.UNAVAILABLE, directory + ": is not here any more");
            }
            if (open == null) {
                open = new LocalTraceStore(rules.indexIn(directory), rules.indexMeters());
                open.start();
                store = open;
            }
            return open;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long next() {
        return next;
    }

    @Override
    public void expire(Instant horizon, ByteSize maxSize) {
        if (isOpen()) {
            var _ = store().expire(horizon, maxSize);
        }
    }

    /// Whether a part of it was found damaged and set aside.
    boolean isDamaged() {
        var open = store;
        return open != null && open.isDamaged();
    }

    boolean isOpen() {
        return !closed;
    }

    /// Lets go of the files, and of what was not written: it is read from the log again.
    void close() {
        lock.lock();
        try {
            closed = true;
            gathered.clear();
            gatheredBytes = 0;
            var open = store;
            store = null;
            if (open != null) {
                open.close();
            }
        } finally {
            lock.unlock();
        }
    }
}
