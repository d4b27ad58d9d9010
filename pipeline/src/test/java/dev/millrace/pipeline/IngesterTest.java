package dev.millrace.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.otlp.TraceChunk;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.assertj.core.groups.Tuple;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class IngesterTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final KafkaClients clients =
            new KafkaClients(
                    new KafkaConfig(
                            kafka.bootstrapServers(),
                            Map.of(),
                            1,
                            KafkaConfig.Durability.LENIENT,
                            Duration.ofSeconds(3)));
    private final TopicsConfig topics =
            TopicsConfig.embedded().withPrefix(KafkaFixture.uniqueName("ingest") + ".");
    private final String traces = topics.fullName(topics.tracesComplete());
    private final String deadLetters = topics.fullName(topics.deadLetters());
    private final String group = KafkaFixture.uniqueName("ingester");
    private final FakeTraceStore store = new FakeTraceStore();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Chunks chunks = new Chunks(99);

    @BeforeEach
    void createTopics() {
        kafka.createTopic(traces, 4);
        kafka.createTopic(deadLetters, 1);
        kafka.createTopic(topics.fullName(topics.ledger()), 4);
    }

    @Test
    void storesEveryRecordUnderItsPlaceAndCommitsIt() throws Exception {
        // Given
        List<TraceChunk> sent = chunks.several(200);
        send(traces, sent);

        // When
        try (var _ = started(IngesterConfig.Feed.TRACES)) {
            await().atMost(PATIENCE).until(() -> store.fragments.size() == 200);
            await().atMost(PATIENCE).until(() -> committed() == 200);
        }

        // Then
        assertThat(store.fragments.values())
                .extracting(Fragment::traceId)
                .containsExactlyInAnyOrderElementsOf(
                        sent.stream().map(TraceChunk::traceId).toList());
        for (var record : kafka.readAll(traces)) {
            var id = new FragmentId(traces, record.partition(), record.offset());
            var traceId = TraceId.parse(new String(record.key(), UTF_8));
            assertThat(store.fragments.get(id))
                    .isEqualTo(new Fragment(id, Tenant.DEFAULT, traceId, Slice.of(record.value())));
        }
        assertThat(registry.counter("millrace.spans.stored").count()).isEqualTo(400);
        assertThat(registry.counter("millrace.fragments.stored").count()).isEqualTo(200);
    }

    @Test
    void commitsNothingTheStoreDoesNotHaveAndWritesItAgainAfterACrash() throws Exception {
        // Given
        send(traces, chunks.several(60));
        store.failure = new StoreException(StoreException.Kind.UNAVAILABLE, "down");
        try (var _ = started(IngesterConfig.Feed.TRACES)) {
            await().atMost(PATIENCE).until(() -> store.writes.get() >= 3);
            assertThat(committed()).isZero();
            assertThat(registry.get("millrace.ingester.paused").gauge().value()).isOne();
        }
        assertThat(committed()).isZero();
        int keptByFailedWrites = store.fragments.size();

        // When
        store.failure = null;
        try (var _ = started(IngesterConfig.Feed.TRACES, new SimpleMeterRegistry())) {
            await().atMost(PATIENCE).until(() -> committed() == 60);
        }

        // Then
        assertThat(keptByFailedWrites).isPositive();
        assertThat(store.fragments).hasSize(60);
        assertThat(store.rewrites.get()).isPositive();
        assertThat(registry.counter("millrace.store.failures", "kind", "unavailable").count())
                .isGreaterThanOrEqualTo(3);
    }

    @Test
    void goesOnByItselfWhenTheStoreIsBack() throws Exception {
        // Given
        store.failure = new StoreException(StoreException.Kind.OVER_CAPACITY, "slow down");
        send(traces, chunks.several(20));
        try (var ingester = started(IngesterConfig.Feed.TRACES)) {
            await().atMost(PATIENCE).until(() -> store.writes.get() >= 2);

            // When
            store.failure = null;
            await().atMost(PATIENCE).until(() -> committed() == 20);
            send(traces, chunks.several(20));

            // Then
            await().atMost(PATIENCE).until(() -> committed() == 40);
            assertThat(ingester.healthy()).isTrue();
            assertThat(registry.get("millrace.ingester.paused").gauge().value()).isZero();
        }
        assertThat(store.fragments).hasSize(40);
    }

    @Test
    void writesSeveralBatchesAtOnceAndCommitsUpToTheFirstThatIsNotWritten() throws Exception {
        // Given: one partition, batches of a few records, and a store that is slow with one of
        // them.
        List<TraceChunk> sent = chunks.several(200);
        int slow = 50;
        store.held = sent.get(slow).traceId();
        var records =
                sent.stream()
                        .map(chunk -> record(0, TraceKey.of(chunk.traceId()), bytes(chunk)))
                        .toList();
        kafka.send(records.subList(0, slow + 1));

        // When
        try (var _ = started(IngesterConfig.Feed.TRACES)) {
            store.awaitHeld();
            kafka.send(records.subList(slow + 1, records.size()));
            await().atMost(PATIENCE).until(() -> store.fragments.size() > slow + 60);

            // Then
            assertThat(committed()).isLessThanOrEqualTo(slow);
            assertThat(registry.get("millrace.ingester.inflight").gauge().value()).isPositive();
            store.release();
            await().atMost(PATIENCE).until(() -> committed() == 200);
        }
        assertThat(store.fragments).hasSize(200);
        assertThat(store.rewrites.get()).isZero();
        assertThat(store.mostAtOnce.get()).isBetween(2, 4);
    }

    @Test
    void triesWithOneBatchAtATimeWhetherTheStoreIsBack() throws Exception {
        // Given
        store.failure = new StoreException(StoreException.Kind.UNAVAILABLE, "down");
        send(traces, chunks.several(400));
        try (var _ = started(IngesterConfig.Feed.TRACES)) {
            await().atMost(PATIENCE)
                    .until(() -> registry.get("millrace.ingester.paused").gauge().value() == 1);
            await().atMost(PATIENCE).until(() -> store.writes.get() >= 6);
            store.mostAtOnce.set(0);
            int before = store.writes.get();
            await().atMost(PATIENCE).until(() -> store.writes.get() >= before + 2);

            // Then
            assertThat(store.mostAtOnce.get()).isOne();
            assertThat(committed()).isZero();

            // When
            store.failure = null;
            await().atMost(PATIENCE).until(() -> committed() == 400);
        }
        assertThat(store.fragments).hasSize(400);
        assertThat(registry.get("millrace.ingester.inflight").gauge().value()).isZero();
    }

    @Test
    void putsPoisonAsideWithItsReasonAndPlaceAndMovesOn() throws Exception {
        // Given
        TraceChunk good = chunks.several(1).getFirst();
        TraceChunk other = chunks.several(1).getFirst();
        byte[] key = TraceKey.of(good.traceId());
        kafka.send(
                List.of(
                        record(0, bytes("no trace id"), good.body().toByteArray()),
                        record(0, key, bytes("no protobuf at all")),
                        record(0, key, other.body().toByteArray()),
                        record(0, key, good.body().toByteArray())));

        // When
        try (var _ = started(IngesterConfig.Feed.TRACES)) {
            await().atMost(PATIENCE).until(() -> committed() == 4);
        }

        // Then
        assertThat(store.fragments.keySet()).containsExactly(new FragmentId(traces, 0, 3));
        var letters = kafka.readAll(deadLetters);
        assertThat(letters).hasSize(3);
        assertThat(letters.getFirst().key()).isEqualTo(bytes("no trace id"));
        assertThat(letters.getFirst().value()).isEqualTo(good.body().toByteArray());
        assertThat(letters)
                .extracting(letter -> RecordHeaders.text(letter.headers(), "source-offset"))
                .containsExactly("0", "1", "2");
        assertThat(letters)
                .allSatisfy(letter -> {
                    assertThat(RecordHeaders.text(letter.headers(), "source-topic"))
                            .isEqualTo(traces);
                    assertThat(RecordHeaders.text(letter.headers(), "source-partition"))
                            .isEqualTo("0");
                });
        assertThat(letters)
                .extracting(letter -> RecordHeaders.text(letter.headers(), "reason"))
                .satisfiesExactly(
                        reason -> assertThat(reason).contains("key: not a trace id"),
                        reason -> assertThat(reason).contains("not OTLP"),
                        reason -> assertThat(reason).contains("span of another trace"));
        assertThat(registry.counter("millrace.dead.letters", "reason", "key").count()).isOne();
        assertThat(registry.counter("millrace.dead.letters", "reason", "value").count())
                .isEqualTo(2);
    }

    @Test
    void putsAsideWhatTheStoreRefusesAndKeepsTheRest() throws Exception {
        // Given
        List<TraceChunk> sent = chunks.several(10);
        store.refused = sent.get(4).traceId();
        send(traces, sent);

        // When
        try (var _ = started(IngesterConfig.Feed.TRACES)) {
            await().atMost(PATIENCE).until(() -> committed() == 10);
        }

        // Then
        assertThat(store.fragments).hasSize(9);
        assertThat(kafka.readAll(deadLetters))
                .extracting(letter -> TraceKey.parse(letter.key()))
                .containsExactly(sent.get(4).traceId());
    }

    @Test
    void writesLessAtOnceToAStoreThatIsTooSlowForABatch() throws Exception {
        // Given: some batches of several megabytes
        var large = IntStream.range(0, 40).mapToObj(_ -> chunks.one(2, 100_000)).toList();
        send(traces, large);
        store.tooMany = 2;

        // When
        try (var _ = started(IngesterConfig.Feed.TRACES, registry, ByteSize.parse("8MiB"))) {
            await().atMost(PATIENCE).until(() -> committed() == 40);
        }

        // Then
        assertThat(store.fragments).hasSize(40);
        assertThat(registry.counter("millrace.spans.stored").count()).isEqualTo(80);
        assertThat(kafka.readAll(deadLetters)).isEmpty();
    }

    @Test
    void asksAgainWhatTheStoreRefusesWhenItWentAwayMeanwhile() throws Exception {
        // Given
        List<TraceChunk> sent = chunks.several(10);
        store.refused = sent.get(4).traceId();
        store.awayFor.set(sent.get(4).traceId());
        kafka.send(
                sent.stream()
                        .map(chunk -> record(0, TraceKey.of(chunk.traceId()), bytes(chunk)))
                        .toList());

        // When
        try (var _ = started(IngesterConfig.Feed.TRACES)) {
            await().atMost(PATIENCE).until(() -> committed() == 10);
        }

        // Then
        assertThat(store.awayFor.get()).isNull();
        assertThat(store.fragments).hasSize(9);
        assertThat(kafka.readAll(deadLetters))
                .extracting(letter -> TraceKey.parse(letter.key()))
                .containsExactly(sent.get(4).traceId());
    }

    @Test
    void putsAsideWhatDoesNotDecodeAndWhatTheStoreRefusesFromOneBatch() throws Exception {
        // Given
        List<TraceChunk> sent = chunks.several(3);
        store.refused = sent.get(1).traceId();
        var records = new ArrayList<ProducerRecord<byte[], byte[]>>();
        sent.forEach(chunk -> records.add(record(0, TraceKey.of(chunk.traceId()), bytes(chunk))));
        var malformed = new TraceId(1, 2);
        records.add(record(0, TraceKey.of(malformed), withAShortSpanId(malformed)));
        kafka.send(records);

        // When
        try (var _ = started(IngesterConfig.Feed.TRACES)) {
            await().atMost(PATIENCE).until(() -> committed() == 4);
        }

        // Then
        assertThat(store.fragments).hasSize(2);
        assertThat(kafka.readAll(deadLetters))
                .extracting(letter -> TraceKey.parse(letter.key()))
                .containsExactlyInAnyOrder(malformed, sent.get(1).traceId());
    }

    /// The reader of records looks at trace ids alone.
    private static byte[] withAShortSpanId(TraceId traceId) {
        byte[] id = ByteBuffer.allocate(16).putLong(traceId.high()).putLong(traceId.low()).array();
        byte[] span = field(2, new byte[] {1, 2, 3}, field(1, id, new byte[0]));
        byte[] none = new byte[0];
        return field(1, field(2, field(2, span, none), none), none);
    }

    /// A short field of bytes, after others.
    private static byte[] field(int number, byte[] value, byte[] others) {
        return ByteBuffer.allocate(others.length + 2 + value.length)
                .put(others)
                .put((byte) (number << 3 | 2))
                .put((byte) value.length)
                .put(value)
                .array();
    }

    @Test
    void skipsMarkersAndTransactionMarksButCommitsPastThem() throws Exception {
        // Given
        TraceChunk chunk = chunks.several(1).getFirst();
        try (var producer = clients.transactionalProducer("test", KafkaFixture.uniqueName("tx"))) {
            producer.initTransactions();
            producer.beginTransaction();
            var marker = new ProducerRecord<byte[], byte[]>(traces, 0, null, new byte[0]);
            marker.headers().add(RecordHeaders.MARKER, new byte[0]);
            var _ = producer.send(marker);
            var _ = producer.send(record(0, TraceKey.of(chunk.traceId()), bytes(chunk)));
            producer.commitTransaction();
        }

        // When
        try (var _ = started(IngesterConfig.Feed.TRACES)) {
            // Then: two records and the mark of the commit
            await().atMost(PATIENCE).until(() -> committed() == 3);
        }
        assertThat(store.fragments).hasSize(1);
        assertThat(kafka.readAll(deadLetters)).isEmpty();
    }

    @Test
    void readsTheTenantAndTheSpansFeed() throws Exception {
        // Given
        String spans = topics.fullName(topics.spans());
        kafka.createTopic(spans, 8);
        TraceChunk chunk = chunks.several(1).getFirst();
        var record = new ProducerRecord<>(spans, 5, TraceKey.of(chunk.traceId()), bytes(chunk));
        record.headers().add(RecordHeaders.TENANT, bytes("acme"));
        kafka.send(List.of(record));

        // When
        try (var _ = started(IngesterConfig.Feed.SPANS)) {
            await().atMost(PATIENCE).until(() -> store.fragments.size() == 1);
        }

        // Then
        assertThat(store.fragments.get(new FragmentId(spans, 5, 0)))
                .isEqualTo(
                        new Fragment(
                                new FragmentId(spans, 5, 0),
                                new Tenant("acme"),
                                chunk.traceId(),
                                chunk.body()));
    }

    @Test
    void storesEveryTraceOfAPackedRecordAndOfARoundRobinOne() throws Exception {
        // Given: on any partition, keyed by nothing, with one trace the store does not want.
        String spans = topics.fullName(topics.spans());
        kafka.createTopic(spans, 8);
        List<TraceChunk> packed = chunks.several(3);
        List<TraceChunk> spread = chunks.several(2);
        store.refused = packed.get(1).traceId();
        kafka.send(
                List.of(
                        several(spans, 5, "5", Keying.PACKED, packed),
                        several(spans, 2, null, Keying.ROUND_ROBIN, spread)));

        // When
        try (var _ = started(IngesterConfig.Feed.SPANS)) {
            await().atMost(PATIENCE).until(() -> store.fragments.size() == 4);
            await().atMost(PATIENCE).until(() -> committed(spans) == 2);
        }

        // Then
        assertThat(store.fragments.values())
                .extracting(Fragment::id, Fragment::traceId, Fragment::body)
                .containsExactlyInAnyOrder(
                        tuple(new FragmentId(spans, 5, 0, 0), packed.get(0)),
                        tuple(new FragmentId(spans, 5, 0, 2), packed.get(2)),
                        tuple(new FragmentId(spans, 2, 0, 0), spread.get(0)),
                        tuple(new FragmentId(spans, 2, 0, 1), spread.get(1)));
        var letters = kafka.readAll(deadLetters);
        assertThat(letters).hasSize(1);
        assertThat(letters.getFirst().value()).isEqualTo(bytes(packed.get(1)));
        assertThat(registry.counter("millrace.spans.stored").count()).isEqualTo(8);
    }

    @Test
    void putsARecordOfUnknownKeyingAside() throws Exception {
        // Given
        TraceChunk chunk = chunks.several(1).getFirst();
        var record = record(0, TraceKey.of(chunk.traceId()), bytes(chunk));
        record.headers().add(RecordHeaders.KEYING, bytes("by-mood"));
        kafka.send(List.of(record));

        // When
        try (var _ = started(IngesterConfig.Feed.TRACES)) {
            await().atMost(PATIENCE).until(() -> committed() == 1);
        }

        // Then
        assertThat(kafka.readAll(deadLetters))
                .extracting(letter -> RecordHeaders.text(letter.headers(), "reason"))
                .containsExactly(
                        "keying: \"by-mood\" (expected: trace-id, packed, round-robin or no such"
                                + " header)");
    }

    private static Tuple tuple(FragmentId id, TraceChunk chunk) {
        return Tuple.tuple(id, chunk.traceId(), chunk.body());
    }

    private static ProducerRecord<byte[], byte[]> several(
            String topic, int partition, @Nullable String key, Keying keying, List<TraceChunk> of) {
        var value = new ByteArrayOutputStream();
        of.forEach(chunk -> value.writeBytes(bytes(chunk)));
        var record =
                new ProducerRecord<byte[], byte[]>(
                        topic, partition, key == null ? null : bytes(key), value.toByteArray());
        record.headers().add(RecordHeaders.KEYING, bytes(keying.word()));
        return record;
    }

    @Test
    void sharesPartitionsAndLosesNothingWhenMembersComeAndGo() throws Exception {
        // Given
        var all = new ArrayList<TraceChunk>();
        try (var _ = started(IngesterConfig.Feed.TRACES)) {
            all.addAll(sendSome());
            await().atMost(PATIENCE).until(() -> committed() > 0);

            // When
            try (var _ = started(IngesterConfig.Feed.TRACES, new SimpleMeterRegistry())) {
                for (int i = 0; i < 10; i++) {
                    all.addAll(sendSome());
                }
                await().atMost(PATIENCE).until(() -> committed() > all.size() / 2);
            }
            all.addAll(sendSome());

            // Then
            await().atMost(PATIENCE).until(() -> committed() == all.size());
        }
        assertThat(store.fragments).hasSize(all.size());
    }

    private List<TraceChunk> sendSome() {
        List<TraceChunk> some = chunks.several(50);
        send(traces, some);
        return some;
    }

    private Ingester started(IngesterConfig.Feed feed) {
        return started(feed, registry);
    }

    private Ingester started(IngesterConfig.Feed feed, MeterRegistry meters) {
        return started(feed, meters, ByteSize.parse("4KiB"));
    }

    private Ingester started(IngesterConfig.Feed feed, MeterRegistry meters, ByteSize batchBytes) {
        var config = new IngesterConfig(group, "one", feed, batchBytes, Duration.ofMillis(50));
        var ingester = new Ingester(clients, topics, config, store, meters);
        ingester.start();
        return ingester;
    }

    private void send(String topic, List<TraceChunk> sent) {
        kafka.send(
                sent.stream()
                        .map(chunk -> {
                            byte[] key = TraceKey.of(chunk.traceId());
                            return new ProducerRecord<>(topic, key, bytes(chunk));
                        })
                        .toList());
    }

    private ProducerRecord<byte[], byte[]> record(int partition, byte[] key, byte[] value) {
        return new ProducerRecord<>(traces, partition, key, value);
    }

    private long committed() throws ExecutionException, InterruptedException {
        return committed(traces);
    }

    private long committed(String topic) throws ExecutionException, InterruptedException {
        try (var admin = kafka.admin()) {
            return admin
                    .listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata()
                    .get()
                    .entrySet()
                    .stream()
                    .filter(entry ->
                            entry.getKey().topic().equals(topic) && entry.getValue() != null)
                    .mapToLong(entry -> entry.getValue().offset())
                    .sum();
        }
    }

    private static byte[] bytes(TraceChunk chunk) {
        return chunk.body().toByteArray();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }
}
