package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.pipeline.ledger.AuditReport;
import dev.millrace.pipeline.ledger.Balance;
import dev.millrace.pipeline.ledger.Fault;
import dev.millrace.pipeline.ledger.Hop;
import dev.millrace.sampling.tail.DurationWindow;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.otlp.TraceChunk;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The books of a real pipeline, with a real log: they close, and where a record is lost or doubled
/// on its way they say where.
@Timeout(90)
class AuditTest {

    private static final Duration PATIENCE = Duration.ofSeconds(45);
    private static final Tenant RED = new Tenant("red");

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final String name = KafkaFixture.uniqueName("audit");
    private final TopicsConfig topics = topics(name);
    private final String spans = topics.fullName(topics.spans());
    private final String traces = topics.fullName(topics.tracesComplete());
    private final Chunks chunks = new Chunks(11);
    private final FakeTraceStore store = new FakeTraceStore();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    @TempDir private Path scratch;

    @BeforeEach
    void createTopics() {
        try (var admin = clients(Map.of()).admin("test")) {
            new Topics(admin, KafkaConfig.embedded(kafka.bootstrapServers()), topics)
                    .ensure(PATIENCE);
        }
        kafka.createTopic(Tampering.elsewhere(spans), 2);
        kafka.createTopic(Tampering.elsewhere(traces), 2);
    }

    @AfterEach
    void close() throws Exception {
        while (!open.isEmpty()) {
            open.removeLast().close();
        }
    }

    @Test
    void closesOverEveryFateASpanCanHave() {
        // Given
        var sink = sink(Map.of());
        aggregator(Map.of());
        ingester(Map.of());
        List<TraceChunk> some = chunks.several(20);

        // When: spans of two tenants, a request that comes twice, what cannot be read, and what a
        // head dropped.
        send(sink, Tenant.DEFAULT, some);
        send(sink, Tenant.DEFAULT, some.subList(0, 3));
        send(sink, RED, chunks.several(10));
        kafka.send(
                List.of(
                        new ProducerRecord<>(
                                spans, 0, RecordHeaders.value("no trace id"), new byte[9])));
        assertThat(sink.sampledOut(RED, 7)).succeedsWithin(PATIENCE);
        var report = settled(46 + 1, 20 + 7);

        // Then
        assertThat(report.text()).contains("The balance closes.");
        var balance = of(report, Tenant.DEFAULT);
        assertThat(balance.acknowledged()).isEqualTo(46);
        assertThat(balance.unconfirmed()).isEqualTo(1);
        assertThat(balance.deadLettered()).isEqualTo(1);
        assertThat(balance.duplicate()).isEqualTo(6);
        assertThat(balance.stored()).isBetween(2L, 38L).isEqualTo(storedSpans(Tenant.DEFAULT));
        assertThat(balance.sampledOut().values().stream().mapToLong(Long::longValue).sum())
                .isEqualTo(40 - balance.stored());
        assertThat(of(report, RED).sampledOut()).containsEntry("head", 7L);
        assertThat(of(report, RED).stored()).isEqualTo(storedSpans(RED));
    }

    @Test
    void countsWhatIsOnItsWayWhereItIs() {
        // Given: nobody reads yet.
        var sink = sink(Map.of());
        send(sink, Tenant.DEFAULT, chunks.several(20));

        // When, then
        await().atMost(PATIENCE)
                .untilAsserted(() -> {
                    var balance = of(audit(), Tenant.DEFAULT);
                    assertThat(balance.acknowledged()).isEqualTo(40);
                    assertThat(balance.unread()).isEqualTo(40);
                });

        // When: they are read, and nobody stores them.
        aggregator(Map.of());
        await().atMost(PATIENCE)
                .untilAsserted(() -> {
                    var report = audit();
                    assertThat(report.faults()).isEmpty();
                    var balance = of(report, Tenant.DEFAULT);
                    assertThat(balance.difference()).isZero();
                    assertThat(balance.unread() + balance.open()).isZero();
                    assertThat(balance.waiting()).isPositive();
                });
    }

    @ParameterizedTest
    @EnumSource(Tampering.Deed.class)
    void namesTheWayToTheLog(Tampering.Deed deed) {
        // Given
        if (deed == Tampering.Deed.LOSE) {
            var sink = sink(Tampering.writingFirst(spans));
            await().atMost(PATIENCE)
                    .untilAsserted(() -> send(sink, Tenant.DEFAULT, chunks.several(1)));
            send(sink, Tenant.DEFAULT, chunks.several(19));
        } else {
            send(sink(Map.of()), Tenant.DEFAULT, chunks.several(20));
            copyOne(spans);
        }

        // When
        aggregator(Map.of());
        ingester(Map.of());
        var report = settled(40, 0);

        // Then
        assertOnly(report, Hop.COLLECTOR_TO_SPANS, deed);
    }

    @ParameterizedTest
    @EnumSource(Tampering.Deed.class)
    void namesTheWayToTheAggregator(Tampering.Deed deed) {
        // Given
        var sink = sink(Map.of());
        send(sink, Tenant.DEFAULT, chunks.several(20));

        // When
        aggregator(Tampering.reading(spans, deed));
        ingester(Map.of());
        var report = settled(40, 0);

        // Then
        assertOnly(report, Hop.SPANS_TO_AGGREGATOR, deed);
    }

    @ParameterizedTest
    @EnumSource(Tampering.Deed.class)
    void namesTheWayFromTheAggregator(Tampering.Deed deed) {
        // Given
        var sink = sink(Map.of());
        send(sink, Tenant.DEFAULT, chunks.several(20));

        // When
        aggregator(deed == Tampering.Deed.LOSE ? Tampering.writing(traces) : Map.of());
        if (deed == Tampering.Deed.DOUBLE) {
            await().atMost(PATIENCE).until(() -> !kafka.readAll(traces).isEmpty());
            copyOne(traces);
        }
        ingester(Map.of());
        var report = settled(40, 0);

        // Then
        assertOnly(report, Hop.AGGREGATOR_TO_TRACES, deed);
    }

    @ParameterizedTest
    @EnumSource(Tampering.Deed.class)
    void namesTheWayToTheStore(Tampering.Deed deed) {
        // Given
        var sink = sink(Map.of());
        send(sink, Tenant.DEFAULT, chunks.several(20));

        // When
        aggregator(Map.of());
        ingester(Tampering.reading(traces, deed));
        var report = settled(40, 0);

        // Then
        assertOnly(report, Hop.TRACES_TO_STORE, deed);
    }

    @Test
    void closesAfterDeadLettersAreReplayed() {
        // Given: one record nobody can read, and one trace that the store refuses.
        var sink = sink(Map.of());
        aggregator(Map.of());
        send(sink, Tenant.DEFAULT, chunks.several(20));
        kafka.send(
                List.of(
                        new ProducerRecord<>(
                                spans, 0, RecordHeaders.value("no trace id"), new byte[9])));
        await().atMost(PATIENCE).until(() -> !kafka.readAll(traces).isEmpty());
        store.refused = TraceKey.parse(kafka.readAll(traces).getFirst().key());
        ingester(Map.of());
        assertThat(of(settled(41, 0), Tenant.DEFAULT).deadLettered()).isEqualTo(1 + 2);
        store.refused = null;

        // When
        var all = new DeadLetter.Choice("", null, Instant.EPOCH, Instant.MAX);
        var source = IngesterConfig.Source.TRACES;
        var clients = clients(Map.of());
        var toTopics = DeadLetterReplay.toTopics(clients, topics, source, all, _ -> {});
        var toStore = DeadLetterReplay.toStore(clients, topics, source, all, store, _ -> {});

        // Then: what came from spans is acknowledged and put aside once more, and what came from
        // traces-complete is stored now.
        assertThat(toTopics.replayed()).isEqualTo(1);
        assertThat(toTopics.left().keySet())
                .singleElement()
                .asString()
                .contains(traces, "(expected: --to store)");
        assertThat(toStore.replayed()).isEqualTo(1);
        assertThat(toStore.before()).isEqualTo(1);
        var report = settled(42, 0);
        assertThat(report.text()).contains("The balance closes.");
        var balance = of(report, Tenant.DEFAULT);
        assertThat(balance.deadLettered()).isEqualTo(2);
        assertThat(balance.acknowledged()).isEqualTo(41);
        assertThat(balance.stored()).isEqualTo(storedSpans(Tenant.DEFAULT));
    }

    private static void assertOnly(AuditReport report, Hop hop, Tampering.Deed deed) {
        assertThat(report.faults())
                .as(report.text())
                .isNotEmpty()
                .allSatisfy(fault -> {
                    assertThat(fault.hop()).isEqualTo(hop);
                    assertThat(fault.kind())
                            .isEqualTo(
                                    deed == Tampering.Deed.LOSE
                                            ? Fault.Kind.LOST
                                            : Fault.Kind.DOUBLED);
                });
        assertThat(report.faults().stream().mapToLong(Fault::copies).sum()).isEqualTo(2);
        assertThat(of(report, Tenant.DEFAULT).difference())
                .isEqualTo(deed == Tampering.Deed.LOSE ? 2 : -2);
        assertThat(report.text()).contains(hop.words()).contains("does not close");
    }

    /// The report once nothing is on its way and all that was sent is told of.
    private AuditReport settled(long ofDefault, long ofRed) {
        var settled = new AtomicReference<AuditReport>();
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(300))
                .untilAsserted(() -> {
                    var report = audit();
                    settled.set(report);
                    long taken = 0;
                    for (var balance : report.balances()) {
                        taken += balance.acknowledged() + balance.unconfirmed();
                        assertThat(balance.pending()).as(report.text()).isZero();
                        assertThat(balance.unconfirmed()).as(report.text()).isLessThanOrEqualTo(1);
                    }
                    assertThat(taken).as(report.text()).isEqualTo(ofDefault + ofRed);
                });
        return settled.get();
    }

    private AuditReport audit() {
        return Audit.run(clients(Map.of()), topics, IngesterConfig.Source.TRACES, Instant.EPOCH);
    }

    private static Balance of(AuditReport report, Tenant tenant) {
        return report.balances().stream()
                .filter(balance -> balance.tenant().equals(tenant))
                .findFirst()
                .orElseThrow();
    }

    private long storedSpans(Tenant tenant) {
        return store.fragments.values().stream()
                .filter(fragment -> fragment.tenant().equals(tenant))
                .mapToLong(fragment ->
                        LogCopies.of(new TraceChunk(fragment.traceId(), fragment.body(), 0)))
                .sum();
    }

    /// Writes the first record of a topic with spans again, as it is.
    private void copyOne(String topic) {
        ConsumerRecord<byte[], byte[]> first =
                kafka.readAll(topic).stream()
                        .filter(record -> record.value() != null)
                        .findFirst()
                        .orElseThrow();
        kafka.send(
                List.of(
                        new ProducerRecord<>(
                                topic,
                                first.partition(),
                                first.key(),
                                first.value(),
                                first.headers())));
    }

    private static void send(KafkaSpanSink sink, Tenant tenant, List<TraceChunk> sent) {
        assertThat(sink.accept(tenant, sent)).succeedsWithin(PATIENCE);
    }

    private KafkaSpanSink sink(Map<String, String> properties) {
        var sink = new KafkaSpanSink(clients(properties), topics, SinkConfig.defaults(), registry);
        open.add(sink);
        sink.start();
        await().atMost(PATIENCE).until(sink::ready);
        return sink;
    }

    private void aggregator(Map<String, String> properties) {
        var assembly =
                new AssemblyConfig(
                        Duration.ofMillis(300),
                        Duration.ofSeconds(10),
                        Duration.ofMinutes(5),
                        1_000_000,
                        ByteSize.ofMebibytes(1),
                        1_000);
        var tail =
                new TailConfig(
                        () -> "rules: [{name: rest, keep: 50%}]",
                        Duration.ofMillis(100),
                        new DurationWindow.Settings(600_000, 1, 100, 50, 0.01),
                        Duration.ofMinutes(1));
        var config =
                new AggregatorConfig(
                        name,
                        "a",
                        1,
                        Duration.ofMillis(50),
                        ByteSize.ofMebibytes(64),
                        scratch,
                        assembly,
                        tail,
                        FiguresConfig.DEFAULT);
        var aggregator =
                new Aggregator(
                        clients(properties),
                        config,
                        topics,
                        registry,
                        InstantSource.system(),
                        System::nanoTime);
        open.add(aggregator);
        aggregator.start();
    }

    private void ingester(Map<String, String> properties) {
        var config =
                new IngesterConfig(
                        name + "-ingester",
                        "one",
                        IngesterConfig.Feed.TRACES,
                        ByteSize.ofMebibytes(4),
                        Duration.ofMillis(100));
        var ingester = new Ingester(clients(properties), topics, config, store, registry);
        open.add(ingester);
        ingester.start();
    }

    private KafkaClients clients(Map<String, String> properties) {
        var plain = KafkaConfig.embedded(kafka.bootstrapServers());
        return new KafkaClients(
                new KafkaConfig(
                        plain.bootstrapServers(),
                        new HashMap<>(properties),
                        plain.replicationFactor(),
                        plain.durability(),
                        plain.sessionTimeout()));
    }

    private static TopicsConfig topics(String name) {
        var day = Duration.ofDays(1);
        return new TopicsConfig(
                "",
                new Topic(name + "-spans", 2, day),
                new Topic(name + "-traces", 2, day),
                new Topic(name + "-decisions", 2, day),
                new Topic(name + "-control", 1, day),
                new Topic(name + "-ledger", 2, day),
                new Topic(name + "-dependencies", 2, day),
                new Topic(name + "-dead", 1, day));
    }
}
