package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AggregatorLoopTest {

    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final AggregatorMetrics metrics = new AggregatorMetrics(new SimpleMeterRegistry());

    /// A member that stops polling is put out of its group after two seconds.
    private final KafkaClients clients =
            new KafkaClients(
                    new KafkaConfig(
                            kafka.bootstrapServers(),
                            Map.of("max.poll.interval.ms", "2000", "request.timeout.ms", "1500"),
                            1,
                            KafkaConfig.Durability.LENIENT,
                            Duration.ofSeconds(6)));

    @TempDir private Path scratch;
    private TopicsConfig topics;

    @BeforeEach
    void createTopics() {
        topics = topics(KafkaFixture.uniqueName("agg"), null);
        ensure(topics);
    }

    @Test
    void completesATraceOnAnIdlePartitionByAppendingAMarker() {
        // Given
        kafka.send(List.of(chunk(1, 1, 2), chunk(1, 3)));

        // When
        try (var loop = loop(topics, "group", "a", metrics)) {
            loop.open();
            stepUntil(() -> metrics.traces.count() == 1, loop);
            loop.commit();
        }

        // Then
        assertThat(ids(values(topics).getFirst())).containsExactly(1L, 2L, 3L);
        var decision = decisions(topics).getFirst();
        assertThat(decision.trace().traceId()).isEqualTo(new TraceId(1, 1));
        assertThat(decision.trace().digest().spans()).isEqualTo(3);
        assertThat(decision.verdict()).isEqualTo(Decision.Verdict.KEEP);
        assertThat(metrics.markers.count()).isPositive();
    }

    @Test
    void aZombieChangesNothing() {
        // Given
        kafka.send(List.of(chunk(1, 1), chunk(2, 1), chunk(3, 1)));
        String group = KafkaFixture.uniqueName("zombie");
        var heirMetrics = new AggregatorMetrics(new SimpleMeterRegistry());
        try (var zombie = loop(topics, group, "a", metrics);
                var heir = loop(topics, group, "b", heirMetrics)) {
            zombie.open();
            stepUntil(() -> metrics.records.count() >= 3, zombie);

            // When: it stops until it is put out of the group, then goes on with what it had open.
            heir.open();
            stepUntil(() -> heirMetrics.traces.count() == 3, heir);
            heir.commit();
            for (int i = 0; i < 20; i++) {
                zombie.step();
                heir.step();
            }
            kafka.send(List.of(chunk(4, 1)));
            stepUntil(() -> heirMetrics.traces.count() + metrics.traces.count() >= 4, zombie, heir);
            zombie.commit();
            heir.commit();
        }

        // Then
        assertThat(values(topics)).hasSize(4);
        assertThat(decisions(topics)).hasSize(4);
    }

    @Test
    void ownersThatDieAndAreReplacedWriteWhatOneOwnerWouldHaveWritten() {
        long seed = 20_261_121;
        var random = new Random(seed);
        String group = KafkaFixture.uniqueName("dying");
        List<AggregatorLoop> dead = new ArrayList<>();

        // When: each owner stops at some point between two commits, for ever.
        for (int life = 0; life < 3; life++) {
            var mortal = new AggregatorMetrics(new SimpleMeterRegistry());
            var loop = loop(topics, group, "same", mortal);
            loop.open();
            stepUntil(() -> mortal.records.count() > 0 || dead.isEmpty(), loop);
            for (int i = 0; i < 25; i++) {
                kafka.send(randomChunks(random, life * 25 + i));
                loop.step();
            }
            dead.add(loop);
        }
        try (var last = loop(topics, group, "same", metrics)) {
            last.open();
            stepUntil(() -> metrics.records.count() > 0, last);
            stepUntil(() -> metrics.openTraces.get() == 0, last);
            last.commit();
        }

        // Then
        var undisturbed = topics(KafkaFixture.uniqueName("undisturbed"), topics);
        ensure(undisturbed);
        int expected = decisions(topics).size();
        var referenceMetrics = new AggregatorMetrics(new SimpleMeterRegistry());
        try (var reference =
                loop(undisturbed, KafkaFixture.uniqueName("reference"), "r", referenceMetrics)) {
            reference.open();
            stepUntil(
                    () ->
                            referenceMetrics.traces.count() + referenceMetrics.late.count()
                                    >= expected,
                    reference);
            reference.commit();
        }
        assertThat(hashes(topics))
                .as("seed %s", seed)
                .hasSizeGreaterThan(40)
                .containsExactlyInAnyOrderElementsOf(hashes(undisturbed));
        dead.forEach(AggregatorLoop::close);
    }

    @Test
    void aRecordWithoutATraceIdIsADeadLetterAndThePartitionMovesOn() {
        // Given
        String spans = topics.fullName(topics.spans());
        kafka.send(
                List.of(
                        new ProducerRecord<>(spans, 0, new byte[] {1, 2}, new byte[] {3}),
                        new ProducerRecord<>(
                                spans, 0, TraceKey.of(onPartition(0)), new byte[] {10, 99})));
        kafka.send(List.of(chunk(1, 1)));

        // When
        try (var loop = loop(topics, KafkaFixture.uniqueName("poison"), "a", metrics)) {
            loop.open();
            stepUntil(() -> metrics.deadLetters.count() == 2 && metrics.traces.count() == 2, loop);
            loop.commit();
        }

        // Then
        var letters = kafka.readAll(topics.fullName(topics.deadLetters()));
        assertThat(letters)
                .allSatisfy(letter -> {
                    assertThat(RecordHeaders.text(letter.headers(), RecordHeaders.REASON))
                            .isNotBlank();
                    assertThat(RecordHeaders.text(letter.headers(), RecordHeaders.SOURCE_TOPIC))
                            .isEqualTo(spans);
                });
    }

    @Test
    void aRecordOnTheWrongPartitionIsMovedToItsOwn() {
        // Given
        var traceId = onPartition(0);
        byte[] value = OtlpEncoder.encode(List.of(span(traceId, 1))).toByteArray();
        kafka.send(
                List.of(
                        new ProducerRecord<>(
                                topics.fullName(topics.spans()), 1, TraceKey.of(traceId), value)));

        // When
        try (var loop = loop(topics, KafkaFixture.uniqueName("wrong"), "a", metrics)) {
            loop.open();
            stepUntil(() -> metrics.traces.count() == 1, loop);
            loop.commit();
        }

        // Then
        assertThat(metrics.forwarded.count()).isOne();
        assertThat(decisions(topics).getFirst().partition()).isZero();
    }

    @Test
    void assemblesATraceFromPackedRecordsAndFromItsOwn() {
        // Given: three traces of one partition, in records of every make.
        List<TraceId> ids = onPartition(2, 3);
        String spans = topics.fullName(topics.spans());
        kafka.send(
                List.of(
                        packed(2, span(ids.get(0), 1), span(ids.get(1), 1), span(ids.get(0), 2)),
                        new ProducerRecord<>(
                                spans, TraceKey.of(ids.get(1)), body(span(ids.get(1), 2))),
                        packed(2, span(ids.get(2), 1), span(ids.get(1), 3), span(ids.get(0), 2))));

        // When
        try (var loop = loop(topics, KafkaFixture.uniqueName("packed"), "a", metrics)) {
            loop.open();
            stepUntil(() -> metrics.traces.count() == 3, loop);
            loop.commit();
        }

        // Then
        assertThat(values(topics))
                .extracting(message -> TraceKey.parse(message.key()), AggregatorLoopTest::ids)
                .containsExactlyInAnyOrder(
                        tuple(ids.get(0), List.of(1L, 2L)),
                        tuple(ids.get(1), List.of(1L, 2L, 3L)),
                        tuple(ids.get(2), List.of(1L)));
        assertThat(metrics.duplicates.count()).isOne();
        assertThat(metrics.deadLetters.count()).isZero();
    }

    @Test
    void movesOfAPackedRecordOnlyTheTracesThatBelongElsewhere() {
        // Given
        TraceId home = onPartition(3);
        TraceId stray = onPartition(0);
        kafka.send(List.of(packed(3, span(stray, 1), span(home, 1), span(stray, 2))));

        // When
        try (var loop = loop(topics, KafkaFixture.uniqueName("stray"), "a", metrics)) {
            loop.open();
            stepUntil(() -> metrics.traces.count() == 2, loop);
            loop.commit();
        }

        // Then
        assertThat(metrics.forwarded.count()).isOne();
        assertThat(decisions(topics))
                .extracting(decision -> decision.trace().traceId(), Decision::partition)
                .containsExactlyInAnyOrder(tuple(home, 3), tuple(stray, 0));
        assertThat(values(topics))
                .extracting(AggregatorLoopTest::ids)
                .containsExactlyInAnyOrder(List.of(1L), List.of(1L, 2L));
    }

    @Test
    void readsPackedBodiesAgainThatItLetGo() {
        // Given: more than the memory it may use.
        List<TraceId> ids = onPartition(1, 40);
        for (int round = 0; round < 4; round++) {
            var spans = new ArrayList<Span>();
            for (var id : ids) {
                spans.add(
                        Span.builder(id, new SpanId(round + 1))
                                .name("x".repeat(10_000))
                                .time(1_000, 2_000)
                                .build());
            }
            kafka.send(List.of(packed(1, spans.toArray(Span[]::new))));
        }

        // When
        try (var loop =
                loop(
                        topics,
                        KafkaFixture.uniqueName("let-go"),
                        "a",
                        metrics,
                        ByteSize.parse("1MiB"))) {
            loop.open();
            stepUntil(() -> metrics.traces.count() == 40, loop);
            loop.commit();
        }

        // Then
        assertThat(metrics.letGo.count()).isPositive();
        assertThat(values(topics))
                .hasSize(40)
                .allSatisfy(message -> assertThat(ids(message)).containsExactly(1L, 2L, 3L, 4L));
    }

    @ParameterizedTest
    @CsvSource({"keying, round-robin", "encoding, zipkin_yaml"})
    void stopsForGoodAtARecordThatIsNotForIt(String header, String value) {
        // Given
        kafka.send(List.of(chunk(1, 1)));
        var spread = packed(0, span(onPartition(0), 1));
        spread.headers().remove(header).add(header, RecordHeaders.value(value));
        kafka.send(List.of(spread));
        var registry = new SimpleMeterRegistry();
        try (var aggregator =
                new Aggregator(
                        clients,
                        config(KafkaFixture.uniqueName("spread"), "a", ByteSize.ofMebibytes(64)),
                        topics,
                        registry,
                        InstantSource.system(),
                        System::nanoTime)) {
            // When
            aggregator.start();
            await().atMost(PATIENCE).until(() -> aggregator.refusal().isPresent());

            // Then
            assertThat(aggregator.refusal().orElseThrow())
                    .startsWith(topics.fullName(topics.spans()) + "-0@")
                    .contains("header " + header + ": \"" + value + "\" (expected: ");
            await().atMost(PATIENCE).until(() -> !aggregator.healthy());
        }
        assertThat(kafka.readAll(topics.fullName(topics.deadLetters()))).isEmpty();
    }

    @Test
    void aPackedRecordThatCannotBeTakenApartIsADeadLetter() {
        // Given
        var broken = packed(0, span(onPartition(0), 1));
        kafka.send(
                List.of(
                        new ProducerRecord<>(
                                broken.topic(),
                                0,
                                null,
                                broken.key(),
                                new byte[] {10, 99},
                                broken.headers()),
                        packed(0, span(onPartition(0), 1))));

        // When
        try (var loop = loop(topics, KafkaFixture.uniqueName("broken"), "a", metrics)) {
            loop.open();
            stepUntil(() -> metrics.traces.count() == 1, loop);
            loop.commit();
        }

        // Then
        assertThat(kafka.readAll(topics.fullName(topics.deadLetters())))
                .extracting(letter -> RecordHeaders.text(letter.headers(), RecordHeaders.REASON))
                .singleElement()
                .asString()
                .contains("not OTLP");
    }

    private ProducerRecord<byte[], byte[]> packed(int partition, Span... spans) {
        var record =
                new ProducerRecord<>(
                        topics.fullName(topics.spans()),
                        partition,
                        RecordHeaders.value(partition),
                        body(spans));
        record.headers().add(RecordHeaders.KEYING, RecordHeaders.value("packed"));
        return record;
    }

    private static byte[] body(Span... spans) {
        return OtlpEncoder.encode(List.of(spans)).toByteArray();
    }

    private AggregatorLoop loop(
            TopicsConfig on, String group, String instance, AggregatorMetrics told) {
        return loop(on, group, instance, told, ByteSize.ofMebibytes(64));
    }

    private AggregatorLoop loop(
            TopicsConfig on,
            String group,
            String instance,
            AggregatorMetrics told,
            ByteSize memory) {
        return new AggregatorLoop(
                clients, config(group, instance, memory), on, told, 0, System::nanoTime);
    }

    private AggregatorConfig config(String group, String instance, ByteSize memory) {
        var assembly =
                new AssemblyConfig(
                        Duration.ofMillis(500),
                        Duration.ofSeconds(3),
                        Duration.ofSeconds(30),
                        1_000_000,
                        ByteSize.ofMebibytes(1),
                        1_000);
        return new AggregatorConfig(
                group,
                instance,
                1,
                Duration.ofMillis(100),
                memory,
                scratch,
                assembly,
                TailConfig.KEEP_ALL,
                FiguresConfig.DEFAULT);
    }

    private static void stepUntil(BooleanSupplier done, AggregatorLoop... loops) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime()).as("gave up after %s", PATIENCE).isLessThan(deadline);
            for (var loop : loops) {
                loop.step();
            }
        }
    }

    private List<String> hashes(TopicsConfig on) {
        return values(on).stream().map(AggregatorLoopTest::sha256).toList();
    }

    private static String sha256(ConsumerRecord<byte[], byte[]> message) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            digest.update(message.key());
            return HexFormat.of().formatHex(digest.digest(message.value()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<ConsumerRecord<byte[], byte[]>> values(TopicsConfig on) {
        return kafka.readAll(on.fullName(on.tracesComplete()));
    }

    private List<Decision> decisions(TopicsConfig on) {
        return kafka.readAll(on.fullName(on.samplingDecisions())).stream()
                .map(message -> Decision.decode(Slice.of(message.value())))
                .toList();
    }

    private static List<Long> ids(ConsumerRecord<byte[], byte[]> message) {
        return OtlpDecoder.spans(Slice.of(message.value())).stream()
                .map(span -> span.spanId().value())
                .toList();
    }

    private ProducerRecord<byte[], byte[]> chunk(long trace, long... spanIds) {
        var traceId = new TraceId(1, trace);
        var spans = new ArrayList<Span>();
        for (long id : spanIds) {
            spans.add(span(traceId, id));
        }
        return new ProducerRecord<>(
                topics.fullName(topics.spans()),
                TraceKey.of(traceId),
                OtlpEncoder.encode(spans).toByteArray());
    }

    private static Span span(TraceId traceId, long id) {
        return Span.builder(traceId, new SpanId(id))
                .parentSpanId(id == 1 ? null : new SpanId(1))
                .name("step")
                .time(1_000 * id, 2_000 * id)
                .build();
    }

    /// Some of them each in a record of its own, the others packed by partition.
    private List<ProducerRecord<byte[], byte[]>> randomChunks(Random random, int time) {
        var chunks = new ArrayList<ProducerRecord<byte[], byte[]>>();
        var together = new TreeMap<Integer, List<Span>>();
        for (int i = random.nextInt(5); i >= 0; i--) {
            int trace = 1 + Math.max(0, time - random.nextInt(8));
            int id = 1 + random.nextInt(50);
            if (random.nextBoolean()) {
                chunks.add(chunk(trace, id));
                continue;
            }
            var traceId = new TraceId(1, trace);
            int partition = TraceKey.partition(TraceKey.of(traceId), topics.spans().partitions());
            together.computeIfAbsent(partition, _ -> new ArrayList<>()).add(span(traceId, id));
        }
        together.forEach(
                (partition, spans) -> chunks.add(packed(partition, spans.toArray(Span[]::new))));
        return chunks;
    }

    private TraceId onPartition(int partition) {
        return onPartition(partition, 1).getFirst();
    }

    private List<TraceId> onPartition(int partition, int count) {
        return java.util.stream.LongStream.iterate(1_000, id -> id + 1)
                .mapToObj(id -> new TraceId(1, id))
                .filter(id ->
                        TraceKey.partition(TraceKey.of(id), topics.spans().partitions())
                                == partition)
                .limit(count)
                .toList();
    }

    private void ensure(TopicsConfig on) {
        try (var admin = clients.admin("test")) {
            new Topics(admin, clients.config(), on).ensure(PATIENCE);
        }
    }

    /// Four partitions of spans; with `source`, its spans and output topics of their own.
    private static TopicsConfig topics(
            String name, @org.jspecify.annotations.Nullable TopicsConfig source) {
        var day = Duration.ofDays(1);
        return new TopicsConfig(
                "",
                source == null ? new Topic(name + "-spans", 4, day) : source.spans(),
                new Topic(name + "-traces", 2, day),
                new Topic(name + "-decisions", 2, day),
                new Topic(name + "-control", 1, day),
                new Topic(name + "-ledger", 2, day),
                new Topic(name + "-dependencies", 2, day),
                new Topic(name + "-dead", 1, day));
    }
}
