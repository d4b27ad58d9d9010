package dev.millrace.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.broker.BrokerConfig;
import dev.millrace.broker.EmbeddedBroker;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.jaeger.JaegerDecoder;
import dev.millrace.wire.jaeger.JaegerFormat;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.PackedSpans;
import dev.millrace.wire.otlp.SpanLimits;
import dev.millrace.wire.otlp.TraceChunk;
import dev.millrace.wire.otlp.TraceSplitter;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KafkaSpanSinkTest {

    private static final String LEDGER = KafkaFixture.uniqueName("ledger");

    @BeforeAll
    static void createLedger() {
        KafkaFixture.shared().createTopic(LEDGER, 1);
    }

    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final long SEED = 4_711;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Chunks chunks = new Chunks(SEED);

    @TempDir Path directory;

    @Test
    void acknowledgesWhatKafkaHas() throws Exception {
        // Given
        var kafka = KafkaFixture.shared();
        String topic = KafkaFixture.uniqueName("spans");
        kafka.createTopic(topic, 8);
        List<TraceChunk> sent = chunks.several(100);
        try (var sink = sink(kafka.bootstrapServers(), topic, SinkConfig.defaults())) {

            // When
            sink.accept(Tenant.DEFAULT, sent).get(30, TimeUnit.SECONDS);

            // Then
            assertThat(registry.get("millrace.produce.inflight").gauge().value()).isZero();
        }
        var bodies = new HashMap<String, byte[]>();
        for (var record : kafka.readAll(topic)) {
            bodies.put(key(record), record.value());
            assertThat(record.partition())
                    .isEqualTo(BuiltInPartitioner.partitionForKey(record.key(), 8));
            assertThat(record.headers())
                    .singleElement()
                    .extracting(Header::key)
                    .isEqualTo("writer");
        }
        assertThat(bodies).hasSize(100);
        sent.forEach(chunk ->
                assertThat(bodies.get(chunk.traceId().toString()))
                        .isEqualTo(chunk.body().toByteArray()));
        assertThat(registry.counter("millrace.spans.produced").count()).isEqualTo(200);
    }

    @Test
    void namesTheTenantUnlessItIsTheDefault() throws Exception {
        // Given
        var kafka = KafkaFixture.shared();
        String topic = KafkaFixture.uniqueName("spans");
        kafka.createTopic(topic, 1);

        // When
        try (var sink = sink(kafka.bootstrapServers(), topic, SinkConfig.defaults())) {
            sink.accept(new Tenant("acme"), chunks.several(1)).get(30, TimeUnit.SECONDS);
        }

        // Then
        assertThat(kafka.readAll(topic))
                .extracting(record -> RecordHeaders.text(record.headers(), "tenant"))
                .containsExactly("acme");
    }

    @Test
    void packsTheTracesOfAPartitionIntoOneRecord() throws Exception {
        // Given
        var kafka = KafkaFixture.shared();
        String topic = KafkaFixture.uniqueName("spans");
        kafka.createTopic(topic, 8);
        var config = SinkConfig.defaults().withKeying(Keying.PACKED);
        List<TraceChunk> sent = chunks.several(100);

        // When: chunks by trace, as after sampling, and chunks as the sink likes them best.
        try (var sink = sink(kafka.bootstrapServers(), topic, config)) {
            sink.accept(new Tenant("acme"), sent).get(30, TimeUnit.SECONDS);
            var whole = Slice.of(joined(sent));
            var splitter = new TraceSplitter(new SpanLimits(Long.MAX_VALUE, Long.MAX_VALUE, 1_000));
            var split = splitter.split(whole, 1, sink.grouping());
            assertThat(split.chunks()).hasSizeLessThanOrEqualTo(8);
            sink.accept(new Tenant("acme"), split.chunks()).get(30, TimeUnit.SECONDS);
        }

        // Then
        var records = kafka.readAll(topic);
        assertThat(records).hasSizeLessThanOrEqualTo(16);
        var traces = new ArrayList<TraceId>();
        for (var record : records) {
            assertThat(key(record)).isEqualTo(Integer.toString(record.partition()));
            assertThat(RecordHeaders.text(record.headers(), "keying")).isEqualTo("packed");
            assertThat(RecordHeaders.text(record.headers(), "tenant")).isEqualTo("acme");
            for (var chunk : PackedSpans.byTrace(Slice.of(record.value()))) {
                assertThat(record.partition())
                        .isEqualTo(
                                BuiltInPartitioner.partitionForKey(
                                        TraceKey.of(chunk.traceId()), 8));
                traces.add(chunk.traceId());
            }
        }
        assertThat(traces)
                .hasSize(200)
                .containsAll(sent.stream().map(TraceChunk::traceId).toList());
        // The splitter rejects the first span of each trace, which has no start time.
        assertThat(registry.counter("millrace.spans.produced").count()).isEqualTo(300);
    }

    @Test
    void spreadsRequestsOverThePartitionsInTurn() throws Exception {
        // Given
        var kafka = KafkaFixture.shared();
        String topic = KafkaFixture.uniqueName("spans");
        kafka.createTopic(topic, 4);
        var config = SinkConfig.defaults().withKeying(Keying.ROUND_ROBIN);

        // When
        try (var sink = sink(kafka.bootstrapServers(), topic, config)) {
            for (int i = 0; i < 8; i++) {
                sink.accept(Tenant.DEFAULT, chunks.several(10)).get(30, TimeUnit.SECONDS);
            }
        }

        // Then
        assertThat(kafka.readAll(topic))
                .hasSize(8)
                .allSatisfy(record -> {
                    assertThat(record.key()).isNull();
                    assertThat(RecordHeaders.text(record.headers(), "keying"))
                            .isEqualTo("round-robin");
                    assertThat(PackedSpans.byTrace(Slice.of(record.value()))).hasSize(10);
                })
                .extracting(ConsumerRecord::partition)
                .containsExactlyInAnyOrder(0, 0, 1, 1, 2, 2, 3, 3);
    }

    @ParameterizedTest
    @EnumSource(
            value = Encoding.class,
            names = {"JAEGER_PROTO", "JAEGER_JSON"})
    void writesOneOfJaegersSpansPerRecordForThoseWhoReadThat(Encoding encoding) throws Exception {
        // Given
        var kafka = KafkaFixture.shared();
        String topic = KafkaFixture.uniqueName("spans");
        kafka.createTopic(topic, 8);
        List<TraceChunk> sent = chunks.several(5);

        // When
        try (var sink =
                sink(
                        kafka.bootstrapServers(),
                        topic,
                        SinkConfig.defaults().withEncoding(encoding))) {
            sink.accept(Tenant.DEFAULT, sent).get(30, TimeUnit.SECONDS);
        }

        // Then
        var format =
                encoding == Encoding.JAEGER_JSON ? JaegerFormat.SPAN_JSON : JaegerFormat.SPAN_PROTO;
        assertThat(kafka.readAll(topic))
                .hasSize(sent.stream().mapToInt(TraceChunk::spans).sum())
                .allSatisfy(record -> {
                    assertThat(RecordHeaders.text(record.headers(), "encoding"))
                            .isEqualTo(encoding.word());
                    assertThat(record.partition())
                            .isEqualTo(BuiltInPartitioner.partitionForKey(record.key(), 8));
                    var read =
                            new JaegerDecoder(1 << 20).traces(format, Slice.of(record.value()), 0);
                    assertThat(OtlpDecoder.spans(read))
                            .singleElement()
                            .extracting(span -> span.traceId().toString())
                            .isEqualTo(key(record));
                });
    }

    @Test
    void writesAListOfZipkinSpansPerTraceForThoseWhoReadThat() throws Exception {
        // Given
        var kafka = KafkaFixture.shared();
        String topic = KafkaFixture.uniqueName("spans");
        kafka.createTopic(topic, 8);
        var config = SinkConfig.defaults().withEncoding(Encoding.ZIPKIN_JSON);
        List<TraceChunk> sent = chunks.several(5);

        // When
        try (var sink = sink(kafka.bootstrapServers(), topic, config)) {
            sink.accept(Tenant.DEFAULT, sent).get(30, TimeUnit.SECONDS);
        }

        // Then
        assertThat(kafka.readAll(topic))
                .hasSize(5)
                .allSatisfy(record -> {
                    assertThat(RecordHeaders.text(record.headers(), "encoding"))
                            .isEqualTo("zipkin_json");
                    assertThat(record.partition())
                            .isEqualTo(BuiltInPartitioner.partitionForKey(record.key(), 8));
                    assertThat(new String(record.value(), UTF_8))
                            .startsWith("[{\"traceId\":\"" + key(record) + "\"")
                            .containsOnlyOnce("\"name\":\"span 0\"")
                            .containsOnlyOnce("\"name\":\"span 1\"");
                });
    }

    @Test
    void saysWhatNobodyOfOursCouldRead() {
        var zipkin = SinkConfig.defaults().withEncoding(Encoding.ZIPKIN_JSON);
        var spread = SinkConfig.defaults().withKeying(Keying.ROUND_ROBIN);

        SinkConfig.defaults().withKeying(Keying.PACKED).checkForAggregator();
        zipkin.checkForAggregator();
        assertThatThrownBy(spread::checkForAggregator)
                .hasMessageContaining("spans.keying: round-robin (expected: trace-id or packed");
        assertThatThrownBy(() -> zipkin.withKeying(Keying.PACKED))
                .hasMessage(
                        "keying: packed (expected: trace-id, because the encoding is zipkin_json)");
    }

    @Test
    void packsMoreThanARecordMayHoldIntoSeveral() throws Exception {
        // Given
        var kafka = KafkaFixture.shared();
        String topic = KafkaFixture.uniqueName("spans");
        kafka.createTopic(topic, 1);
        List<TraceChunk> sent =
                List.of(
                        chunks.one(1, 5 << 20),
                        chunks.one(1, 5 << 20),
                        chunks.one(1, 1 << 10),
                        chunks.one(3, 4 << 20));

        // When
        try (var sink =
                sink(
                        kafka.bootstrapServers(),
                        topic,
                        SinkConfig.defaults().withKeying(Keying.PACKED))) {
            sink.accept(Tenant.DEFAULT, sent).get(30, TimeUnit.SECONDS);
        }

        // Then
        var records = kafka.readAll(topic);
        assertThat(records)
                .allSatisfy(record ->
                        assertThat(record.value())
                                .hasSizeLessThanOrEqualTo(KafkaClients.MAX_RECORD_BYTES));
        assertThat(
                        records.stream()
                                .flatMap(r -> PackedSpans.byTrace(Slice.of(r.value())).stream())
                                .mapToInt(TraceChunk::spans)
                                .sum())
                .isEqualTo(6);
    }

    @Test
    void appendsMarkersWhereNoSpansCome() {
        // Given
        var kafka = KafkaFixture.shared();
        String topic = KafkaFixture.uniqueName("spans");
        kafka.createTopic(topic, 2);
        var markers = new SinkConfig.Markers(Duration.ofMillis(100), Duration.ofMillis(500));

        // When
        try (var sink =
                sink(kafka.bootstrapServers(), topic, SinkConfig.defaults().withMarkers(markers))) {
            await().atMost(PATIENCE).until(() -> kafka.readAll(topic).size() >= 8);
            assertThat(sink.ready()).isTrue();
        }

        // Then
        assertThat(kafka.readAll(topic))
                .allSatisfy(record -> {
                    assertThat(record.value()).isNull();
                    assertThat(RecordHeaders.text(record.headers(), RecordHeaders.MARKER))
                            .isEmpty();
                })
                .extracting(ConsumerRecord::partition)
                .contains(0, 1);
    }

    @Test
    void refusesAtOnceWhenKafkaWasNeverThere() {
        // Given
        try (var sink =
                new KafkaSpanSink(
                        new KafkaClients(KafkaConfig.cluster("127.0.0.1:1")),
                        TopicsConfig.embedded(),
                        SinkConfig.defaults(),
                        registry)) {
            sink.start();

            // When
            var accepted = sink.accept(Tenant.DEFAULT, chunks.several(1));

            // Then
            assertThat(accepted).isCompletedExceptionally();
            assertThat(refusal(accepted).kind()).isEqualTo(SinkException.Kind.UNAVAILABLE);
            assertThat(refusal(accepted).retryAfter()).isPositive();
        }
    }

    @Test
    void refusesMoreOnceSpansHaveWaitedTooLong() {
        // Given
        var clock = new MockClock();
        var meters = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
        var line = new WaitingLine();
        var deliveries = new ArrayList<Delivery>();
        for (int i = 0; i < 2; i++) {
            deliveries.add(
                    new Delivery(
                            1,
                            0,
                            1,
                            new AtomicLong(),
                            new SinkMeters(meters),
                            new LogGate(meters.config().clock())));
            line.join(deliveries.getLast());
            clock.add(Duration.ofSeconds(2));
        }

        // Then
        assertThat(line.longest(clock.monotonicTime())).isEqualTo(4_000_000_000L);
        deliveries.getFirst().onCompletion(null, null);
        assertThat(line.longest(clock.monotonicTime())).isEqualTo(2_000_000_000L);
        deliveries.getLast().onCompletion(null, null);
        assertThat(line.longest(clock.monotonicTime())).isZero();
    }

    @Test
    void refusesWhatDoesNotFitWhileKafkaIsAwayAndLosesNothingItAcknowledged() throws Exception {
        // Given
        int port = freePort();
        String servers = "127.0.0.1:" + port;
        var config = new SinkConfig(ByteSize.ofMebibytes(16), Duration.ofMinutes(2));
        var accepted = new HashMap<String, CompletableFuture<Void>>();
        EmbeddedBroker broker = startBroker(port);
        createTopic(servers);
        try (var sink = sink(servers, "spans", config)) {
            for (TraceChunk chunk : chunks.several(50)) {
                accepted.put(
                        chunk.traceId().toString(), sink.accept(Tenant.DEFAULT, List.of(chunk)));
            }

            // When
            broker.close();
            CompletableFuture<Void> last = CompletableFuture.completedFuture(null);
            for (int i = 0; i < 40 && !last.isCompletedExceptionally(); i++) {
                TraceChunk chunk = chunks.one(1, 1 << 20);
                last = sink.accept(Tenant.DEFAULT, List.of(chunk));
                if (!last.isCompletedExceptionally()) {
                    accepted.put(chunk.traceId().toString(), last);
                }
            }
            broker = startBroker(port);

            // Then
            assertThat(refusal(last).kind()).isEqualTo(SinkException.Kind.OVER_CAPACITY);
            assertThat(refusal(last).retryAfter()).isEqualTo(Duration.ofSeconds(1));
            assertThat(accepted).hasSizeGreaterThan(60);
            CompletableFuture.allOf(accepted.values().toArray(CompletableFuture<?>[]::new))
                    .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(keysIn(servers)).containsAll(accepted.keySet());
        } finally {
            broker.close();
        }
    }

    @Test
    void cutsAChunkThatIsLargerThanARecordBetweenItsSpans() throws Exception {
        // Given
        var kafka = KafkaFixture.shared();
        String topic = KafkaFixture.uniqueName("spans");
        kafka.createTopic(topic, 1, Map.of("max.message.bytes", "8454144"));
        TraceChunk large = chunks.one(12, 1 << 20);

        // When
        try (var sink = sink(kafka.bootstrapServers(), topic, SinkConfig.defaults())) {
            sink.accept(Tenant.DEFAULT, List.of(large)).get(30, TimeUnit.SECONDS);
        }

        // Then
        var records = kafka.readAll(topic);
        assertThat(records).hasSize(2);
        assertThat(records)
                .allSatisfy(record -> {
                    assertThat(key(record)).isEqualTo(large.traceId().toString());
                    assertThat(record.value()).hasSizeLessThanOrEqualTo(8 << 20);
                });
        assertThat(registry.counter("millrace.spans.produced").count()).isEqualTo(12);
    }

    @Test
    void refusesASpanThatIsLargerThanARecordForGood() {
        // Given
        var kafka = KafkaFixture.shared();
        String topic = KafkaFixture.uniqueName("spans");
        kafka.createTopic(topic, 1);
        try (var sink = sink(kafka.bootstrapServers(), topic, SinkConfig.defaults())) {

            // When
            var accepted = sink.accept(Tenant.DEFAULT, List.of(chunks.one(1, 9 << 20)));

            // Then
            assertThat(refusal(accepted).kind()).isEqualTo(SinkException.Kind.TOO_LARGE);
            assertThat(refusal(accepted)).hasMessageContaining("expected: at most 8388608");
        }
        assertThat(kafka.readAll(topic)).isEmpty();
    }

    @Test
    void refusesARequestThatWouldNeverFitForGood() {
        // Given
        var kafka = KafkaFixture.shared();
        String topic = KafkaFixture.uniqueName("spans");
        kafka.createTopic(topic, 1);
        var config = new SinkConfig(ByteSize.ofMebibytes(16), Duration.ofSeconds(30));
        try (var sink = sink(kafka.bootstrapServers(), topic, config)) {

            // When
            var accepted =
                    sink.accept(
                            Tenant.DEFAULT,
                            List.of(
                                    chunks.one(1, 6 << 20),
                                    chunks.one(1, 6 << 20),
                                    chunks.one(1, 6 << 20)));

            // Then
            assertThat(refusal(accepted).kind()).isEqualTo(SinkException.Kind.TOO_LARGE);
        }
    }

    @Test
    void refusesABoundBelowTheLargestRequest() {
        assertThatThrownBy(() -> new SinkConfig(ByteSize.ofMebibytes(1), Duration.ofSeconds(30)))
                .hasMessage("max-in-flight: 1MiB (expected: at least 16MiB)");
    }

    private static byte[] joined(List<TraceChunk> sent) {
        var bytes = new ByteArrayOutputStream();
        sent.forEach(chunk -> bytes.writeBytes(chunk.body().toByteArray()));
        return bytes.toByteArray();
    }

    private KafkaSpanSink sink(String servers, String topic, SinkConfig config) {
        var sink =
                new KafkaSpanSink(
                        new KafkaClients(KafkaConfig.embedded(servers)),
                        topics(topic),
                        config,
                        registry);
        sink.start();
        await().atMost(PATIENCE).until(sink::ready);
        return sink;
    }

    private static TopicsConfig topics(String spans) {
        var config = TopicsConfig.embedded();
        return new TopicsConfig(
                "",
                new TopicsConfig.Topic(
                        spans, spans.equals("spans") ? 2 : partitions(spans), Duration.ofDays(1)),
                config.tracesComplete(),
                config.samplingDecisions(),
                config.samplingControl(),
                spans.equals("spans")
                        ? config.ledger()
                        : new TopicsConfig.Topic(LEDGER, 1, Duration.ofDays(1)),
                config.dependencies(),
                config.deadLetters());
    }

    private static int partitions(String topic) {
        return KafkaFixture.shared().endOffsets(topic).size();
    }

    private EmbeddedBroker startBroker(int port) {
        var broker =
                new EmbeddedBroker(new BrokerConfig(directory, "127.0.0.1", port), (_, _) -> {});
        broker.start();
        return broker;
    }

    private static void createTopic(String servers) {
        var kafka = KafkaConfig.embedded(servers);
        var config = TopicsConfig.embedded();
        var topics =
                new TopicsConfig(
                        "",
                        new TopicsConfig.Topic("spans", 2, Duration.ofDays(1)),
                        config.tracesComplete(),
                        config.samplingDecisions(),
                        config.samplingControl(),
                        config.ledger(),
                        config.dependencies(),
                        config.deadLetters());
        try (var admin = new KafkaClients(kafka).admin("test")) {
            new Topics(admin, kafka, topics).ensure(PATIENCE);
        }
    }

    private static Set<String> keysIn(String servers) {
        var keys = new HashSet<String>();
        try (var reader = new KafkaClients(KafkaConfig.embedded(servers)).reader("test")) {
            var all = List.of(new TopicPartition("spans", 0), new TopicPartition("spans", 1));
            reader.assign(all);
            reader.seekToBeginning(all);
            var ends = reader.endOffsets(all);
            while (all.stream().anyMatch(at -> reader.position(at) < ends.getOrDefault(at, 0L))) {
                reader.poll(Duration.ofMillis(100)).forEach(record -> keys.add(key(record)));
            }
        }
        return keys;
    }

    private static String key(ConsumerRecord<byte[], byte[]> record) {
        return new String(record.key(), UTF_8);
    }

    private static SinkException refusal(CompletableFuture<Void> future) {
        try {
            future.get(1, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof SinkException refusal) {
                return refusal;
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("accepted (expected: refused)");
    }

    private static int freePort() throws Exception {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
