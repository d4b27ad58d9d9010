package dev.millrace.pipeline;

import dev.millrace.pipeline.FragmentReader.Reading;
import dev.millrace.pipeline.ledger.Account;
import dev.millrace.pipeline.ledger.Posting;
import dev.millrace.pipeline.ledger.Postings;
import dev.millrace.storage.api.Fragment;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/// What was read and goes to the store together, in one write or in several, and how far each
/// partition is once all of it is there.
///
/// Records are only collected at first. What they hold is found out by [#decode()], before anybody
/// asks for it: that takes far longer, most of all for records in other encodings than ours, and
/// several batches are decoded at once by those who write them.
///
/// No Kafka, no clock, no threads: it is [IngestSession]'s while it is filled, and a writer's while
/// it is decoded and written.
final class IngestBatch {

    private record Entry(
            ConsumerRecord<byte[], byte[]> record,
            Fragment fragment,
            int spans,
            boolean translated) {}

    private final FragmentReader reader;
    private final IngestAccounts accounts;

    /// What is not decoded yet.
    private final Deque<ConsumerRecord<byte[], byte[]>> records = new ArrayDeque<>();

    private final List<Entry> entries = new ArrayList<>();
    private final List<DeadLetterWriter.Letter> letters = new ArrayList<>();
    private final Map<TopicPartition, Long> next = new HashMap<>();

    /// Of what was put aside; what is stored is posted when it is.
    private final Map<TopicPartition, Postings> putAside = new HashMap<>();

    private long bytes;

    /// How many entries, from the first on, the store has.
    private int written;

    /// Whether that has grown since somebody asked.
    private boolean progressed;

    /// Whether the fragments that do not decode to their last byte have been sought.
    private boolean searched;

    /// Whether the store has been asked about each fragment.
    private boolean asked;

    IngestBatch(FragmentReader reader, IngestAccounts accounts) {
        this.accounts = accounts;
        this.reader = reader;
    }

    void add(ConsumerRecord<byte[], byte[]> record) {
        records.add(record);
        bytes += size(record);
        advance(partition(record), record.offset() + 1);
    }

    private static int size(ConsumerRecord<byte[], byte[]> record) {
        byte[] value = record.value();
        return value == null ? 0 : value.length;
    }

    /// Finds out what the records hold, as far as that is not known.
    void decode() {
        for (var record = records.poll(); record != null; record = records.poll()) {
            decode(record);
        }
    }

    private void decode(ConsumerRecord<byte[], byte[]> record) {
        switch (reader.read(record)) {
            case Reading.Spans(var pieces, boolean translated, var rest) -> {
                for (var piece : pieces) {
                    entries.add(new Entry(record, piece.fragment(), piece.spans(), translated));
                }
                if (rest != null) {
                    putAside(record, rest);
                }
            }
            case Reading.Poison poison -> putAside(record, poison);
            case Reading.Marker _ -> {
                // Only its offset counts.
            }
        }
    }

    private void putAside(ConsumerRecord<byte[], byte[]> record, Reading.Poison poison) {
        letters.add(DeadLetterWriter.Letter.of(record, poison.reason(), poison.detail()));
        postAside(record, poison.copies());
    }

    /// Everything of the partition before `offset` is in this batch or was dealt with before.
    void advance(TopicPartition partition, long offset) {
        next.merge(partition, offset, Math::max);
    }

    /// Forgets what belongs to other owners now.
    void drop(Collection<TopicPartition> partitions) {
        records.removeIf(record -> partitions.contains(partition(record)));
        written -= (int) entries.stream().limit(written).filter(inAny(partitions)).count();
        entries.removeIf(inAny(partitions));
        letters.removeIf(letter -> partitions.contains(partition(letter.record())));
        next.keySet().removeAll(partitions);
        putAside.keySet().removeAll(partitions);
        bytes =
                records.stream().mapToLong(IngestBatch::size).sum()
                        + entries.stream()
                                .mapToLong(entry -> entry.fragment().body().length())
                                .sum();
    }

    private static Predicate<Entry> inAny(Collection<TopicPartition> partitions) {
        return entry -> partitions.contains(partition(entry.record()));
    }

    /// Lets go of everything.
    void clear() {
        records.clear();
        entries.clear();
        written = 0;
        letters.clear();
        next.clear();
        putAside.clear();
        bytes = 0;
    }

    boolean isEmpty() {
        return next.isEmpty();
    }

    /// Of the records, or of what they hold.
    long bytes() {
        return bytes;
    }

    /// The next fragments that the store does not have.
    ///
    /// @param most how many bytes they may have together, but for a first one that has more
    List<Fragment> unwritten(long most) {
        var fragments = new ArrayList<Fragment>();
        long size = 0;
        for (var entry : entries.subList(written, entries.size())) {
            size += entry.fragment().body().length();
            if (size > most && !fragments.isEmpty()) {
                break;
            }
            fragments.add(entry.fragment());
        }
        return fragments;
    }

    /// The store has so many of them.
    ///
    /// @return how many spans that are
    int written(int fragments) {
        int from = written;
        written += fragments;
        progressed = true;
        return entries.subList(from, written).stream().mapToInt(Entry::spans).sum();
    }

    /// Whether the store has taken some of them since this was last asked.
    boolean hasProgressed() {
        boolean since = progressed;
        progressed = false;
        return since;
    }

    List<DeadLetterWriter.Letter> letters() {
        return List.copyOf(letters);
    }

    /// The letters are where they belong.
    void lettersWritten() {
        letters.clear();
    }

    private void postAside(ConsumerRecord<byte[], byte[]> record, int copies) {
        var postings = putAside.computeIfAbsent(partition(record), _ -> new Postings());
        accounts.post(record, copies, Account.DEAD_LETTERED, postings);
    }

    /// What became of all of it once it is stored and put aside, by partition.
    Map<TopicPartition, List<Posting>> postings() {
        var all = new HashMap<TopicPartition, Postings>();
        putAside.forEach((partition, postings) -> all.put(partition, postings.copy()));
        for (var entry : entries) {
            var postings = all.computeIfAbsent(partition(entry.record()), _ -> new Postings());
            accounts.post(entry.record(), entry.spans(), Account.STORED, postings);
        }
        var listed = new HashMap<TopicPartition, List<Posting>>();
        all.forEach((partition, postings) -> listed.put(partition, postings.list()));
        return listed;
    }

    /// The next offset to read, by partition.
    Map<TopicPartition, Long> next() {
        return Map.copyOf(next);
    }

    /// Puts aside every fragment that does not decode to its last byte; looks once only.
    ///
    /// @return whether there was any
    boolean condemnMalformed() {
        if (searched) {
            return false;
        }
        searched = true;
        return condemn("value", IngestBatch::decodingFault);
    }

    /// Puts aside every fragment for which `refusal` has an answer; asks about all of them once
    /// only, and again when that was cut short by an exception.
    ///
    /// @return whether there was any
    boolean condemnRefused(Function<Fragment, @Nullable String> refusal) {
        if (asked) {
            return false;
        }
        boolean any = condemn("refused", refusal);
        asked = true;
        return any;
    }

    // Fragment by fragment, so that it may end anywhere.
    private boolean condemn(String reason, Function<Fragment, @Nullable String> fault) {
        int before = letters.size();
        for (var each = entries.listIterator(written); each.hasNext(); ) {
            var entry = each.next();
            var fragment = entry.fragment();
            String detail = fault.apply(fragment);
            if (detail != null) {
                each.remove();
                letters.add(
                        DeadLetterWriter.Letter.of(
                                entry.record(), fragment, entry.translated(), reason, detail));
                postAside(
                        entry.record(),
                        LogCopies.of(new TraceChunk(fragment.traceId(), fragment.body(), 0)));
            }
        }
        return letters.size() > before;
    }

    private static @Nullable String decodingFault(Fragment fragment) {
        try {
            var _ = OtlpDecoder.spans(fragment.body());
            return null;
        } catch (RuntimeException e) {
            // Malformed bytes, or ids and values the model refuses.
            return String.valueOf(e.getMessage());
        }
    }

    static TopicPartition partition(ConsumerRecord<byte[], byte[]> record) {
        return new TopicPartition(record.topic(), record.partition());
    }
}
