package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.ledger.AuditReport;
import dev.millrace.pipeline.ledger.Books;
import dev.millrace.pipeline.ledger.Cell;
import dev.millrace.pipeline.ledger.LedgerCodec;
import dev.millrace.pipeline.ledger.Stage;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/// Checks a running system: that every span has exactly one fate, from the ledger and the logs
/// alone.
///
/// What it says holds for one moment of each partition, that of the newest entry in the ledger, so
/// it does not matter how much goes on meanwhile. It reads `ledger`, `spans`, what is mirrored from
/// sites, and `traces-complete`, or the topic that is stored instead of them, since a point in
/// time, and changes nothing.
///
/// Confined to one thread; blocks while it reads.
public final class Audit {

    /// A trace's share of a record that may belong to an open trace.
    private record Candidate(TraceKeyed trace, long offset, Cell cell, long writer, int copies) {}

    private record TraceKeyed(TopicPartition partition, Tenant tenant, TraceId traceId) {}

    private static final Duration NO_END = Duration.ofDays(365);

    private final long begin = System.nanoTime();
    private final Duration patience;
    private final Admin admin;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final TopicsConfig topics;
    private final IngesterConfig.Source source;

    /// Tells of records of spans which are written by others.
    private final ForeignRecords foreign;

    /// The full names of the topics that are stored.
    private final List<String> storedTopics;

    private final Map<TopicPartition, Stage.Aggregator> owners = new HashMap<>();
    private final Map<TopicPartition, Long> stored = new HashMap<>();
    private final Map<Long, BitSet> records = new HashMap<>();

    /// What lies between the resume offset of its partition and the position.
    private final List<Candidate> candidates = new ArrayList<>();

    /// The offset of the last record of a trace that has been decided about.
    private final Map<TraceKeyed, Long> decided = new HashMap<>();

    private Audit(
            Admin admin,
            KafkaConsumer<byte[], byte[]> consumer,
            TopicsConfig topics,
            IngesterConfig.Source source,
            Duration patience) {
        this.admin = admin;
        this.patience = patience;
        this.consumer = consumer;
        this.topics = topics;
        this.source = source;
        this.foreign = new ForeignRecords(source.ofSpans(topics));
        this.storedTopics = source.topicsIn(topics);
    }

    /// @param source what the ingester stores
    /// @param since from the beginning of the minute after it on
    /// @throws KafkaException when Kafka does not answer
    public static AuditReport run(
            KafkaClients clients,
            TopicsConfig topics,
            IngesterConfig.Source source,
            Instant since) {
        return run(clients, topics, source, since, NO_END);
    }

    /// The same, given up when it takes too long.
    ///
    /// @param patience how long may be read
    /// @throws KafkaException when Kafka does not answer, or the time is over
    public static AuditReport run(
            KafkaClients clients,
            TopicsConfig topics,
            IngesterConfig.Source source,
            Instant since,
            Duration patience) {
        try (var admin = clients.admin("audit");
                var consumer = clients.reader("audit")) {
            return new Audit(admin, consumer, topics, source, patience).read(since);
        }
    }

    private void checkTime() {
        if (System.nanoTime() - begin > patience.toNanos()) {
            throw new KafkaException(
                    "the audit was not done within " + patience.toSeconds() + " s");
        }
    }

    private AuditReport read(Instant since) {
        long fromMillis = Math.ceilDiv(Math.max(0, since.toEpochMilli()), 60_000) * 60_000;
        boolean aggregated = source.feed() == IngesterConfig.Feed.TRACES;
        var ledger = scan(topics.ledger());
        long fromMinute = fromMillis / 60_000;
        for (var partition : ledger.partitions()) {
            fromMinute = Math.max(fromMinute, ledger.firstWholeMinute(partition));
        }
        var sites = topics.siteTopics().stream().map(TopicsConfig.Topic::name);
        var books = new Books(aggregated, fromMinute, sites.collect(Collectors.toSet()));
        // All of it that is left: where each partition stands may have been said long ago.
        ledger.read(ledger.at(0), message -> post(message, books));
        spans(books, fromMillis, aggregated);
        if (aggregated) {
            traces(books, fromMillis);
        }
        return books.close();
    }

    private LogScan scan(TopicsConfig.Topic topic) {
        return new LogScan(admin, consumer, topics.fullName(topic), topic.partitions());
    }

    private LogScan scan(String topic) {
        var partitions = consumer.partitionsFor(topic);
        if (partitions.isEmpty()) {
            throw new KafkaException(topic + ": no such topic");
        }
        return new LogScan(admin, consumer, topic, partitions.size());
    }

    /// Whether what is stored comes from a topic that our collectors do not write to.
    private boolean storesOthers() {
        return source.feed() == IngesterConfig.Feed.SPANS
                && !storedTopics.contains(topics.fullName(topics.spans()));
    }

    private void post(ConsumerRecord<byte[], byte[]> message, Books books) {
        checkTime();
        var entry = LedgerCodec.decode(Slice.of(message.value()));
        switch (entry.stage()) {
            case Stage.Collector _ -> {
                if (storesOthers()) {
                    return;
                }
            }
            case Stage.Aggregator owner -> {
                if (storesOthers()) {
                    return;
                }
                owners.put(new TopicPartition(owner.topic(), owner.partition()), owner);
            }
            case Stage.Ingester(String topic, int partition, long position) -> {
                if (!storedTopics.contains(topic)) {
                    // Another ingester's, which drains the topic of others.
                    return;
                }
                // A replay of dead letters says nothing of positions.
                stored.merge(new TopicPartition(topic, partition), position, Math::max);
            }
        }
        books.post(entry);
    }

    private void spans(Books books, long fromMillis, boolean aggregated) {
        for (String topic : aggregated ? topics.sources() : storedTopics) {
            spans(scan(topic), topics.ledgerSource(topic), books, fromMillis, aggregated);
        }
        if (aggregated) {
            decisions();
            candidates.forEach(one -> settle(one, books));
        }
    }

    /// @param name of what is scanned, in the ledger
    private void spans(
            LogScan scan, String name, Books books, long fromMillis, boolean aggregated) {
        for (var partition : scan.partitions()) {
            books.logBegins(name, partition.partition(), scan.firstWholeMinute(partition));
        }
        var from = scan.at(fromMillis);
        from.replaceAll((partition, offset) -> {
            var owner = owners.get(partition);
            return aggregated && owner != null ? Math.min(offset, owner.resumeOffset()) : offset;
        });
        var times = new HashMap<Integer, Long>();
        ToLongFunction<ConsumerRecord<byte[], byte[]>> position =
                aggregated
                        ? message -> {
                            var owner = owners.get(IngestBatch.partition(message));
                            return owner == null ? 0 : owner.position();
                        }
                        : message -> stored.getOrDefault(IngestBatch.partition(message), 0L);
        scan.read(
                from,
                message -> {
                    // Aggregators go by the time of the partition, ingesters by that of the record.
                    long time =
                            aggregated
                                    ? times.merge(
                                            message.partition(), message.timestamp(), Math::max)
                                    : message.timestamp();
                    note(
                            message,
                            Math.floorDiv(time, 60_000),
                            position.applyAsLong(message),
                            books);
                });
    }

    private void note(
            ConsumerRecord<byte[], byte[]> message, long minute, long position, Books books) {
        checkTime();
        var partition = IngestBatch.partition(message);
        var cell =
                new Cell(
                        LogCopies.tenant(message),
                        topics.ledgerSource(message.topic()),
                        message.partition(),
                        minute);
        long writer = writer(message, books, cell);
        var owner = owners.get(partition);
        for (var share : LogCopies.of(message, foreign)) {
            var traceId = share.traceId();
            if (message.offset() >= position) {
                books.inLog(cell, writer, Books.Progress.UNREAD, share.copies());
            } else if (owner == null
                    || source.feed() == IngesterConfig.Feed.SPANS
                    || traceId == null
                    || message.offset() < owner.resumeOffset()) {
                books.inLog(cell, writer, Books.Progress.TAKEN, share.copies());
            } else {
                var trace = new TraceKeyed(partition, cell.tenant(), traceId);
                candidates.add(
                        new Candidate(trace, message.offset(), cell, writer, share.copies()));
                decided.putIfAbsent(trace, -1L);
            }
        }
    }

    /// Who wrote a record; notes when it is there twice.
    private long writer(ConsumerRecord<byte[], byte[]> message, Books books, Cell cell) {
        String says = RecordHeaders.text(message.headers(), RecordHeaders.WRITER);
        int colon = says == null ? -1 : says.indexOf(':');
        if (says == null || colon < 1) {
            return Books.NO_WRITER;
        }
        try {
            long writer = Long.parseUnsignedLong(says, 0, colon, 16);
            int number = Integer.parseInt(says, colon + 1, says.length(), 10);
            var seen = records.computeIfAbsent(writer, _ -> new BitSet());
            if (seen.get(number)) {
                int copies = LogCopies.sum(message, foreign);
                books.doubled(cell, copies);
            }
            seen.set(number);
            return writer;
        } catch (NumberFormatException _) {
            return Books.NO_WRITER;
        }
    }

    /// Finds out which of the candidates' traces are decided about by the entries in the ledger.
    private void decisions() {
        var scan = scan(topics.samplingDecisions());
        var from = new HashMap<TopicPartition, Long>();
        for (var partition : scan.partitions()) {
            owners.values().stream()
                    .filter(owner ->
                            owner.partition() % scan.partitions().size() == partition.partition())
                    .mapToLong(Stage.Aggregator::decisionsFrom)
                    .min()
                    .ifPresent(first -> from.put(partition, first));
        }
        // Of other partitions nothing is wanted.
        scan.partitions().forEach(partition -> from.putIfAbsent(partition, Long.MAX_VALUE));
        scan.read(
                from,
                message -> {
                    checkTime();
                    try {
                        note(Decision.decode(Slice.of(message.value())));
                    } catch (MalformedSpansException | IllegalArgumentException e) {
                        throw new KafkaException(
                                "decision at " + message.partition() + ":" + message.offset(), e);
                    }
                });
    }

    private void note(Decision decision) {
        var partition = new TopicPartition(decision.sourceTopic(), decision.partition());
        var owner = owners.get(partition);
        var trace = decision.trace();
        var key = new TraceKeyed(partition, trace.tenant(), trace.traceId());
        if (owner != null && decision.entry() <= owner.number()) {
            decided.computeIfPresent(key, (_, last) -> Math.max(last, trace.lastOffset()));
        }
    }

    private void settle(Candidate one, Books books) {
        long last = decided.getOrDefault(one.trace(), -1L);
        books.inLog(
                one.cell(),
                one.writer(),
                one.offset() <= last ? Books.Progress.TAKEN : Books.Progress.OPEN,
                one.copies());
    }

    private void traces(Books books, long fromMillis) {
        var scan = scan(topics.tracesComplete());
        for (var partition : scan.partitions()) {
            long minute = scan.firstWholeMinute(partition);
            int step = scan.partitions().size();
            for (String topic : topics.sources()) {
                String source = topics.ledgerSource(topic);
                for (int p = partition.partition(); p < topics.spans().partitions(); p += step) {
                    books.completeBegins(source, p, minute);
                }
            }
        }
        scan.read(
                scan.at(fromMillis),
                message -> {
                    checkTime();
                    var provenance = IngestAccounts.provenance(message);
                    var tenant = LogCopies.tenant(message);
                    boolean read =
                            message.offset()
                                    < stored.getOrDefault(IngestBatch.partition(message), 0L);
                    if (provenance == null) {
                        var cell =
                                new Cell(
                                        tenant,
                                        message.partition(),
                                        Math.floorDiv(message.timestamp(), 60_000));
                        int spans = LogCopies.sum(message, foreign);
                        books.complete(cell, true, read, spans);
                        return;
                    }
                    String source = provenance.source();
                    var owner =
                            owners.get(
                                    new TopicPartition(
                                            source.isEmpty()
                                                    ? topics.fullName(topics.spans())
                                                    : source,
                                            provenance.partition()));
                    boolean accounted = owner != null && provenance.entry() <= owner.number();
                    for (var share : provenance.shares()) {
                        books.complete(
                                new Cell(tenant, source, provenance.partition(), share.minute()),
                                accounted,
                                read,
                                share.spans());
                    }
                });
    }
}
