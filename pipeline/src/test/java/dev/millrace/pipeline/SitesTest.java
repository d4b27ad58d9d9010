package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.pipeline.ledger.AuditReport;
import dev.millrace.pipeline.ledger.Balance;
import dev.millrace.sampling.Load;
import dev.millrace.sampling.LoadFactor;
import dev.millrace.sampling.tail.DurationWindow;
import dev.millrace.sampling.tail.Policy;
import dev.millrace.sampling.tail.Shares;
import dev.millrace.sampling.tail.SlowBounds;
import dev.millrace.sampling.tail.Version;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Spans of a site beside our own on a real log: what a mirror writes into the site's topic is
/// written by hand, with times of an hour ago.
@Timeout(120)
class SitesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String ERRORS_AND_HALF =
            "rules: [{name: errors, when: {error: any}}, {name: rest, keep: 50%}]";
    private static final long HALF = 1L << 55;

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final KafkaClients clients =
            new KafkaClients(KafkaConfig.embedded(kafka.bootstrapServers()));
    private final String group = KafkaFixture.uniqueName("sites");
    private final AggregatorMetrics metrics = new AggregatorMetrics(new SimpleMeterRegistry());
    private final long atSite = System.currentTimeMillis() - Duration.ofHours(1).toMillis();

    @TempDir private Path scratch;
    private TopicsConfig topics;
    private String ours;
    private String sites;

    @BeforeEach
    void createTopics() {
        var day = Duration.ofDays(1);
        topics =
                new TopicsConfig(
                                "",
                                new Topic(group + "-spans", 2, day),
                                new Topic(group + "-traces", 1, day),
                                new Topic(group + "-decisions", 1, day),
                                new Topic(group + "-control", 1, day),
                                new Topic(group + "-ledger", 1, day),
                                new Topic(group + "-dependencies", 1, day),
                                new Topic(group + "-dead", 1, day))
                        .withSites(List.of("edge"));
        ours = topics.sources().getFirst();
        sites = topics.sources().getLast();
        try (var admin = clients.admin("test")) {
            new Topics(admin, KafkaConfig.embedded(kafka.bootstrapServers()), topics)
                    .ensure(PATIENCE);
        }
    }

    @Test
    void aTraceThatCrossesIsKeptWholeAndEverySpanAccountedFor() {
        // Given: the part that came in here is dropped.
        kafka.send(List.of(record(ours, null, 1, 1, false)));
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> decided() == 1, loop);

            // When: that of the site failed.
            kafka.send(List.of(record(sites, atSite, 1, 2, true), marker(sites, atSite + 400, 1)));
            stepUntil(() -> metrics.upgrades.count() == 1, loop);
        }

        // Then
        assertThat(decisions())
                .extracting(
                        Decision::sourceTopic,
                        Decision::verdict,
                        Decision::policy,
                        Decision::upgrade)
                .containsExactly(
                        tuple(ours, Decision.Verdict.DROP, "rest", Decision.Upgrade.NONE),
                        tuple(sites, Decision.Verdict.KEEP, "errors", Decision.Upgrade.NONE),
                        tuple(ours, Decision.Verdict.KEEP, "other-site", Decision.Upgrade.ASKED),
                        tuple(ours, Decision.Verdict.KEEP, "upgrade", Decision.Upgrade.DONE));
        assertThat(stored())
                .allSatisfy(span -> assertThat(span.traceState()).isEqualTo("ot=th:0"))
                .extracting(span -> span.spanId().value())
                .containsExactlyInAnyOrder(1L, 2L);

        // When
        var store = new FakeTraceStore();
        try (var ingester = ingester(store)) {
            ingester.start();
            await().atMost(PATIENCE)
                    .untilAsserted(
                            () -> assertThat(balance().stored()).as(audit().text()).isEqualTo(2));
        }

        // Then
        assertThat(store.fragments.values())
                .extracting(fragment -> fragment.traceId().low())
                .containsExactly(1L, 1L);
        assertThat(audit().closes()).as(audit().text()).isTrue();
        assertThat(balance().unconfirmed()).isEqualTo(2);
        assertThat(balance().pending()).isZero();
    }

    @Test
    void aPartFollowsOneThatWasKeptAtAnotherSite() {
        // Given
        kafka.send(List.of(record(ours, null, 1, 1, true)));
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> decided() == 1, loop);

            // When
            kafka.send(List.of(record(sites, atSite, 1, 2, false), marker(sites, atSite + 400, 1)));
            stepUntil(() -> decided() == 2, loop);
        }

        // Then
        assertThat(decisions())
                .extracting(Decision::verdict, Decision::policy)
                .containsExactly(
                        tuple(Decision.Verdict.KEEP, "errors"),
                        tuple(Decision.Verdict.KEEP, "other-site"));
    }

    @Test
    void theNextOwnerBringsBackWhatTheLastOneWasAskedFor() {
        // Given: nothing was read back before the owner is gone.
        kafka.send(List.of(record(ours, null, 1, 1, false)));
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> decided() == 1, loop);
            kafka.send(List.of(record(sites, atSite, 1, 2, true), marker(sites, atSite + 400, 1)));
            stepUntil(() -> decided() == 2, loop);
        }
        assertThat(decisions()).hasSize(3);

        // When
        try (var next = loop()) {
            next.open();
            stepUntil(() -> metrics.upgrades.count() == 1, next);
        }

        // Then
        assertThat(stored())
                .extracting(span -> span.spanId().value())
                .containsExactlyInAnyOrder(1L, 2L);
    }

    @Test
    void onlyTheSiteMovesItsTime() {
        // Given: the same there and here, and a version to announce everywhere.
        kafka.send(
                List.of(
                        record(sites, atSite, HALF + 2, 2, false),
                        record(ours, null, HALF + 2, 1, false)));
        try (var loop = loop();
                var leader = new ControlLog(clients, "leader", topics)) {
            leader.open("preset: tail");
            loop.open();
            leader.publish(
                    new Version(
                            0, "preset: hybrid", Policy.HYBRID, SlowBounds.NONE, Shares.ALL, 1));

            // When
            stepUntil(() -> decided() == 1 && versionsAt(sites) > 0, loop);
            long until = System.nanoTime() + Duration.ofSeconds(1).toNanos();
            stepUntil(() -> System.nanoTime() > until, loop);

            // Then: for the site it is still then.
            assertThat(decisions()).extracting(Decision::sourceTopic).containsExactly(ours);
            assertThat(kafka.readAll(sites))
                    .extracting(ConsumerRecord::timestamp)
                    .containsOnly(atSite);

            // When
            kafka.send(List.of(marker(sites, atSite + 300, HALF + 2)));
            stepUntil(() -> decided() == 2, loop);
        }

        // Then
        assertThat(decisions().getLast().trace().closedAt()).isEqualTo(atSite + 300);
        assertThat(decisions().getLast().version()).isPositive();
    }

    @Test
    void onePartitionOfAllSitesIsOneMembers() {
        // When
        try (var one = clients.coPartitionedConsumer("one", group + "-co");
                var other = clients.coPartitionedConsumer("other", group + "-co")) {
            one.subscribe(topics.sources());
            other.subscribe(topics.sources());
            await().atMost(PATIENCE)
                    .until(() -> {
                        one.poll(Duration.ofMillis(50));
                        other.poll(Duration.ofMillis(50));
                        return one.assignment().size() == 2 && other.assignment().size() == 2;
                    });

            // Then
            assertThat(List.of(one, other))
                    .allSatisfy(member -> assertThat(numbers(member.assignment())).hasSize(1));
        }
    }

    @Test
    void membersThatKnowOfNoSitesMayBeReplacedOneAfterTheOther() {
        try (var other = clients.coPartitionedConsumer("new", group + "-roll")) {
            other.subscribe(topics.sources());
            try (var one = clients.consumer("old", group + "-roll")) {
                one.subscribe(List.of(ours));

                // When
                await().atMost(PATIENCE)
                        .until(() -> {
                            one.poll(Duration.ofMillis(50));
                            other.poll(Duration.ofMillis(50));
                            return !one.assignment().isEmpty()
                                    && one.assignment().size() + other.assignment().size() == 4;
                        });
            }

            // Then
            await().atMost(PATIENCE)
                    .until(() -> {
                        other.poll(Duration.ofMillis(50));
                        return other.assignment().size() == 4;
                    });
        }
    }

    private static Map<Integer, Long> numbers(Set<TopicPartition> assigned) {
        return assigned.stream()
                .collect(Collectors.groupingBy(TopicPartition::partition, Collectors.counting()));
    }

    private AggregatorLoop loop() {
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
                        () -> ERRORS_AND_HALF,
                        Duration.ofMillis(100),
                        new DurationWindow.Settings(600_000, 1, 100, 50, 0.01),
                        Duration.ofMinutes(1),
                        new LoadFactor.Settings(0.8, 0.7, 0.5, 10_000_000),
                        () -> Load.NONE);
        var config =
                new AggregatorConfig(
                        group,
                        "a",
                        1,
                        Duration.ofMillis(50),
                        ByteSize.ofMebibytes(64),
                        scratch,
                        assembly,
                        tail,
                        FiguresConfig.DEFAULT);
        return new AggregatorLoop(clients, config, topics, metrics, 0, System::nanoTime);
    }

    private Ingester ingester(FakeTraceStore store) {
        var config =
                new IngesterConfig(
                        group + "-ingester",
                        "one",
                        IngesterConfig.Feed.TRACES,
                        ByteSize.ofMebibytes(4),
                        Duration.ofMillis(100));
        return new Ingester(clients, topics, config, store, new SimpleMeterRegistry());
    }

    private AuditReport audit() {
        return Audit.run(clients, topics, IngesterConfig.Source.TRACES, Instant.EPOCH);
    }

    private Balance balance() {
        return audit().balances().stream()
                .filter(balance -> balance.tenant().equals(Tenant.DEFAULT))
                .findFirst()
                .orElseThrow();
    }

    private static void stepUntil(BooleanSupplier done, AggregatorLoop loop) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime()).as("gave up after %s", PATIENCE).isLessThan(deadline);
            loop.step();
        }
        loop.commit();
    }

    private List<Decision> decisions() {
        return kafka.readAll(topics.fullName(topics.samplingDecisions())).stream()
                .map(message -> Decision.decode(Slice.of(message.value())))
                .toList();
    }

    private List<Span> stored() {
        return kafka.readAll(topics.fullName(topics.tracesComplete())).stream()
                .flatMap(message -> OtlpDecoder.spans(Slice.of(message.value())).stream())
                .toList();
    }

    private double decided() {
        return metrics.traces.count() + metrics.late.count();
    }

    private long versionsAt(String topic) {
        return kafka.readAll(topic).stream()
                .filter(record -> {
                    String says = RecordHeaders.text(record.headers(), RecordHeaders.MARKER);
                    return says != null && MarkerSchedule.namesVersion(says);
                })
                .count();
    }

    /// Into the partition of a trace.
    private static ProducerRecord<byte[], byte[]> marker(String topic, long time, long trace) {
        var id = new TraceId(1, trace);
        var message =
                new ProducerRecord<byte[], byte[]>(
                        topic, TraceKey.partition(id.high(), id.low(), 2), time, null, null);
        message.headers().add(RecordHeaders.MARKER, new byte[0]);
        return message;
    }

    /// @param time the site's; null for the broker's
    private static ProducerRecord<byte[], byte[]> record(
            String topic, @Nullable Long time, long trace, long span, boolean failed) {
        var traceId = new TraceId(1, trace);
        var made =
                Span.builder(traceId, new SpanId(span))
                        .parentSpanId(span == 1 ? null : new SpanId(1))
                        .name("step")
                        .time(1_000, 2_000)
                        .status(failed ? new Status(Status.Code.ERROR, "") : Status.UNSET)
                        .build();
        return new ProducerRecord<>(
                topic,
                null,
                time,
                TraceKey.of(traceId),
                OtlpEncoder.encode(List.of(made)).toByteArray());
    }
}
