package dev.millrace.pipeline;

import dev.millrace.analysis.Analysis;
import dev.millrace.assembly.ClosedTraces;
import dev.millrace.assembly.Resumption;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One member of the aggregator's group: reads its partitions of `spans` and of the sites' topics,
/// assembles, and commits outputs and positions together.
///
/// The log is the state. Whatever goes wrong, the open transaction is given up and the state is
/// built again from what is committed. Only a failure that spoils a client escapes from [#step()];
/// then a new loop takes over in the same way.
///
/// Confined to one thread.
final class AggregatorLoop implements ConsumerRebalanceListener, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(AggregatorLoop.class);
    private static final Duration POLL = Duration.ofMillis(50);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    /// The broker is not to wait for news at the log's end: the fetch that would, which a consumer
    /// sends ahead, keeps the next one for other offsets waiting behind it.
    private static final Map<String, ?> READS_WHAT_IS_THERE = Map.of("fetch.max.wait.ms", 10);

    private final AggregatorConfig config;
    private final TopicsConfig topics;
    private final AggregatorMetrics metrics;
    private final LongSupplier nanoTime;
    private final Admin admin;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final KafkaConsumer<byte[], byte[]> reader;
    private final KafkaProducer<byte[], byte[]> producer;
    private final KafkaProducer<byte[], byte[]> markers;
    private final AggregatorOutput output;
    private final DecisionLog decisions;
    private final ControlLog control;
    private final Optional<LoadReport> load;
    private final ForeignRecords foreign;
    private final SpanRecall recall;
    private final ScratchTables scratch;
    private final Analysis analysis;
    private final Map<TopicPartition, OwnedPartition> owned = new LinkedHashMap<>();
    private final OtherSites sites = new OtherSites();
    private boolean stateIsStale;
    private boolean closed;
    private long lastCommitNanos;

    /// @param number of this loop among those of the process
    AggregatorLoop(
            KafkaClients clients,
            AggregatorConfig config,
            TopicsConfig topics,
            AggregatorMetrics metrics,
            int number,
            LongSupplier nanoTime) {
        this.config = config;
        this.topics = topics;
        this.metrics = metrics;
        this.nanoTime = nanoTime;
        String role = "aggregator-" + number;
        admin = clients.admin(role);
        consumer =
                topics.sites().isEmpty()
                        ? clients.consumer(role, config.group())
                        : clients.coPartitionedConsumer(role, config.group());
        reader = clients.reader(role + "-reader", READS_WHAT_IS_THERE);
        producer =
                clients.transactionalProducer(
                        role, config.group() + "-" + config.instance() + "-" + number);
        markers = clients.producer(role + "-markers", Map.of());
        output = new AggregatorOutput(producer, topics, metrics);
        decisions =
                new DecisionLog(
                        admin,
                        reader,
                        topics.fullName(topics.samplingDecisions()),
                        topics.samplingDecisions().partitions());
        control = new ControlLog(clients, role, topics);
        // One for the process.
        load =
                number == 0
                        ? Optional.of(
                                new LoadReport(
                                        config.tail(),
                                        said -> control.report(config.instance(), said),
                                        nanoTime))
                        : Optional.empty();
        foreign = new ForeignRecords(topics.dialect().unnamed());
        recall =
                new SpanRecall(
                        clients,
                        role,
                        new LogGate(metrics.clock()),
                        SpanRecall.MOST_BYTES,
                        foreign);
        scratch = new ScratchTables(config.scratch());
        analysis = FiguresOutput.analysis(config.figures());
    }

    /// Joins the group; ends what a predecessor of the same name left open.
    void open() {
        control.open(config.tail().policy().get());
        recall.start();
        producer.initTransactions();
        consumer.subscribe(topics.sources(), this);
        lastCommitNanos = nanoTime.getAsLong();
    }

    /// Reads, assembles and, when it is time, commits.
    void step() {
        var messages = consumer.poll(POLL);
        long now = nanoTime.getAsLong();
        if (stateIsStale) {
            rebuild();
            return;
        }
        for (var partition : messages.partitions()) {
            var owner = owned.get(partition);
            if (owner == null) {
                continue;
            }
            try {
                messages.records(partition).forEach(message -> owner.accept(message, now));
            } catch (StaleState _) {
                return;
            }
            owner.skipTo(consumer.position(partition));
        }
        metrics.records.increment(messages.count());
        relieveMemory();
        sites.letIn();
        owned.values().forEach(OwnedPartition::upgrade);
        control.refresh();
        metrics.loadFactor = control.latest().loadFactor();
        load.ifPresent(LoadReport::step);
        sendMarkers(now);
        // Names are forgotten where no figures tell of them any more.
        boolean untidy = analysis.isUntidy(now);
        if ((isCommitDue() || untidy) && commit() && untidy) {
            analysis.tidy(now);
        }
    }

    /// A commit in the middle of the work has failed, so there is no use in going on with it.
    private static final class StaleState extends RuntimeException {
        private static final long serialVersionUID = 1;

        StaleState() {
            super("given up", null, false, false);
        }
    }

    /// One record can complete more than a transaction has time for, and a poll brings many.
    private void commitIfDue() {
        if (isCommitDue() && !commit()) {
            throw new StaleState();
        }
    }

    private boolean isCommitDue() {
        return nanoTime.getAsLong() - lastCommitNanos >= config.commitInterval().toNanos();
    }

    /// Commits what was done since the last time; afterwards a crash repeats none of it.
    ///
    /// @return false when that failed, and the state is stale
    boolean commit() {
        try {
            return commitNow();
        } finally {
            // From its end on: where commits take longer than the interval, work is done between.
            lastCommitNanos = nanoTime.getAsLong();
        }
    }

    private boolean commitNow() {
        Map<OwnedPartition, CommitMetadata> progress = new HashMap<>();
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        owned.forEach((partition, owner) -> {
            if (owner.hasNews()) {
                var made = owner.progress();
                progress.put(owner, made);
                offsets.put(partition, made.encode());
            }
        });
        if (offsets.isEmpty()) {
            return true;
        }
        try {
            metrics.commits.record(() -> {
                output.begin();
                progress.forEach(
                        (owner, made) -> output.account(owner.partition(), owner.account(made)));
                progress.forEach(OwnedPartition::writeFigures);
                producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
                producer.commitTransaction();
                output.ended();
            });
            progress.forEach(OwnedPartition::committed);
            metrics.analysed(analysis);
            return true;
        } catch (KafkaException e) {
            LOG.atWarn().addKeyValue("error", e.toString()).log("Transaction given up");
            abort();
            return false;
        }
    }

    /// Gives the open transaction up; the state has run ahead of what is committed.
    private void abort() {
        stateIsStale = true;
        if (output.inTransaction()) {
            producer.abortTransaction();
            output.ended();
        }
    }

    private void rebuild() {
        metrics.rebuilds.increment();
        stateIsStale = false;
        var partitions = Set.copyOf(owned.keySet());
        drop(partitions);
        take(partitions);
    }

    private void take(Collection<TopicPartition> partitions) {
        if (partitions.isEmpty()) {
            return;
        }
        // Waits while a transaction that may still move these offsets is undecided.
        var committed = consumer.committed(Set.copyOf(partitions));
        var beginnings = consumer.beginningOffsets(partitions);
        for (var partition : partitions) {
            long beginning = beginnings.getOrDefault(partition, 0L);
            var offset = committed.get(partition);
            var from = offset == null ? fresh(partition, beginning) : CommitMetadata.decode(offset);
            if (from.resumption().resumeOffset() < beginning) {
                LOG.atError()
                        .addKeyValue("partition", partition)
                        .addKeyValue("offset", from.resumption().resumeOffset())
                        .log(
                                "Retention has overtaken the aggregator; spans before {} are gone",
                                beginning);
            }
            var closed = new ClosedTraces(config.assembly(), scratch);
            var decided = decisions.load(partition, from.decisionsFrom(), closed);
            var owner =
                    new OwnedPartition(
                            partition,
                            topics,
                            config.assembly(),
                            from,
                            beginning,
                            decided,
                            closed,
                            new SpanLogReader(reader, partition, foreign),
                            control,
                            recall,
                            new FiguresOutput(
                                    analysis.partition(), config.figures(), output, metrics),
                            output,
                            metrics,
                            sites,
                            this::commitIfDue,
                            nanoTime.getAsLong());
            owned.put(partition, owner);
            sites.arrive(owner);
            consumer.seek(partition, Math.max(beginning, from.resumption().resumeOffset()));
        }
        shareRecall();
    }

    /// A site's partition begins with the latest version: before the first record of the site no
    /// marker can name it, and what comes then may complete traces at once.
    private CommitMetadata fresh(TopicPartition partition, long beginning) {
        long version = topics.isMirrored(partition.topic()) ? control.latest().number() : 0;
        return new CommitMetadata(Resumption.fresh(beginning), 0, version, 0);
    }

    /// What is read again ahead of being due takes at most half of the memory, whatever the number
    /// of partitions; the other half is for what comes in.
    private void shareRecall() {
        owned.values()
                .forEach(owner -> owner.assembler().recallAtMost(memoryLimit() / 2 / owned.size()));
    }

    private long memoryLimit() {
        return config.maxMemory().bytes() / config.threads();
    }

    private void drop(Collection<TopicPartition> partitions) {
        for (var partition : partitions) {
            var owner = owned.remove(partition);
            if (owner != null) {
                sites.leave(owner);
                owner.close();
            }
        }
        shareRecall();
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        take(partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        if (!stateIsStale && !closed) {
            commit();
        }
        drop(partitions);
    }

    /// Another member has them already, so what the open transaction says about them is void.
    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        if (!closed) {
            abort();
        }
        drop(partitions);
    }

    private void relieveMemory() {
        long held = 0;
        long open = 0;
        long forgotten = 0;
        OwnedPartition largest = null;
        for (var owner : owned.values()) {
            var assembler = owner.assembler();
            held += assembler.heldBytes();
            open += assembler.openTraces();
            forgotten += assembler.closedTraces().forgottenEarly();
            if (largest == null || assembler.heldBytes() > largest.assembler().heldBytes()) {
                largest = owner;
            }
        }
        long limit = memoryLimit();
        if (largest != null && held > limit) {
            largest.assembler().letGo(held - limit / 10 * 9);
            metrics.letGo.increment();
        }
        metrics.openTraces.set(open);
        metrics.openBytes.set(held);
        metrics.forgottenEarly.set(forgotten);
    }

    private void sendMarkers(long now) {
        long latest = control.latest().number();
        owned.forEach((partition, owner) -> {
            long version = owner.versionToAnnounce(latest, now);
            boolean caughtUp = consumer.currentLag(partition).orElse(1) == 0;
            if (version > 0) {
                sendMarker(partition, owner.markerTime(), MarkerSchedule.ofVersion(version));
            } else if (owner.needsMarker(caughtUp, now)) {
                sendMarker(partition, owner.markerTime(), new byte[0]);
                owner.markerSent(now);
            }
        });
    }

    // A marker that fails is no loss: time and version still stand and the next is due soon.
    private void sendMarker(TopicPartition partition, @Nullable Long time, byte[] says) {
        var marker =
                new ProducerRecord<byte[], byte[]>(
                        partition.topic(), partition.partition(), time, null, null);
        marker.headers().add(RecordHeaders.MARKER, says);
        var _ = markers.send(marker);
    }

    /// Whether this member is the one to compute versions.
    boolean leads() {
        return owned.containsKey(new TopicPartition(topics.fullName(topics.spans()), 0));
    }

    /// Commits what was done and leaves the group.
    void leave() {
        if (!stateIsStale) {
            commit();
        }
    }

    @Override
    public void close() {
        closed = true;
        drop(Set.copyOf(owned.keySet()));
        producer.close(CLOSE_TIMEOUT);
        markers.close(CLOSE_TIMEOUT);
        consumer.close(CloseOptions.timeout(CLOSE_TIMEOUT));
        decisions.close();
        recall.close();
        control.close();
        admin.close(CLOSE_TIMEOUT);
    }
}
