package dev.millrace.pipeline;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;

/// Reads the dead letters that are meant, and knows which of them have been replayed.
///
/// A replay says so in the topic itself, in a record without a letter, so that what was replayed is
/// known as long as the letter is there.
///
/// For one thread.
final class DeadLetterScan {

    /// Takes a letter.
    @FunctionalInterface
    interface Into {
        /// @param record the letter as it lies there
        /// @param replayed whether it has been before
        void accept(DeadLetter letter, ConsumerRecord<byte[], byte[]> record, boolean replayed);
    }

    private final Admin admin;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final TopicsConfig topics;

    /// @param admin stays the caller's to close
    /// @param consumer stays the caller's to close
    DeadLetterScan(Admin admin, KafkaConsumer<byte[], byte[]> consumer, TopicsConfig topics) {
        this.admin = admin;
        this.consumer = consumer;
        this.topics = topics;
    }

    /// What a record says that was replayed.
    static byte[] replayed(DeadLetter letter) {
        return RecordHeaders.value(letter.place().partition() + ":" + letter.place().offset());
    }

    /// @throws KafkaException when Kafka does not answer
    void read(DeadLetter.Choice choice, Into into) {
        var scan =
                new LogScan(
                        admin,
                        consumer,
                        topics.fullName(topics.deadLetters()),
                        topics.deadLetters().partitions());
        var from = scan.at(Math.max(0, choice.from().toEpochMilli()));
        var replayed = new HashMap<Integer, Set<Long>>();
        // What says so comes after its letter.
        scan.read(from, record -> note(record, replayed));
        scan.read(
                from,
                record -> {
                    if (RecordHeaders.has(record.headers(), RecordHeaders.REPLAYED)) {
                        return;
                    }
                    var letter = DeadLetter.of(record);
                    if (choice.covers(letter)) {
                        boolean before =
                                replayed.getOrDefault(record.partition(), Set.of())
                                        .contains(record.offset());
                        into.accept(letter, record, before);
                    }
                });
    }

    private static void note(
            ConsumerRecord<byte[], byte[]> record, Map<Integer, Set<Long>> replayed) {
        String says = RecordHeaders.text(record.headers(), RecordHeaders.REPLAYED);
        int colon = says == null ? -1 : says.indexOf(':');
        if (says == null || colon < 1) {
            return;
        }
        try {
            int partition = Integer.parseInt(says, 0, colon, 10);
            long offset = Long.parseLong(says, colon + 1, says.length(), 10);
            replayed.computeIfAbsent(partition, _ -> new HashSet<>()).add(offset);
        } catch (NumberFormatException e) {
            throw new KafkaException(
                    RecordHeaders.REPLAYED
                            + ": \""
                            + says
                            + "\" (expected: a partition, a colon and an offset)",
                    e);
        }
    }
}
