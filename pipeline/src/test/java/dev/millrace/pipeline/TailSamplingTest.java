package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Status;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.TopicsConfig.Topic;
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
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Policies at work on a real log.
@Timeout(90)
class TailSamplingTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String ERRORS_AND_HALF =
            "rules: [{name: errors, when: {error: any}}, {name: rest, keep: 50%}]";
    private static final long HALF = 1L << 55;

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final KafkaClients clients =
            new KafkaClients(KafkaConfig.embedded(kafka.bootstrapServers()));
    private final AtomicReference<String> policy = new AtomicReference<>(ERRORS_AND_HALF);
    private final AtomicReference<Load> machine = new AtomicReference<>(Load.NONE);
    private final String group = KafkaFixture.uniqueName("tail");
    private final AggregatorMetrics metrics = new AggregatorMetrics(new SimpleMeterRegistry());

    @TempDir private Path scratch;
    private TopicsConfig topics;

    @BeforeEach
    void createTopics() {
        var day = Duration.ofDays(1);
        topics =
                new TopicsConfig(
                        "",
                        new Topic(group + "-spans", 1, day),
                        new Topic(group + "-traces", 1, day),
                        new Topic(group + "-decisions", 1, day),
                        new Topic(group + "-control", 1, day),
                        new Topic(group + "-ledger", 1, day),
                        new Topic(group + "-dependencies", 1, day),
                        new Topic(group + "-dead", 1, day));
        try (var admin = clients.admin("test")) {
            new Topics(admin, KafkaConfig.embedded(kafka.bootstrapServers()), topics)
                    .ensure(PATIENCE);
        }
    }

    @Test
    void storesWhatTheRulesKeepAndPutsEveryVerdictOnRecord() {
        // Given: randomness below a half, above it, and below it with an error.
        kafka.send(List.of(chunk(1, 1, false), chunk(HALF + 2, 1, false), chunk(3, 1, true)));

        // When
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> decided() == 3, loop);
        }

        // Then
        assertThat(decisions())
                .extracting(
                        decision -> decision.trace().traceId().low(),
                        Decision::verdict,
                        Decision::policy,
                        Decision::threshold,
                        Decision::version)
                .containsExactlyInAnyOrder(
                        tuple(1L, Decision.Verdict.DROP, "rest", HALF, 1L),
                        tuple(HALF + 2, Decision.Verdict.KEEP, "rest", HALF, 1L),
                        tuple(3L, Decision.Verdict.KEEP, "errors", 0L, 1L));
        assertThat(stored())
                .extracting(span -> span.traceId().low(), Span::traceState)
                .containsExactlyInAnyOrder(tuple(HALF + 2, "ot=th:8"), tuple(3L, "ot=th:0"));
    }

    @Test
    void lateSpansFollowTheVerdictAtAnotherOwnerToo() {
        // Given
        kafka.send(List.of(chunk(1, 1, false), chunk(HALF + 2, 1, false)));
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> decided() == 2, loop);
        }

        // When: even what would be kept as a trace of its own.
        kafka.send(List.of(chunk(1, 2, false), chunk(HALF + 2, 2, false)));
        try (var next = loop()) {
            next.open();
            stepUntil(() -> decided() == 4, next);
        }

        // Then
        assertThat(decisions().subList(2, 4))
                .allSatisfy(decision -> assertThat(decision.policy()).isEqualTo("late"))
                .extracting(Decision::verdict)
                .containsExactlyInAnyOrder(Decision.Verdict.DROP, Decision.Verdict.KEEP);
        assertThat(stored())
                .extracting(span -> span.traceId().low(), span -> span.spanId().value())
                .containsExactlyInAnyOrder(tuple(HALF + 2, 1L), tuple(HALF + 2, 2L));
        assertThat(stored()).extracting(Span::traceState).containsOnly("ot=th:8");
    }

    @Test
    void anErrorThatComesLateBringsTheTraceBackOnce() {
        // Given
        kafka.send(List.of(chunk(1, 1, false), chunk(2, 1, false), chunk(1, 2, false)));
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> decided() == 2, loop);

            // When
            kafka.send(List.of(chunk(1, 3, true)));
            stepUntil(() -> metrics.upgrades.count() == 1, loop);
            kafka.send(List.of(chunk(1, 4, true)));
            stepUntil(() -> metrics.late.count() == 2, loop);
        }

        // Then
        assertThat(metrics.upgrades.count()).isOne();
        assertThat(decisions())
                .filteredOn(decision -> decision.trace().traceId().low() == 1)
                .extracting(Decision::verdict, Decision::upgrade, Decision::policy)
                .containsExactly(
                        tuple(Decision.Verdict.DROP, Decision.Upgrade.NONE, "rest"),
                        tuple(Decision.Verdict.KEEP, Decision.Upgrade.ASKED, "errors"),
                        tuple(Decision.Verdict.KEEP, Decision.Upgrade.DONE, "upgrade"),
                        tuple(Decision.Verdict.KEEP, Decision.Upgrade.NONE, "late"));
        assertThat(stored())
                .allSatisfy(span -> assertThat(span.traceState()).isEqualTo("ot=th:0"))
                .extracting(span -> span.traceId().low(), span -> span.spanId().value())
                .containsExactlyInAnyOrder(
                        tuple(1L, 1L), tuple(1L, 2L), tuple(1L, 3L), tuple(1L, 4L));
    }

    @Test
    void theNextOwnerBringsBackWhatTheLastOneWasAskedFor() {
        // Given: the late error is decided, and nothing was read back before the owner is gone.
        kafka.send(List.of(chunk(1, 1, false)));
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> decided() == 1, loop);
            kafka.send(List.of(chunk(1, 2, true)));
            stepUntil(() -> decided() == 2, loop);
        }
        assertThat(decisions()).extracting(Decision::upgrade).doesNotContain(Decision.Upgrade.DONE);

        // When
        try (var next = loop()) {
            next.open();
            stepUntil(() -> metrics.upgrades.count() == 1, next);
        }

        // Then
        assertThat(decisions())
                .extracting(Decision::upgrade)
                .containsExactly(
                        Decision.Upgrade.NONE, Decision.Upgrade.ASKED, Decision.Upgrade.DONE);
        assertThat(stored())
                .extracting(span -> span.spanId().value())
                .containsExactlyInAnyOrder(1L, 2L);
    }

    @Test
    void aChangedPolicyHoldsFromOneOffsetOnForEveryReader() {
        // Given
        try (var loop = loop();
                var leader = leader()) {
            loop.open();
            leader.open();
            kafka.send(List.of(chunk(1, 1, false)));
            stepUntil(() -> decided() == 1, loop);

            // When
            policy.set("preset: keep-all");
            stepUntil(
                    () -> {
                        leader.step();
                        return metrics.versions.count() == 1;
                    },
                    loop);
            kafka.send(List.of(chunk(2, 1, false)));
            stepUntil(() -> decided() == 2, loop);
        }

        // Then
        assertThat(decisions())
                .extracting(Decision::verdict, Decision::version)
                .containsExactly(
                        tuple(Decision.Verdict.DROP, 1L), tuple(Decision.Verdict.KEEP, 2L));
    }

    @Test
    void aMarkerThatNamesNoVersionIsCountedAndPassedOver() {
        // Given
        kafka.send(List.of(marker("version=two"), marker("version=9000"), chunk(3, 1, true)));

        // When
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> decided() == 1, loop);
        }

        // Then
        assertThat(decisions())
                .singleElement()
                .satisfies(decision -> assertThat(decision.version()).isEqualTo(1));
        assertThat(metrics.markersRefused.count()).isEqualTo(2);
        assertThat(metrics.rebuilds.count()).isZero();
    }

    @Test
    void keepsWhatIsSlowerThanMostOnceEnoughIsKnown() {
        // Given
        policy.set("rules: [{name: slow, when: {slower-than: p90}}]");
        var chunks = new ArrayList<ProducerRecord<byte[], byte[]>>();
        for (int i = 1; i <= 100; i++) {
            chunks.add(chunk(i, 1, false));
        }
        try (var loop = loop();
                var leader = leader()) {
            loop.open();
            leader.open();
            kafka.send(chunks);
            stepUntil(() -> decided() == 100, loop);
            stepUntil(
                    () -> {
                        leader.step();
                        return metrics.versions.count() == 1;
                    },
                    loop);

            // When
            kafka.send(List.of(chunk(1_000, 1, false), timed(1_001, 1, false, 5_000)));
            stepUntil(() -> decided() == 102, loop);
        }

        // Then
        assertThat(decisions().subList(0, 100))
                .allMatch(decision -> decision.verdict() == Decision.Verdict.DROP);
        assertThat(stored()).extracting(span -> span.traceId().low()).containsExactly(1_001L);
    }

    @Test
    void lowersWhatChanceKeepsWhileOneMachineIsBusyAndTellsItInAVersion() {
        // Given: this machine is calm, another of the group is not.
        try (var loop = loop();
                var leader = leader();
                var other = new ControlLog(clients, "other", topics)) {
            loop.open();
            leader.open();
            other.open("preset: tail");
            machine.set(new Load(0.1, 0.1));

            // When
            stepUntil(
                    () -> {
                        other.report("other", new Load(0.2, 0.95));
                        leader.step();
                        return metrics.versions.count() == 1;
                    },
                    loop);
            kafka.send(
                    List.of(
                            chunk(HALF + 2, 1, false),
                            chunk(2 * HALF - 1, 1, false),
                            chunk(3, 1, true)));
            stepUntil(() -> decided() == 3, loop);
        }

        // Then: a quarter is kept in place of a half.
        assertThat(metrics.loadFactor).isEqualTo(0.5);
        assertThat(decisions())
                .extracting(
                        decision -> decision.trace().traceId().low(),
                        Decision::verdict,
                        Decision::threshold)
                .containsExactlyInAnyOrder(
                        tuple(HALF + 2, Decision.Verdict.DROP, HALF + HALF / 2),
                        tuple(2 * HALF - 1, Decision.Verdict.KEEP, HALF + HALF / 2),
                        tuple(3L, Decision.Verdict.KEEP, 0L));
        assertThat(decisions()).extracting(Decision::version).containsOnly(versions().getLast());
    }

    @Test
    void chanceRecoversWhenTheBusyMachineSaysThatItIsCalm() {
        // Given
        machine.set(new Load(0.9, 0.1));
        try (var loop = loop();
                var leader = leader()) {
            loop.open();
            leader.open();
            stepUntil(
                    () -> {
                        leader.step();
                        return metrics.loadFactor == 0.5;
                    },
                    loop);
        }

        // When: the next leader finds it calm.
        machine.set(new Load(0.1, 0.1));
        try (var loop = loop();
                var leader = leader();
                var other = new ControlLog(clients, "other", topics)) {
            loop.open();
            leader.open();
            other.open("preset: tail");
            other.report("a", machine.get());
            stepUntil(
                    () -> {
                        leader.step();
                        return metrics.loadFactor == 1;
                    },
                    loop);
        }

        // Then
        assertThat(versions()).hasSize(3);
    }

    /// The numbers of all versions.
    private List<Long> versions() {
        return kafka.readAll(topics.fullName(topics.samplingControl())).stream()
                .filter(message -> message.key() == null)
                .map(message -> message.offset() + 1)
                .toList();
    }

    @Test
    void findsTheLatestVersionHoweverManyLoadsFollowedIt() {
        // Given
        try (var writer = new ControlLog(clients, "writer", topics)) {
            writer.open("preset: tail");
            for (int i = 0; i < 300; i++) {
                writer.report("busy", new Load(0.9, 0.9));
            }
            writer.publish(Version.first("preset: hybrid"));
            for (int i = 0; i < 300; i++) {
                writer.report("busy", new Load(0.9, 0.9));
            }
        }

        // When
        try (var reader = new ControlLog(clients, "reader", topics)) {
            reader.open("preset: keep-all");

            // Then
            assertThat(reader.latest().policy()).isEqualTo(Policy.HYBRID);
            assertThat(reader.latest().number()).isEqualTo(302);
            assertThat(reader.at(1).policy()).isEqualTo(Policy.TAIL);
            assertThat(reader.busiest(InstantSource.system().millis()))
                    .isEqualTo(new Load(0.9, 0.9));
            assertThat(
                            reader.busiest(
                                    InstantSource.system().millis()
                                            + LoadReport.VALID_MILLIS
                                            + 60_000))
                    .isEqualTo(Load.NONE);
        }
    }

    @Test
    void tellsWhatAFailedTraceMayLackAndTheThresholdItCameAt() {
        // Given: what the head writes into spans it kept because of an error, and by chance.
        kafka.send(
                List.of(
                        sampled(HALF + 2, "ot=th:8", false),
                        sampled(HALF + 4, "ot=th:0", true),
                        chunk(HALF + 6, 1, true)));

        // When
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> decided() == 3, loop);
        }

        // Then
        assertThat(decisions())
                .extracting(
                        decision -> decision.trace().traceId().low(),
                        decision -> decision.arrival().leastThreshold(),
                        decision -> decision.arrival().incomplete())
                .containsExactlyInAnyOrder(
                        tuple(HALF + 2, HALF, false),
                        tuple(HALF + 4, 0L, true),
                        tuple(HALF + 6, 0L, false));
        assertThat(stored())
                .filteredOn(span -> span.traceId().low() == HALF + 4)
                .allSatisfy(span ->
                        assertThat(span.attributes().find("millrace.head"))
                                .contains(new AttributeValue.Text("error")));
    }

    @Test
    void anOldVersionIsFoundHoweverManyFollowed() {
        // Given
        try (var writer = new ControlLog(clients, "writer", topics);
                var reader = new ControlLog(clients, "reader", topics)) {
            writer.open("preset: tail");
            reader.open("preset: keep-all");
            for (int i = 2; i <= 20; i++) {
                var next =
                        new Version(
                                0,
                                "preset: hybrid",
                                Policy.HYBRID,
                                SlowBounds.NONE,
                                Shares.ALL,
                                1.0 / i);
                assertThat(writer.publish(next).number()).isEqualTo(i);
            }

            // When, then
            assertThat(reader.at(20).loadFactor()).isEqualTo(1.0 / 20);
            assertThat(reader.at(2).loadFactor()).isEqualTo(0.5);
            assertThat(reader.at(1).policy()).isEqualTo(Policy.TAIL);
            assertThat(reader.latest().number()).isEqualTo(20);
        }
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
        var config =
                new AggregatorConfig(
                        group,
                        "a",
                        1,
                        Duration.ofMillis(50),
                        ByteSize.ofMebibytes(64),
                        scratch,
                        assembly,
                        tail(),
                        FiguresConfig.DEFAULT);
        return new AggregatorLoop(clients, config, topics, metrics, 0, System::nanoTime);
    }

    private TailConfig tail() {
        return new TailConfig(
                policy::get,
                Duration.ofMillis(100),
                new DurationWindow.Settings(600_000, 1, 100, 50, 0.01),
                Duration.ofMinutes(1),
                new LoadFactor.Settings(0.8, 0.7, 0.5, 10_000_000),
                machine::get);
    }

    private VersionLeader leader() {
        return new VersionLeader(
                clients,
                tail(),
                topics,
                InstantSource.system(),
                new LogGate(new SimpleMeterRegistry().config().clock()));
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

    private ProducerRecord<byte[], byte[]> marker(String says) {
        var message =
                new ProducerRecord<byte[], byte[]>(topics.fullName(topics.spans()), 0, null, null);
        message.headers().add(RecordHeaders.MARKER, RecordHeaders.value(says));
        return message;
    }

    private ProducerRecord<byte[], byte[]> chunk(long trace, long span, boolean failed) {
        return timed(trace, span, failed, 1_000);
    }

    private ProducerRecord<byte[], byte[]> sampled(
            long trace, String traceState, boolean forItsError) {
        var traceId = new TraceId(1, trace);
        var mark = new Attributes.Attribute("millrace.head", new AttributeValue.Text("error"));
        var made =
                Span.builder(traceId, new SpanId(1))
                        .name("step")
                        .traceState(traceState)
                        .attributes(forItsError ? Attributes.of(mark) : Attributes.EMPTY, 0)
                        .status(forItsError ? new Status(Status.Code.ERROR, "") : Status.UNSET)
                        .build();
        return new ProducerRecord<>(
                topics.fullName(topics.spans()),
                TraceKey.of(traceId),
                OtlpEncoder.encode(List.of(made)).toByteArray());
    }

    private ProducerRecord<byte[], byte[]> timed(
            long trace, long span, boolean failed, long nanos) {
        var traceId = new TraceId(1, trace);
        var made =
                Span.builder(traceId, new SpanId(span))
                        .parentSpanId(span == 1 ? null : new SpanId(1))
                        .name("step")
                        .time(1_000, 1_000 + nanos)
                        .status(failed ? new Status(Status.Code.ERROR, "") : Status.UNSET)
                        .build();
        return new ProducerRecord<>(
                topics.fullName(topics.spans()),
                TraceKey.of(traceId),
                OtlpEncoder.encode(List.of(made)).toByteArray());
    }
}
