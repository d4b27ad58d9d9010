package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.analysis.AnalysisConfig;
import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyTotals;
import dev.millrace.analysis.Exemplar;
import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Operation;
import dev.millrace.analysis.RedTotals;
import dev.millrace.analysis.Series;
import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Resource;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.stream.LongStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Figures of all traces, stored or not, on a real log.
@Timeout(90)
class DependenciesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long HALF = 1L << 55;
    private static final long MILLI = 1_000_000;

    /// A clock that is so much slower keeps an owner from committing by itself.
    private static final int SLOWER = 4;

    private static final long START = 1_800_000_000_000L * MILLI;
    private static final Dependency CALL = new Dependency("shop", "stock", Connection.PLAIN);
    private static final Dependency ENTRY =
            new Dependency(Dependency.USER, "shop", Connection.VIRTUAL);
    private static final Operation GET = new Operation("stock", "get", SpanKind.SERVER);

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final KafkaClients clients =
            new KafkaClients(KafkaConfig.embedded(kafka.bootstrapServers()));
    private final String group = KafkaFixture.uniqueName("figures");
    private final AggregatorMetrics metrics = new AggregatorMetrics(new SimpleMeterRegistry());
    private String policy = "rules: [{name: errors, when: {error: any}}, {name: half, keep: 50%}]";

    private FiguresConfig figures = FiguresConfig.DEFAULT;

    @TempDir private Path scratch;
    private TopicsConfig topics;

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
                        new Topic(group + "-ledger", 2, day),
                        new Topic(group + "-dependencies", 2, day),
                        new Topic(group + "-dead", 1, day));
        try (var admin = clients.admin("test")) {
            new Topics(admin, KafkaConfig.embedded(kafka.bootstrapServers()), topics)
                    .ensure(PATIENCE);
        }
    }

    @Test
    void everyTraceCountsOnceHoweverItIsJudgedAndWhoeverCommitsIt() {
        // Given: an owner that commits some traces, and is gone with others that it has completed.
        kafka.send(traces(1, 10));
        var lost = new AggregatorMetrics(new SimpleMeterRegistry());
        try (var loop = loop(Duration.ofSeconds(5), lost, () -> System.nanoTime() / SLOWER)) {
            loop.open();
            stepUntil(() -> lost.traces.count() == 10, loop);
            assertThat(loop.commit()).isTrue();
            kafka.send(traces(11, 20));
            stepUntil(() -> lost.traces.count() == 20, loop);
        }
        int before = records().size();

        // When
        kafka.send(traces(21, 30));
        try (var next = loop()) {
            next.open();
            stepUntil(() -> metrics.traces.count() == 20, next);
            assertThat(next.commit()).isTrue();
        }

        // Then
        assertThat(before).isPositive().isLessThan(records().size());
        var totals = totals();
        assertThat(figures(totals, CALL).seen()).isEqualTo(30);
        assertThat(figures(totals, ENTRY).seen()).isEqualTo(30);
        assertThat(figures(totals, GET).calls()).isEqualTo(30);
        assertThat(figures(totals, GET).errors()).isEqualTo(3);
        assertThat(figures(totals, CALL).durations().quantile(0.5))
                .isBetween(19 * MILLI, 21 * MILLI);
        // What is scraped is what each process has committed itself.
        assertThat(calls(lost.red)).isEqualTo(10);
        assertThat(calls(metrics.red)).isEqualTo(20);
    }

    @Test
    void aTraceThatGoesOnAfterItsEndIsCountedOnceAndToTheEndWithoutOtherTraffic() {
        // Given: a trace that is complete.
        kafka.send(List.of(record(call(1, START, false))));
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> metrics.traces.count() == 1, loop);

            // When: its second call comes, and nothing after that.
            var caller =
                    copy(span(1, 4, 1, "shop", SpanKind.CLIENT, false))
                            .time(START, START + 20 * MILLI)
                            .build();
            kafka.send(
                    List.of(
                            record(
                                    List.of(
                                            caller,
                                            span(1, 5, 4, "stock", SpanKind.SERVER, false)))));
            stepUntil(() -> metrics.late.count() == 1, loop);
            assertThat(loop.commit()).isTrue();
        }

        // Then
        var totals = totals();
        assertThat(figures(totals, CALL).seen()).isEqualTo(2);
        assertThat(figures(totals, ENTRY).seen()).isOne();
        assertThat(figures(totals, GET).seen()).isEqualTo(2);
    }

    @Test
    void exemplarsPointToStoredTraces() {
        // When
        kafka.send(traces(1, 40));
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> metrics.traces.count() == 40, loop);
            assertThat(loop.commit()).isTrue();
        }

        // Then
        Set<TraceId> stored = new HashSet<>();
        kafka.readAll(topics.fullName(topics.tracesComplete()))
                .forEach(message ->
                        OtlpDecoder.spans(Slice.of(message.value()))
                                .forEach(span -> stored.add(span.traceId())));
        assertThat(stored).hasSizeBetween(1, 39);
        assertThat(exemplars()).isNotEmpty().allMatch(it -> stored.contains(it.traceId()));
    }

    @Test
    void whatIsGivenBackOfAnUpgradedTraceDoesNotCountAgain() {
        // Given
        policy = "rules: [{name: errors, when: {error: any}}]";
        kafka.send(List.of(record(call(1, START, false))));
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> metrics.traces.count() == 1, loop);

            // When
            kafka.send(List.of(record(List.of(span(1, 4, 2, "stock", SpanKind.INTERNAL, true)))));
            stepUntil(() -> metrics.upgrades.count() == 1, loop);
            assertThat(loop.commit()).isTrue();
        }

        // Then: the late span counts, and is called by nobody within its fragment.
        var totals = totals();
        assertThat(figures(totals, CALL).seen()).isOne();
        assertThat(figures(totals, GET).seen()).isOne();
        assertThat(figures(totals, new Operation("stock", "get", SpanKind.INTERNAL)).seen())
                .isOne();
        assertThat(calls(metrics.red)).isEqualTo(1);
    }

    @Test
    void spansBehindAHeadSamplerCountForAllTheyStandFor() {
        // Given: one in four was kept.
        var spans = new ArrayList<Span>();
        for (var span : call(-1, START, false)) {
            spans.add(copy(span).traceState("ot=th:c").build());
        }
        kafka.send(List.of(record(spans)));

        // When
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> metrics.traces.count() == 1, loop);
            assertThat(loop.commit()).isTrue();
        }

        // Then
        var call = figures(totals(), CALL);
        assertThat(call.seen()).isOne();
        assertThat(call.calls()).isEqualTo(4);
    }

    @Test
    void tenantsHaveRecordsOfTheirOwn() {
        // Given
        var other = new Tenant("other");
        var theirs = record(call(1, START, false));
        RecordHeaders.of(other).forEach(theirs.headers()::add);
        kafka.send(List.of(record(call(1, START, false)), theirs));

        // When
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> metrics.traces.count() == 2, loop);
            assertThat(loop.commit()).isTrue();
        }

        // Then
        var deltas = records();
        assertThat(deltas).extracting(DependencyDelta::tenant).contains(Tenant.DEFAULT, other);
        for (var tenant : List.of(Tenant.DEFAULT, other)) {
            var totals = new DependencyTotals(100);
            deltas.forEach(totals::add);
            assertThat(figures(totals.between(tenant, 0, Long.MAX_VALUE), CALL).seen()).isOne();
        }
    }

    @Test
    void countsNothingWhereItIsTurnedOff() {
        // Given
        figures =
                new FiguresConfig(
                        false, new AnalysisConfig(10, 10, 10, 10, false), RedTotals.Bounds.DEFAULT);
        kafka.send(List.of(record(call(1, START, false))));

        // When
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> metrics.traces.count() == 1, loop);
            assertThat(loop.commit()).isTrue();
        }

        // Then
        assertThat(records()).isEmpty();
        assertThat(metrics.red.totals(Operation.class)).isEmpty();
    }

    private AggregatorLoop loop() {
        return loop(Duration.ofMillis(50), metrics, System::nanoTime);
    }

    private AggregatorLoop loop(Duration commits, AggregatorMetrics told, LongSupplier nanoTime) {
        var assembly =
                new AssemblyConfig(
                        Duration.ofMillis(300),
                        Duration.ofSeconds(10),
                        Duration.ofMinutes(5),
                        1_000_000,
                        ByteSize.ofMebibytes(1),
                        1_000);
        String rules = policy;
        var tail =
                new TailConfig(
                        () -> rules,
                        TailConfig.KEEP_ALL.interval(),
                        TailConfig.KEEP_ALL.durations(),
                        TailConfig.KEEP_ALL.demandWindow());
        var config =
                new AggregatorConfig(
                        group,
                        "a",
                        1,
                        commits,
                        ByteSize.ofMebibytes(64),
                        scratch,
                        assembly,
                        tail,
                        figures);
        return new AggregatorLoop(clients, config, topics, told, 0, nanoTime);
    }

    private static void stepUntil(BooleanSupplier done, AggregatorLoop loop) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime()).as("gave up after %s", PATIENCE).isLessThan(deadline);
            loop.step();
        }
    }

    private List<DependencyDelta> records() {
        return kafka.readAll(topics.fullName(topics.dependencies())).stream()
                .map(message -> DependencyDelta.decode(Slice.of(message.value())))
                .toList();
    }

    private Map<Series, Figures> totals() {
        var totals = new DependencyTotals(1_000);
        records().forEach(totals::add);
        return totals.between(Tenant.DEFAULT, START / (60_000 * MILLI), Long.MAX_VALUE);
    }

    private static Figures figures(Map<Series, Figures> of, Series series) {
        assertThat(of).containsKey(series);
        return Objects.requireNonNull(of.get(series));
    }

    private static double calls(RedTotals red) {
        return red.totals(Dependency.class).stream()
                .filter(total -> total.series().equals(CALL))
                .mapToDouble(RedTotals.Total::calls)
                .sum();
    }

    private List<Exemplar> exemplars() {
        var exemplars = new ArrayList<Exemplar>();
        for (var total : metrics.red.totals(Operation.class)) {
            for (int i = 0; i < total.histogram().counts().size(); i++) {
                var exemplar = total.histogram().exemplar(i);
                if (exemplar != null) {
                    exemplars.add(exemplar);
                }
            }
        }
        return exemplars;
    }

    /// Every second one has a randomness that half of all have, every tenth fails.
    private List<ProducerRecord<byte[], byte[]>> traces(long from, long to) {
        return LongStream.rangeClosed(from, to)
                .mapToObj(number -> record(call(number, START, number % 10 == 0)))
                .toList();
    }

    private static List<Span> call(long number, long start, boolean failed) {
        return List.of(
                span(number, 1, 0, "shop", SpanKind.SERVER, false),
                copy(span(number, 2, 1, "shop", SpanKind.CLIENT, false))
                        .time(start, start + 20 * MILLI)
                        .build(),
                span(number, 3, 2, "stock", SpanKind.SERVER, failed));
    }

    private static Span span(
            long number, long id, long parent, String service, SpanKind kind, boolean failed) {
        var resource =
                Attributes.of(new Attribute("service.name", new AttributeValue.Text(service)));
        return Span.builder(traceId(number), new SpanId(id))
                .parentSpanId(parent == 0 ? null : new SpanId(parent))
                .name("get")
                .kind(kind)
                .time(START, START + 10 * MILLI)
                .status(failed ? new Status(Status.Code.ERROR, "") : Status.UNSET)
                .resource(new Resource(resource, 0, ""))
                .build();
    }

    private static TraceId traceId(long number) {
        return new TraceId(1, number % 2 == 0 ? number + HALF : number);
    }

    private static Span.Builder copy(Span span) {
        return Span.builder(span.traceId(), span.spanId())
                .parentSpanId(span.parentSpanId())
                .name(span.name())
                .kind(span.kind())
                .time(span.startNanos(), span.endNanos())
                .status(span.status())
                .resource(span.resource());
    }

    private ProducerRecord<byte[], byte[]> record(List<Span> spans) {
        return new ProducerRecord<>(
                topics.fullName(topics.spans()),
                TraceKey.of(spans.getFirst().traceId()),
                OtlpEncoder.encode(spans).toByteArray());
    }
}
