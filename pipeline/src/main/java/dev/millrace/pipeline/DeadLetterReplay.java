package dev.millrace.pipeline;

import dev.millrace.pipeline.ledger.LedgerCodec;
import dev.millrace.pipeline.ledger.LedgerEntry;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/// Brings dead letters back to where they came from, or straight to the store, each of them once.
///
/// That a letter has been replayed is said among the dead letters, in the transaction that replays
/// it and accounts for it in the ledger. There is one replay at a time: a later one ends an earlier
/// one, and passes over what that one did.
///
/// Confined to one thread; blocks while it reads and writes.
public final class DeadLetterReplay {

    private static final int BATCH_LETTERS = 500;
    private static final long BATCH_BYTES = 4L << 20;

    /// What came of it.
    ///
    /// @param chosen how many letters were meant
    /// @param replayed how many of them were brought back
    /// @param before how many had been replayed before
    /// @param left how many were left where they are, by why
    public record Report(int chosen, int replayed, int before, Map<String, Integer> left) {

        public Report {
            left = Map.copyOf(left);
        }

        /// Whether none was left.
        public boolean isComplete() {
            return left.isEmpty();
        }

        /// For people, the last line first in importance.
        public String text() {
            var text = new StringBuilder();
            new TreeMap<>(left)
                    .forEach((why, count) ->
                            text.append("left ")
                                    .append(count)
                                    .append(": ")
                                    .append(why)
                                    .append('\n'));
            return text.append(
                            "%,d chosen: %,d replayed, %,d replayed before, %,d left"
                                    .formatted(
                                            chosen, replayed, before, chosen - replayed - before))
                    .append('\n')
                    .toString();
        }
    }

    /// A letter that is to be replayed.
    record Taken(DeadLetter letter, ConsumerRecord<byte[], byte[]> record) {}

    /// How letters are brought back.
    interface Way {

        /// Why a letter cannot be; empty when it can. What no transaction of Kafka's can hold, and
        /// is harmless when it is done again, has been done then.
        ///
        /// @throws StoreException when that fails
        Optional<String> obstacle(DeadLetter letter, ConsumerRecord<byte[], byte[]> record);

        /// Does the rest, within the transaction.
        ///
        /// @return what the ledger is to say of it, by partition of what it is about
        Map<Integer, LedgerEntry> carry(List<Taken> batch, KafkaProducer<byte[], byte[]> producer);
    }

    private final TopicsConfig topics;
    private final KafkaProducer<byte[], byte[]> producer;
    private final Way way;
    private final IntConsumer progress;
    private final List<Taken> batch = new ArrayList<>();
    private final Map<String, Integer> left = new TreeMap<>();
    private long batchBytes;
    private int chosen;
    private int replayed;
    private int before;

    private DeadLetterReplay(
            TopicsConfig topics,
            KafkaProducer<byte[], byte[]> producer,
            Way way,
            IntConsumer progress) {
        this.topics = topics;
        this.producer = producer;
        this.way = way;
        this.progress = progress;
    }

    /// Hands over the letters that are meant, and whether they have been replayed.
    ///
    /// @throws KafkaException when Kafka does not answer
    public static void list(
            KafkaClients clients,
            TopicsConfig topics,
            DeadLetter.Choice choice,
            Consumer<Listed> into) {
        try (var admin = clients.admin("dead-letters");
                var consumer = clients.reader("dead-letters")) {
            new DeadLetterScan(admin, consumer, topics)
                    .read(
                            choice,
                            (letter, _, replayed) -> into.accept(new Listed(letter, replayed)));
        }
    }

    /// A letter, and whether it has been replayed.
    public record Listed(DeadLetter letter, boolean replayed) {}

    /// Writes them to the topics they came from, as new records.
    ///
    /// @param source what the ingester stores
    /// @param progress hears how many have been replayed, after each of several steps
    /// @throws KafkaException when Kafka does not answer, or another replay began; what was
    ///   replayed until then is known to the next
    public static Report toTopics(
            KafkaClients clients,
            TopicsConfig topics,
            IngesterConfig.Source source,
            DeadLetter.Choice choice,
            IntConsumer progress) {
        return run(
                clients, topics, choice, admin -> new WayToTopics(admin, topics, source), progress);
    }

    /// Writes them to the store, as the ingester would have.
    ///
    /// @param source what the ingester stores
    /// @param store stays the caller's to close
    /// @param progress hears how many have been replayed, after each of several steps
    /// @throws KafkaException when Kafka does not answer, or another replay began; what was
    ///   replayed until then is known to the next
    /// @throws StoreException when the store fails
    public static Report toStore(
            KafkaClients clients,
            TopicsConfig topics,
            IngesterConfig.Source source,
            DeadLetter.Choice choice,
            TraceStore store,
            IntConsumer progress) {
        return run(clients, topics, choice, _ -> new WayToStore(topics, source, store), progress);
    }

    /// Opens a way with the means it may need.
    private interface Opening {
        Way open(Admin admin);
    }

    private static Report run(
            KafkaClients clients,
            TopicsConfig topics,
            DeadLetter.Choice choice,
            Opening opening,
            IntConsumer progress) {
        String name = topics.fullName(topics.deadLetters()) + "-replay";
        try (var admin = clients.admin("dead-letters");
                var consumer = clients.reader("dead-letters");
                var producer = clients.transactionalProducer("dead-letters", name)) {
            // From here on no other replay commits anything.
            producer.initTransactions();
            var replay = new DeadLetterReplay(topics, producer, opening.open(admin), progress);
            new DeadLetterScan(admin, consumer, topics).read(choice, replay::take);
            replay.flush();
            return new Report(replay.chosen, replay.replayed, replay.before, replay.left);
        }
    }

    private void take(
            DeadLetter letter, ConsumerRecord<byte[], byte[]> record, boolean replayedBefore) {
        chosen++;
        if (replayedBefore) {
            before++;
            return;
        }
        var obstacle =
                letter.bytes() < 0
                        ? Optional.of("too large to be kept; it may still be where it came from")
                        : way.obstacle(letter, record);
        if (obstacle.isPresent()) {
            left.merge(obstacle.get(), 1, Integer::sum);
            return;
        }
        batch.add(new Taken(letter, record));
        batchBytes += letter.bytes();
        if (batch.size() >= BATCH_LETTERS || batchBytes >= BATCH_BYTES) {
            flush();
        }
    }

    private void flush() {
        if (batch.isEmpty()) {
            return;
        }
        producer.beginTransaction();
        // A failed send fails the transaction.
        way.carry(batch, producer)
                .forEach((partition, entry) ->
                        send(
                                new ProducerRecord<>(
                                        topics.fullName(topics.ledger()),
                                        partition % topics.ledger().partitions(),
                                        null,
                                        LedgerCodec.encode(entry))));
        for (var taken : batch) {
            var place = taken.letter().place();
            var says =
                    new ProducerRecord<byte[], byte[]>(
                            place.topic(), place.partition(), null, null);
            says.headers().add(RecordHeaders.REPLAYED, DeadLetterScan.replayed(taken.letter()));
            send(says);
        }
        producer.commitTransaction();
        replayed += batch.size();
        batch.clear();
        batchBytes = 0;
        progress.accept(replayed);
    }

    private void send(ProducerRecord<byte[], byte[]> record) {
        var _ = producer.send(record);
    }

    /// The causes that Kafka's futures wrap.
    static KafkaException unwrapped(ExecutionException e) {
        return e.getCause() instanceof KafkaException known
                ? known
                : new KafkaException("dead letters: Kafka does not answer", e.getCause());
    }
}
