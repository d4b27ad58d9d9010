package dev.millrace.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.SpanLimits;
import dev.millrace.wire.otlp.TraceChunk;
import dev.millrace.wire.otlp.TraceSplitter;
import dev.millrace.wire.zipkin.ZipkinDecoder;
import dev.millrace.wire.zipkin.ZipkinFormat;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import zipkin2.DependencyLink;
import zipkin2.Endpoint;
import zipkin2.Span;
import zipkin2.codec.DependencyLinkBytesDecoder;
import zipkin2.codec.DependencyLinkBytesEncoder;
import zipkin2.codec.SpanBytesDecoder;
import zipkin2.codec.SpanBytesEncoder;

/// The three topics of zipkin-storage-kafka in place of ours and beside them: what is written there
/// is read by Zipkin's own code, and what that writes is read here.
class ZipkinTopicsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final int PARTITIONS = 4;
    private static final long NOW_MICROS = nowMicros();
    private static final SpansDialect ZIPKINS = new SpansDialect(SourceEncoding.ZIPKIN_PROTO, true);

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final KafkaClients clients =
            new KafkaClients(KafkaConfig.embedded(kafka.bootstrapServers()));
    private final String name = KafkaFixture.uniqueName("zipkin");
    private final String spans = name + "-zipkin-spans";
    private final String traces = name + "-zipkin-trace";
    private final String links = name + "-zipkin-dependency";
    private final TopicsConfig topics = topics();
    private final AggregatorMetrics metrics = new AggregatorMetrics(new SimpleMeterRegistry());

    @TempDir private Path scratch;

    private static long nowMicros() {
        return Instant.now().toEpochMilli() * 1_000;
    }

    private TopicsConfig topics() {
        var day = Duration.ofDays(1);
        return new TopicsConfig(
                        "",
                        new Topic(spans, PARTITIONS, day),
                        new Topic(name + "-traces", 2, day),
                        new Topic(name + "-decisions", 2, day),
                        new Topic(name + "-control", 1, day),
                        new Topic(name + "-ledger", 2, day),
                        new Topic(name + "-dependencies", 1, day),
                        new Topic(name + "-dead", 1, day))
                .with(
                        ZIPKINS,
                        new ZipkinTopics(new Topic(traces, 3, day), new Topic(links, 2, day)));
    }

    @BeforeEach
    void ensureTopics() {
        try (var admin = clients.admin("test")) {
            new Topics(admin, clients.config(), topics).ensure(PATIENCE);
        }
    }

    @Test
    void writesSpansAsZipkinStorageKafkaDoes() throws Exception {
        // Given: ids of 64 and of 128 bits.
        var shorts = trace("00000000000000000000000000000abc");
        var longs = trace("000000000000000100000000000000ff");

        // When
        var config = SinkConfig.defaults().withEncoding(Encoding.ZIPKIN_PROTO);
        try (var sink = new KafkaSpanSink(clients, topics, config, new SimpleMeterRegistry())) {
            sink.start();
            await().atMost(PATIENCE).until(sink::ready);
            sink.accept(Tenant.DEFAULT, chunks(shorts, longs)).get(30, TimeUnit.SECONDS);
        }

        // Then
        var records = kafka.readAll(spans);
        assertThat(records)
                .extracting(ZipkinTopicsTest::key)
                .containsExactlyInAnyOrder("0000000000000abc", "000000000000000100000000000000ff");
        assertThat(records)
                .allSatisfy(record -> {
                    assertThat(record.partition())
                            .isEqualTo(
                                    BuiltInPartitioner.partitionForKey(record.key(), PARTITIONS));
                    assertThat(SpanBytesDecoder.PROTO3.decodeList(record.value()))
                            .isEqualTo(key(record).length() == 16 ? shorts : longs);
                    assertThat(RecordHeaders.text(record.headers(), "encoding"))
                            .isEqualTo("zipkin_proto");
                });
    }

    @Test
    void namesWhatIsOursWhereOthersWriteToo() throws Exception {
        // When
        var config = SinkConfig.defaults();
        try (var sink = new KafkaSpanSink(clients, topics, config, new SimpleMeterRegistry())) {
            sink.start();
            await().atMost(PATIENCE).until(sink::ready);
            sink.accept(Tenant.DEFAULT, chunks(trace("abc"))).get(30, TimeUnit.SECONDS);
        }

        // Then: it lies where Zipkin's spans of that trace do.
        assertThat(kafka.readAll(spans))
                .singleElement()
                .satisfies(record -> {
                    assertThat(RecordHeaders.text(record.headers(), "encoding"))
                            .isEqualTo("otlp_proto");
                    assertThat(record.partition())
                            .isEqualTo(
                                    BuiltInPartitioner.partitionForKey(
                                            "0000000000000abc".getBytes(UTF_8), PARTITIONS));
                });
        assertThatThrownBy(() ->
                        new KafkaSpanSink(
                                clients,
                                topics,
                                config.withKeying(Keying.PACKED),
                                new SimpleMeterRegistry()))
                .hasMessageStartingWith("keying: packed (expected: trace-id");
    }

    @Test
    void aggregatesWhatZipkinStorageKafkaWroteAndWritesWhatItWouldHaveWritten() {
        // Given: traces in two records each, one of them ours; a record without a key that holds
        // spans of two; and what is no list of spans.
        var all = new ArrayList<List<Span>>();
        for (int number = 1; number <= 12; number++) {
            all.add(trace(number % 2 == 0 ? "1%031x".formatted(number) : "%x".formatted(number)));
        }
        var records = new ArrayList<ProducerRecord<byte[], byte[]>>();
        new SpanRecords(spans, PARTITIONS, Keying.TRACE_ID, Encoding.OTLP_PROTO, ZIPKINS)
                .of(Tenant.DEFAULT, chunks(all.getFirst().subList(0, 2)))
                .forEach(filled -> records.add(filled.record()));
        records.add(zipkins(all.getFirst().subList(2, 3)));
        for (var trace : all.subList(1, 10)) {
            records.add(zipkins(trace.subList(0, 1)));
            records.add(zipkins(trace.subList(1, 3)));
        }
        var unkeyed = new ArrayList<>(all.get(10));
        unkeyed.addAll(all.get(11));
        records.add(new ProducerRecord<>(spans, 0, null, encoded(unkeyed)));
        records.add(new ProducerRecord<>(spans, 0, null, "no spans".getBytes(UTF_8)));
        kafka.send(records);

        // When
        try (var loop = loop()) {
            loop.open();
            stepUntil(() -> metrics.traces.count() == 12, loop);
            assertThat(loop.commit()).isTrue();
        }

        // Then: whole traces of ours, and the same in Zipkin's form under Zipkin's keys.
        assertThat(kafka.readAll(topics.fullName(topics.tracesComplete())))
                .hasSize(12)
                .allSatisfy(record ->
                        assertThat(OtlpDecoder.spans(Slice.of(record.value()))).hasSize(3));
        var written = kafka.readAll(traces);
        assertThat(written)
                .hasSize(12)
                .allSatisfy(record -> {
                    var found = SpanBytesDecoder.PROTO3.decodeList(record.value());
                    assertThat(found).allMatch(span -> span.traceId().equals(key(record)));
                    assertThat(all)
                            .anySatisfy(trace ->
                                    assertThat(found).containsExactlyInAnyOrderElementsOf(trace));
                    assertThat(record.partition())
                            .isEqualTo(BuiltInPartitioner.partitionForKey(record.key(), 3));
                });
        // Only what had no key was anywhere but at home.
        assertThat(metrics.forwarded.count()).isBetween(0.0, 2.0);
        assertThat(kafka.readAll(topics.fullName(topics.deadLetters()))).hasSize(1);
        assertThat(Audit.run(clients, topics, IngesterConfig.Source.TRACES, Instant.EPOCH).text())
                .contains("The balance closes.");
        theLinksAreZipkins();
    }

    private void theLinksAreZipkins() {
        long calls = 0;
        long errors = 0;
        for (var record : kafka.readAll(links)) {
            var link =
                    Objects.requireNonNull(
                            DependencyLinkBytesDecoder.JSON_V1.decodeOne(record.value()));
            assertThat(key(record)).isEqualTo("shop:stock");
            assertThat(link.parent() + ":" + link.child()).isEqualTo("shop:stock");
            assertThat(record.value()).isEqualTo(DependencyLinkBytesEncoder.JSON_V1.encode(link));
            assertThat(record.timestamp()).isEqualTo(NOW_MICROS / 60_000_000 * 60_000);
            calls += link.callCount();
            errors += link.errorCount();
        }
        assertThat(calls).isEqualTo(12);
        assertThat(errors).isEqualTo(12);
    }

    @Test
    void bringsLinksOfZipkinStorageKafkaIntoTheStore() {
        // Given: two of one minute, one of another, and what is none.
        long minute = 29_800_000;
        var link = DependencyLink.newBuilder().parent("shop").child("stock");
        var records = new ArrayList<ProducerRecord<byte[], byte[]>>();
        records.add(linked(minute, link.callCount(2).errorCount(1).build()));
        records.add(linked(minute, link.callCount(3).errorCount(0).build()));
        records.add(linked(minute + 5, link.callCount(4).errorCount(0).build()));
        records.add(new ProducerRecord<>(links, 0, minute * 60_000, null, "{}".getBytes(UTF_8)));
        kafka.send(records);
        var store = new FakeDependencyStore();
        var config =
                DependencyIngesterConfig.of(name, Duration.ofMillis(50)).withZipkinLinks(links);

        // When
        try (var ingester =
                new DependencyIngester(clients, topics, config, store, new SimpleMeterRegistry())) {
            ingester.start();
            await().atMost(PATIENCE).until(() -> calls(store, minute) == 5);
            await().atMost(PATIENCE).until(() -> calls(store, minute + 5) == 4);
            await().atMost(PATIENCE)
                    .until(() -> !kafka.readAll(topics.fullName(topics.deadLetters())).isEmpty());
        }

        // Then
        assertThat(figures(store, minute))
                .allSatisfy(entry ->
                        assertThat(entry.series())
                                .isEqualTo(new Dependency("shop", "stock", Connection.PLAIN)));
        assertThat(figures(store, minute).stream().mapToDouble(it -> it.figures().errors()).sum())
                .isEqualTo(1);
    }

    private static double calls(FakeDependencyStore store, long minute) {
        return figures(store, minute).stream().mapToDouble(it -> it.figures().calls()).sum();
    }

    private static List<dev.millrace.analysis.DependencyDelta.Entry> figures(
            FakeDependencyStore store, long minute) {
        return store.dependencies(Tenant.DEFAULT, minute, minute + 1).stream()
                .map(DependencyMinute::entries)
                .flatMap(List::stream)
                .toList();
    }

    private ProducerRecord<byte[], byte[]> linked(long minute, DependencyLink link) {
        return new ProducerRecord<>(
                links,
                0,
                minute * 60_000 + 17,
                (link.parent() + ":" + link.child()).getBytes(UTF_8),
                DependencyLinkBytesEncoder.JSON_V1.encode(link));
    }

    /// A call from one service to another, which fails: three spans, two of which share an id.
    private static List<Span> trace(String traceId) {
        return List.of(
                span(traceId, 1, null, Span.Kind.SERVER, "shop").build(),
                span(traceId, 2, "1", Span.Kind.CLIENT, "shop").build(),
                span(traceId, 2, "1", Span.Kind.SERVER, "stock")
                        .shared(true)
                        .putTag("error", "none left")
                        .putTag("otel.status_code", "ERROR")
                        .build());
    }

    private static Span.Builder span(
            String traceId, long id, @Nullable String parent, Span.Kind kind, String service) {
        return Span.newBuilder()
                .traceId(traceId)
                .id(id)
                .parentId(parent)
                .kind(kind)
                .name("get")
                .timestamp(NOW_MICROS)
                .duration(1_000L)
                .localEndpoint(Endpoint.newBuilder().serviceName(service).build());
    }

    private static byte[] encoded(List<Span> list) {
        return SpanBytesEncoder.PROTO3.encodeList(list);
    }

    private ProducerRecord<byte[], byte[]> zipkins(List<Span> list) {
        return new ProducerRecord<>(
                spans, list.getFirst().traceId().getBytes(UTF_8), encoded(list));
    }

    @SafeVarargs
    private static List<TraceChunk> chunks(List<Span>... traces) {
        var decoder = new ZipkinDecoder(1 << 20);
        var splitter = new TraceSplitter(new SpanLimits(Long.MAX_VALUE, Long.MAX_VALUE, 1 << 16));
        var chunks = new ArrayList<TraceChunk>();
        for (var trace : traces) {
            var otlp = decoder.traces(ZipkinFormat.PROTOBUF, Slice.of(encoded(trace)), 1);
            chunks.addAll(splitter.split(otlp, NOW_MICROS * 1_000).chunks());
        }
        return chunks;
    }

    private static String key(ConsumerRecord<byte[], byte[]> record) {
        return new String(record.key(), UTF_8);
    }

    private AggregatorLoop loop() {
        var assembly =
                new AssemblyConfig(
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(10),
                        Duration.ofMinutes(5),
                        1_000_000,
                        ByteSize.ofMebibytes(1),
                        1_000);
        var config =
                new AggregatorConfig(
                        name,
                        "a",
                        1,
                        Duration.ofMillis(50),
                        ByteSize.ofMebibytes(64),
                        scratch,
                        assembly,
                        TailConfig.KEEP_ALL,
                        FiguresConfig.DEFAULT);
        return new AggregatorLoop(clients, config, topics, metrics, 0, System::nanoTime);
    }

    private static void stepUntil(BooleanSupplier done, AggregatorLoop loop) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime()).as("gave up after %s", PATIENCE).isLessThan(deadline);
            loop.step();
        }
    }
}
