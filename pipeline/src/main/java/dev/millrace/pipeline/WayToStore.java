package dev.millrace.pipeline;

import dev.millrace.pipeline.DeadLetterReplay.Taken;
import dev.millrace.pipeline.FragmentReader.Piece;
import dev.millrace.pipeline.FragmentReader.Reading;
import dev.millrace.pipeline.ledger.Account;
import dev.millrace.pipeline.ledger.LedgerEntry;
import dev.millrace.pipeline.ledger.Postings;
import dev.millrace.pipeline.ledger.Stage;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.record.TimestampType;

/// Writes dead letters to the store under the ids that they would have had.
///
/// In the ledger their spans move from dead-lettered to stored, where the ingester put them.
final class WayToStore implements DeadLetterReplay.Way {

    private final List<String> stored;
    private final IngestAccounts accounts;
    private final FragmentReader reader;
    private final TraceStore store;

    /// @param store stays the caller's to close
    WayToStore(TopicsConfig topics, IngesterConfig.Source source, TraceStore store) {
        this.stored = source.topicsIn(topics);
        this.accounts = new IngestAccounts(topics);
        this.reader = new FragmentReader(new ForeignRecords(source.encoding()));
        this.store = store;
    }

    /// Writing is the only way to find out what the store refuses, and does no harm.
    @Override
    public Optional<String> obstacle(DeadLetter letter, ConsumerRecord<byte[], byte[]> record) {
        String topic = letter.source().topic();
        if (!stored.contains(topic)) {
            return Optional.of(
                    "of " + topic + ", which the ingester does not store (expected: --to topic)");
        }
        return switch (reader.read(original(letter, record))) {
            case Reading.Poison poison -> Optional.of("still cannot be read: " + poison.detail());
            case Reading.Marker _ -> Optional.of("without spans");
            case Reading.Spans(_, _, var rest) when rest != null ->
                    Optional.of("still cannot be read: " + rest.detail());
            case Reading.Spans spans -> {
                try {
                    store.write(fragments(letter, spans.pieces()));
                    yield Optional.empty();
                } catch (StoreException e) {
                    if (e.kind() == StoreException.Kind.INVALID_REQUEST) {
                        yield Optional.of("still refused by the store: " + e.getMessage());
                    }
                    throw e;
                }
            }
        };
    }

    @Override
    public Map<Integer, LedgerEntry> carry(
            List<Taken> batch, KafkaProducer<byte[], byte[]> producer) {
        var postings = new HashMap<Integer, Postings>();
        for (var taken : batch) {
            var letter = taken.letter();
            var original = original(letter, taken.record());
            var into = postings.computeIfAbsent(letter.source().partition(), _ -> new Postings());
            int aside = 0;
            for (var piece : pieces(original)) {
                accounts.post(original, piece.spans(), Account.STORED, into);
                var body = piece.fragment().body();
                aside += LogCopies.of(new TraceChunk(piece.fragment().traceId(), body, 0));
            }
            // Of a whole record nobody could tell how many they were.
            var before = new Postings();
            accounts.post(
                    original,
                    letter.part() < 0 ? LogCopies.UNREADABLE : aside,
                    Account.DEAD_LETTERED,
                    before);
            before.list().forEach(one -> into.add(one.cell(), one.account(), -one.copies()));
        }
        var entries = new HashMap<Integer, LedgerEntry>();
        postings.forEach((partition, made) ->
                entries.put(
                        partition,
                        new LedgerEntry(
                                // Of positions it says nothing.
                                new Stage.Ingester(stored.getFirst(), partition, 0), made.list())));
        return entries;
    }

    private List<Piece> pieces(ConsumerRecord<byte[], byte[]> original) {
        return reader.read(original) instanceof Reading.Spans spans ? spans.pieces() : List.of();
    }

    private static List<Fragment> fragments(DeadLetter letter, List<Piece> pieces) {
        var fragments = new ArrayList<Fragment>(pieces.size());
        for (var piece : pieces) {
            var one = piece.fragment();
            var id = one.id();
            int part = letter.part() < 0 ? id.part() : letter.part();
            fragments.add(
                    new Fragment(
                            new FragmentId(id.topic(), id.partition(), id.offset(), part),
                            one.tenant(),
                            one.traceId(),
                            one.body()));
        }
        return fragments;
    }

    /// The record as it was where it came from.
    private static ConsumerRecord<byte[], byte[]> original(
            DeadLetter letter, ConsumerRecord<byte[], byte[]> record) {
        var source = letter.source();
        long time = DeadLetter.number(record.headers(), RecordHeaders.SOURCE_TIME);
        return new ConsumerRecord<>(
                source.topic(),
                source.partition(),
                source.offset(),
                time < 0 ? record.timestamp() : time,
                TimestampType.NO_TIMESTAMP_TYPE,
                record.serializedKeySize(),
                record.serializedValueSize(),
                record.key(),
                record.value(),
                record.headers(),
                Optional.empty());
    }
}
