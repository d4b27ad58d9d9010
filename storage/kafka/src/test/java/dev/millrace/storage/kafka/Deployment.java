package dev.millrace.storage.kafka;

import static dev.millrace.storage.kafka.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.analysis.DependencyDelta;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.FiguresRecord;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.KafkaSpanSink;
import dev.millrace.pipeline.Keying;
import dev.millrace.pipeline.SinkConfig;
import dev.millrace.pipeline.Topics;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.StoreException;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.TraceChunk;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;

/// The store as it is run: topics on a real broker, written to as collectors and aggregators do,
/// and processes that each have some of the partitions.
final class Deployment implements AutoCloseable {

    static final Duration WINDOW = Duration.ofHours(1);

    private static final int PARTITIONS = 4;
    private static final int FIGURES_PARTITIONS = 2;
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    /// Samples stay what they are, however long ago they are.
    private static final Duration RETENTION = Duration.ofDays(36_500);

    /// What comes is found sooner, and who joins or leaves is noticed sooner, than usual.
    private static final Map<String, String> HASTE =
            Map.of(
                    "commit.interval.ms", "100",
                    "poll.ms", "100",
                    "heartbeat.interval.ms", "300",
                    "fetch.max.wait.ms", "200",
                    "linger.ms", "0");

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final KafkaConfig config =
            new KafkaConfig(
                    kafka.bootstrapServers(),
                    HASTE,
                    1,
                    KafkaConfig.Durability.LENIENT,
                    Duration.ofSeconds(6));
    private final KafkaClients clients = new KafkaClients(config);
    private final String application = KafkaFixture.uniqueName("millrace-store");
    private final TopicsConfig topics = topics();
    private final Path directory;
    private final Admin admin = clients.admin("deployment");
    private final KafkaSpanSink sink;
    private final KafkaProducer<byte[], byte[]> aggregator;
    private final List<Instance> processes = new CopyOnWriteArrayList<>();
    private final Map<Integer, Long> figuresSent = new HashMap<>();
    private volatile boolean unread;
    private int commits;

    /// @param directory of all its processes
    Deployment(Path directory, Keying keying) {
        this.directory = directory;
        new Topics(
                        admin,
                        config,
                        topics,
                        Set.of(
                                topics.tracesComplete(),
                                topics.samplingDecisions(),
                                topics.samplingControl(),
                                topics.deadLetters()))
                .ensure(PATIENCE);
        sink =
                new KafkaSpanSink(
                        clients,
                        topics,
                        SinkConfig.defaults().withKeying(keying),
                        new SimpleMeterRegistry());
        sink.start();
        aggregator = clients.transactionalProducer("aggregator", application);
        aggregator.initTransactions();
        patiently().until(sink::ready);
    }

    private TopicsConfig topics() {
        return new TopicsConfig(
                application + ".",
                new Topic("spans", PARTITIONS, RETENTION),
                new Topic("traces-complete", 1, RETENTION),
                new Topic("sampling-decisions", 1, RETENTION),
                new Topic("sampling-control", 1, RETENTION),
                new Topic("ledger", 1, RETENTION),
                new Topic("dependencies", FIGURES_PARTITIONS, RETENTION),
                new Topic("dead-letters", 1, RETENTION));
    }

    /// One of its processes.
    final class Instance implements AutoCloseable {

        private final KafkaStore store;

        private Instance(@Nullable String name, Path directory) {
            var here = Instances.nobody();
            store =
                    new KafkaStore(
                            new KafkaStore.Traces(
                                    config("", topics.spans(), here, name, directory),
                                    Placement.BY_ID),
                            new KafkaStore.Figures(
                                    config(
                                            "-figures",
                                            topics.dependencies(),
                                            here,
                                            name,
                                            directory),
                                    DependencyFormat.MILLRACE),
                            here,
                            new PeerConfig(
                                    here.host(),
                                    here.port(),
                                    null,
                                    false,
                                    null,
                                    PeerConfig.DEFAULT_HEDGE_AFTER,
                                    PATIENCE,
                                    PeerConfig.DEFAULT_MAX_QUESTIONS),
                            null,
                            clients,
                            new SimpleMeterRegistry(),
                            InstantSource.fixed(Records.NOW));
        }

        KafkaTraceStore store() {
            return store.store();
        }

        @Override
        public void close() {
            processes.remove(this);
            store.close();
        }
    }

    private KafkaStoreConfig config(
            String suffix, Topic topic, Peer here, @Nullable String name, Path in) {
        return new KafkaStoreConfig(
                application + suffix,
                new KafkaStoreConfig.Source(topics.fullName(topic), null),
                new KafkaStoreConfig.Instance(here, name, in),
                new KafkaStoreConfig.Keeping(WINDOW, RETENTION, new ByteSize(0)),
                KafkaStoreConfig.Sharing.DEFAULT,
                ByteSize.ofMebibytes(16),
                PATIENCE);
    }

    /// Starts a process, and does not wait until it has its share.
    ///
    /// @param name that it has over its restarts; null for one that leaves for good when it ends
    /// @param in its directory below that of all
    Instance start(@Nullable String name, String in) {
        var process = new Instance(name, directory.resolve(in));
        process.store.start();
        processes.add(process);
        return process;
    }

    /// Waits until so many processes share the partitions, each of which has a copy elsewhere where
    /// there are two.
    void awaitShared() {
        patiently()
                .pollInterval(Duration.ofMillis(20))
                .ignoreExceptionsInstanceOf(StoreException.class)
                .untilAsserted(() -> {
                    assertThat(processes)
                            .allSatisfy(process ->
                                    assertThat(process.store().services(Tenant.DEFAULT)).isEmpty());
                    int copies = Math.min(2, processes.size());
                    assertThat(held(false)).hasSize(PARTITIONS * copies);
                    assertThat(held(true)).hasSize(FIGURES_PARTITIONS * copies);
                });
    }

    /// Waits until a process follows a partition of each topic.
    void awaitShare(Instance process) {
        patiently()
                .pollInterval(Duration.ofMillis(20))
                .until(() ->
                        !process.store.reached(false).isEmpty()
                                && !process.store.reached(true).isEmpty()
                                && process.store.trouble().isEmpty());
    }

    private List<Map.Entry<Integer, Long>> held(boolean ofFigures) {
        return processes.stream()
                .flatMap(process -> process.store.reached(ofFigures).entrySet().stream())
                .toList();
    }

    /// Sends spans as a collector does, and returns when they are acknowledged.
    void send(List<Fragment> fragments) {
        var sent = new ArrayList<Future<Void>>();
        var chunks = new LinkedHashMap<Tenant, List<TraceChunk>>();
        for (var fragment : fragments) {
            int spans = OtlpDecoder.spans(fragment.body()).size();
            chunks.computeIfAbsent(fragment.tenant(), _ -> new ArrayList<>())
                    .add(new TraceChunk(fragment.traceId(), fragment.body(), spans));
        }
        chunks.forEach((tenant, of) -> sent.add(sink.accept(tenant, of)));
        sent.forEach(Deployment::answer);
        unread = true;
    }

    /// Sends figures as an aggregator does, in one transaction.
    void sendFigures(List<DependencyMinute> minutes) {
        var sent = new ArrayList<Future<RecordMetadata>>();
        aggregator.beginTransaction();
        for (var minute : minutes) {
            var origin =
                    new DependencyDelta.Origin(
                            topics.fullName(topics.spans()), minute.partition(), ++commits);
            var delta = new DependencyDelta(minute.tenant(), origin, minute.entries());
            sent.add(aggregator.send(FiguresRecord.of(delta, topics)));
        }
        aggregator.commitTransaction();
        for (var each : sent) {
            var written = answer(each);
            figuresSent.merge(written.partition(), written.offset() + 1, Math::max);
        }
        unread = true;
    }

    /// Returns when every process finds all that was sent before, in every copy that it has, and
    /// every partition is with somebody.
    synchronized void awaitRead() {
        if (!unread) {
            return;
        }
        unread = false;
        var ends = ends(topics.fullName(topics.spans()));
        var figures = Map.copyOf(figuresSent);
        patiently()
                .pollInterval(Duration.ofMillis(5))
                .untilAsserted(() -> {
                    haveReached(ends, held(false));
                    haveReached(figures, held(true));
                });
    }

    private static void haveReached(
            Map<Integer, Long> ends, List<Map.Entry<Integer, Long>> copies) {
        assertThat(copies).extracting(Map.Entry::getKey).containsAll(ends.keySet());
        assertThat(copies)
                .allMatch(copy -> copy.getValue() >= ends.getOrDefault(copy.getKey(), -1L));
    }

    private Map<Integer, Long> ends(String topic) {
        var latest = new HashMap<TopicPartition, OffsetSpec>();
        PartitionedTopic.numbers(PARTITIONS)
                .forEach(partition ->
                        latest.put(new TopicPartition(topic, partition), OffsetSpec.latest()));
        var ends = new HashMap<Integer, Long>();
        answer(admin.listOffsets(latest).all())
                .forEach((at, end) -> {
                    if (end.offset() > 0) {
                        ends.put(at.partition(), end.offset());
                    }
                });
        return ends;
    }

    private static <T> T answer(Future<T> future) {
        try {
            return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | InterruptedException | TimeoutException e) {
            throw new IllegalStateException("Kafka: no answer", e);
        }
    }

    // What other classes let their threads throw meanwhile is no concern of this one.
    private static ConditionFactory patiently() {
        return await().atMost(PATIENCE);
    }

    @Override
    public void close() {
        processes.forEach(Instance::close);
        sink.close();
        aggregator.close();
        admin.close();
    }
}
