package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.assembly.Enrichment;
import dev.millrace.enrichment.api.TraceDraft;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Status;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.sampling.tail.DurationWindow;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Enrichers at work on a real log.
@Timeout(90)
class EnrichmentOnTheLogTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String IMPORTANT =
            "rules: [{name: errors, when: {error: any}},"
                    + " {name: important, when: {attributes: {rank: gold}}}]";

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final KafkaClients clients =
            new KafkaClients(KafkaConfig.embedded(kafka.bootstrapServers()));
    private final String group = KafkaFixture.uniqueName("enrichment");
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final AggregatorMetrics metrics = new AggregatorMetrics(registry);

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

    /// Ranks traces by their number, and takes no root of trace 3.
    private static void rank(TraceDraft trace) {
        long number = trace.traceId().low();
        if (number == 3 && trace.root().isPresent()) {
            throw new IllegalStateException("three is too many");
        }
        trace.spans().forEach(span -> span.attributes().set("rank", number == 2 ? "gold" : "tin"));
    }

    @Test
    void thePolicySeesWhatEnrichersMade() {
        // When
        kafka.send(List.of(chunk(1, 1, false), chunk(2, 1, false)));
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> decided() == 2, loop);
        }

        // Then
        assertThat(stored())
                .singleElement()
                .satisfies(span -> {
                    assertThat(span.traceId().low()).isEqualTo(2);
                    assertThat(span.attributes()).hasToString("{rank=gold}");
                });
    }

    @Test
    void whatCannotBeEnrichedIsPutAsideOnceAndTheNextTraceIsStored() {
        // Given
        kafka.send(List.of(chunk(3, 1, true), chunk(3, 2, true), chunk(2, 1, false)));
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> decided() == 2, loop);
        }

        // When: a late span that by itself would be taken, and kept, at another owner.
        kafka.send(List.of(chunk(3, 4, true)));
        try (var next = loop()) {
            next.open();
            stepUntil(() -> decided() == 3, next);
        }

        // Then
        assertThat(decisions())
                .extracting(
                        decision -> decision.trace().traceId().low(),
                        Decision::verdict,
                        Decision::policy,
                        Decision::threshold,
                        Decision::upgrade)
                .containsExactly(
                        tuple(
                                3L,
                                Decision.Verdict.REFUSED,
                                "enrichment",
                                0L,
                                Decision.Upgrade.NONE),
                        tuple(2L, Decision.Verdict.KEEP, "important", 0L, Decision.Upgrade.NONE),
                        tuple(
                                3L,
                                Decision.Verdict.REFUSED,
                                "enrichment",
                                0L,
                                Decision.Upgrade.NONE));
        assertThat(stored()).extracting(span -> span.traceId().low()).containsExactly(2L);
        assertThat(kafka.readAll(topics.fullName(topics.deadLetters())))
                .extracting(
                        letter ->
                                OtlpDecoder.spans(Slice.of(letter.value()))
                                        .getFirst()
                                        .spanId()
                                        .value(),
                        letter -> RecordHeaders.text(letter.headers(), RecordHeaders.REASON))
                .containsExactly(
                        tuple(
                                1L,
                                "enrichment: rank: java.lang.IllegalStateException: three is too"
                                        + " many"),
                        tuple(
                                2L,
                                "enrichment: rank: java.lang.IllegalStateException: three is too"
                                        + " many"),
                        tuple(
                                4L,
                                "enrichment: earlier: late spans of a trace that could not be"
                                        + " enriched"));
        assertThat(
                        registry.get("millrace.enrichment.refused.spans")
                                .tag("enricher", "rank")
                                .counter()
                                .count())
                .isEqualTo(2);
        assertThat(registry.get("millrace.enrichment").timer().count()).isEqualTo(2);
    }

    private AggregatorLoop loop() {
        var enricher = new WatchedEnricher("rank", EnrichmentOnTheLogTest::rank, registry);
        var assembly =
                new AssemblyConfig(
                                Duration.ofMillis(300),
                                Duration.ofSeconds(10),
                                Duration.ofMinutes(5),
                                1_000_000,
                                ByteSize.ofMebibytes(1),
                                1_000)
                        .with(new Enrichment(List.of(new Enrichment.Step("rank", enricher))));
        var tail =
                new TailConfig(
                        () -> IMPORTANT,
                        Duration.ofMillis(100),
                        DurationWindow.Settings.DEFAULT,
                        Duration.ofMinutes(1));
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

    private static void stepUntil(BooleanSupplier done, AggregatorLoop loop) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime()).as("gave up after %s", PATIENCE).isLessThan(deadline);
            loop.step();
        }
        loop.commit();
    }

    private double decided() {
        return metrics.traces.count() + metrics.late.count();
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

    private ProducerRecord<byte[], byte[]> chunk(long trace, long span, boolean failed) {
        var traceId = new TraceId(1, trace);
        var made =
                Span.builder(traceId, new SpanId(span))
                        .parentSpanId(span == 1 ? null : new SpanId(1))
                        .name("step")
                        .time(1_000, 2_000)
                        .status(failed ? new Status(Status.Code.ERROR, "") : Status.UNSET)
                        .build();
        return new ProducerRecord<>(
                topics.fullName(topics.spans()),
                TraceKey.of(traceId),
                OtlpEncoder.encode(List.of(made)).toByteArray());
    }
}
