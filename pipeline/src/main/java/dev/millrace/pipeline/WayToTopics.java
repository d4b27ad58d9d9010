package dev.millrace.pipeline;

import dev.millrace.pipeline.DeadLetterReplay.Taken;
import dev.millrace.pipeline.ledger.Account;
import dev.millrace.pipeline.ledger.Cell;
import dev.millrace.pipeline.ledger.LedgerEntry;
import dev.millrace.pipeline.ledger.Postings;
import dev.millrace.pipeline.ledger.Stage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.record.TimestampType;

/// Writes dead letters to the topics they came from; those of a site's to our own `spans`, for in
/// the mirrored topic a new record would move the site's time.
///
/// A record of `spans` is a new one: it carries a writer and a number of its own, and its spans are
/// acknowledged once more, in the same transaction.
final class WayToTopics implements DeadLetterReplay.Way {

    private static final long ANSWER_SECONDS = 60;

    /// Said of the letter and not of the record it was; or of what the record was counted as.
    private static final List<String> NOT_KEPT =
            List.of(
                    RecordHeaders.REASON,
                    RecordHeaders.SOURCE_TOPIC,
                    RecordHeaders.SOURCE_PARTITION,
                    RecordHeaders.SOURCE_OFFSET,
                    RecordHeaders.SOURCE_PART,
                    RecordHeaders.SOURCE_TIME,
                    RecordHeaders.WRITER,
                    RecordHeaders.PROVENANCE);

    private record Sent(ProducerRecord<byte[], byte[]> record, Future<RecordMetadata> written) {}

    private final Admin admin;
    private final TopicsConfig topics;
    private final Set<String> refused;
    private final String spans;
    private final ForeignRecords foreign;
    private final Map<String, Optional<Integer>> partitions = new HashMap<>();
    private final long writer = new SplittableRandom().nextLong();
    private long number;

    /// @param admin stays the caller's to close
    WayToTopics(Admin admin, TopicsConfig topics, IngesterConfig.Source source) {
        this.admin = admin;
        this.topics = topics;
        this.refused =
                Set.of(
                        topics.fullName(topics.tracesComplete()),
                        topics.fullName(topics.deadLetters()));
        this.spans = topics.fullName(topics.spans());
        this.foreign = new ForeignRecords(source.ofSpans(topics));
    }

    @Override
    public Optional<String> obstacle(DeadLetter letter, ConsumerRecord<byte[], byte[]> record) {
        String topic = letter.source().topic();
        if (refused.contains(topic)) {
            return Optional.of(
                    "of " + topic + ", where its spans are counted already (expected: --to store)");
        }
        return partitions(topic).isPresent()
                ? Optional.empty()
                : Optional.of("of \"" + topic + "\", which is no topic of this cluster");
    }

    private Optional<Integer> partitions(String topic) {
        return partitions.computeIfAbsent(topic, this::asked);
    }

    private Optional<Integer> asked(String topic) {
        try {
            var names = admin.listTopics().names().get(ANSWER_SECONDS, TimeUnit.SECONDS);
            if (!names.contains(topic)) {
                return Optional.empty();
            }
            var told =
                    admin.describeTopics(List.of(topic))
                            .allTopicNames()
                            .get(ANSWER_SECONDS, TimeUnit.SECONDS);
            return Optional.ofNullable(told.get(topic)).map(about -> about.partitions().size());
        } catch (ExecutionException e) {
            throw DeadLetterReplay.unwrapped(e);
        } catch (TimeoutException e) {
            throw new KafkaException("topics: Kafka does not tell them", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("interrupted", e);
        }
    }

    @Override
    public Map<Integer, LedgerEntry> carry(
            List<Taken> batch, KafkaProducer<byte[], byte[]> producer) {
        var acknowledged = new ArrayList<Sent>();
        for (var taken : batch) {
            var record = record(taken);
            if (record.topic().equals(spans)) {
                record.headers().add(RecordHeaders.WRITER, name());
                acknowledged.add(new Sent(record, producer.send(record)));
            } else {
                var _ = producer.send(record);
            }
        }
        if (acknowledged.isEmpty()) {
            return Map.of();
        }
        // What is acknowledged is counted in the minute that Kafka gives it.
        producer.flush();
        var postings = new Postings();
        acknowledged.forEach(sent -> post(sent, postings));
        int any = (int) Long.remainderUnsigned(writer, Integer.MAX_VALUE);
        return Map.of(any, new LedgerEntry(new Stage.Collector(writer), postings.list()));
    }

    private ProducerRecord<byte[], byte[]> record(Taken taken) {
        var letter = taken.record();
        var source = taken.letter().source();
        String topic = topics.isMirrored(source.topic()) ? spans : source.topic();
        int there = partitions(topic).orElseThrow();
        boolean known = source.partition() >= 0 && source.partition() < there;
        var record =
                new ProducerRecord<>(
                        topic,
                        known ? source.partition() : null,
                        letter.key(),
                        letter.value(),
                        letter.headers());
        NOT_KEPT.forEach(record.headers()::remove);
        return record;
    }

    private byte[] name() {
        return RecordHeaders.value(HexFormat.of().toHexDigits(writer) + ":" + ++number);
    }

    private void post(Sent sent, Postings into) {
        try {
            var record = sent.record();
            var at = sent.written().get(ANSWER_SECONDS, TimeUnit.SECONDS);
            var written =
                    new ConsumerRecord<>(
                            record.topic(),
                            at.partition(),
                            at.offset(),
                            at.timestamp(),
                            TimestampType.LOG_APPEND_TIME,
                            at.serializedKeySize(),
                            at.serializedValueSize(),
                            record.key(),
                            record.value(),
                            record.headers(),
                            Optional.empty());
            into.add(
                    new Cell(
                            LogCopies.tenant(written),
                            at.partition(),
                            Math.floorDiv(at.timestamp(), 60_000)),
                    Account.ACKNOWLEDGED,
                    LogCopies.sum(written, foreign));
        } catch (ExecutionException e) {
            throw DeadLetterReplay.unwrapped(e);
        } catch (TimeoutException e) {
            throw new KafkaException("replay not acknowledged", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("interrupted", e);
        }
    }
}
