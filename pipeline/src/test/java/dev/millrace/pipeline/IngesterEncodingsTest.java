package dev.millrace.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Resource;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.IngesterConfig.Feed;
import dev.millrace.pipeline.IngesterConfig.Source;
import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.pipeline.ledger.AuditReport;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.jaeger.JaegerEncoder;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.zipkin.ZipkinEncoder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import zipkin2.Endpoint;
import zipkin2.codec.SpanBytesEncoder;

/// Spans that others wrote to Kafka, or that collectors wrote for readers of others.
class IngesterEncodingsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /// About when records are appended here.
    private static final long NANOS = nowNanos();

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final String name = KafkaFixture.uniqueName("encodings");
    private final TopicsConfig topics = TopicsConfig.embedded().withPrefix(name + ".");
    private final String spans = topics.fullName(topics.spans());
    private final String foreign = name + "-jaeger-spans";
    private final KafkaClients clients =
            new KafkaClients(KafkaConfig.embedded(kafka.bootstrapServers()));
    private final FakeTraceStore store = new FakeTraceStore();

    @BeforeEach
    void createTopics() {
        kafka.createTopic(spans, 1);
        kafka.createTopic(foreign, 1);
        kafka.createTopic(topics.fullName(topics.deadLetters()), 1);
        kafka.createTopic(topics.fullName(topics.ledger()), topics.ledger().partitions());
    }

    private static long nowNanos() {
        var now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000 + now.getNano() / 1_000 * 1_000L;
    }

    @Test
    void readsEveryEncodingThatAHeaderNames() throws Exception {
        // Given: each of them twice, with a trace of its own.
        var records = new ArrayList<ProducerRecord<byte[], byte[]>>();
        for (var encoding : SourceEncoding.values()) {
            if (encoding == SourceEncoding.OTLP_PROTO) {
                continue; // That is ours, and keyed by trace id.
            }
            for (int copy = 0; copy < 2; copy++) {
                var value = encoded(encoding, trace(records.size()), copy + 1);
                var record = new ProducerRecord<byte[], byte[]>(spans, 0, null, value);
                record.headers()
                        .add(RecordHeaders.ENCODING, RecordHeaders.value(encoding.word()))
                        .add(RecordHeaders.TENANT, RecordHeaders.value("acme"));
                records.add(record);
            }
        }
        kafka.send(records);

        // When
        try (var _ = started(Source.SPANS)) {
            await().atMost(PATIENCE).until(() -> store.fragments.size() == records.size());
        }

        // Then
        assertThat(kafka.readAll(topics.fullName(topics.deadLetters()))).isEmpty();
        for (int offset = 0; offset < records.size(); offset++) {
            var fragment = stored(new FragmentId(spans, 0, offset));
            assertThat(fragment.tenant()).isEqualTo(new Tenant("acme"));
            assertThat(OtlpDecoder.spans(fragment.body()))
                    .as("offset %s", offset)
                    .singleElement()
                    .satisfies(span -> {
                        assertThat(span.traceId()).isEqualTo(fragment.traceId());
                        assertThat(span.name()).isEqualTo("get");
                        assertThat(span.resource().serviceName()).isEqualTo("shop");
                        assertThat(span.startNanos()).isEqualTo(NANOS);
                    });
        }
        assertThat(settled(Source.SPANS, records.size()).text()).contains("The balance closes.");
    }

    @Test
    void drainsATopicThatAJaegerCollectorFilled() throws Exception {
        // Given: keys as Jaeger writes them, one span in a record; one that is none, and one whose
        // span has no id.
        var key = "af7651916cd43dd".getBytes(UTF_8);
        var source = new Source(Feed.SPANS, foreign, SourceEncoding.JAEGER_PROTO);
        kafka.send(
                List.of(
                        jaeger(key, encoded(SourceEncoding.JAEGER_PROTO, trace(1), 1)),
                        jaeger(key, "no protobuf at all".getBytes(UTF_8)),
                        jaeger(key, new byte[] {26, 1, 'x'}),
                        jaeger(null, encoded(SourceEncoding.JAEGER_PROTO, trace(1), 2))));

        // When
        try (var _ = started(source)) {
            await().atMost(PATIENCE).until(() -> store.fragments.size() == 2);
        }

        // Then
        assertThat(store.fragments.keySet())
                .containsExactlyInAnyOrder(
                        new FragmentId(foreign, 0, 0), new FragmentId(foreign, 0, 3));
        assertThat(kafka.readAll(topics.fullName(topics.deadLetters())))
                .extracting(letter -> RecordHeaders.text(letter.headers(), "reason"))
                .satisfiesExactly(
                        reason -> assertThat(reason).startsWith("not Jaeger's SPAN_PROTO"),
                        reason -> assertThat(reason).contains("trace"));
        assertThat(settled(source, 4).text()).contains("The balance closes.");
    }

    @Test
    void numbersTheTracesOfARecordOfOthersAndPutsAsideWhatTheStoreRefusesAsOtlp() throws Exception {
        // Given: what an OpenTelemetry Collector writes, without a key: three traces in a record.
        var value =
                OtlpEncoder.encode(
                        Stream.of(trace(1), trace(2), trace(1), trace(3))
                                .map(traceId -> span(traceId, NANOS % 1_000_000 + 1))
                                .toList());
        store.refused = trace(2);
        kafka.send(List.of(jaeger(null, value.toByteArray())));

        // When
        var source = new Source(Feed.SPANS, foreign, SourceEncoding.OTLP_PROTO);
        try (var _ = started(source)) {
            await().atMost(PATIENCE).until(() -> store.fragments.size() == 2);
            await().atMost(PATIENCE)
                    .until(() -> !kafka.readAll(topics.fullName(topics.deadLetters())).isEmpty());
        }

        // Then
        assertThat(stored(new FragmentId(foreign, 0, 0, 0)).traceId()).isEqualTo(trace(1));
        assertThat(stored(new FragmentId(foreign, 0, 0, 2)).traceId()).isEqualTo(trace(3));
        var letter = kafka.readAll(topics.fullName(topics.deadLetters())).getFirst();
        assertThat(OtlpDecoder.spans(Slice.of(letter.value()))).hasSize(1);
        assertThat(RecordHeaders.text(letter.headers(), "encoding")).isEqualTo("otlp_proto");
        assertThat(RecordHeaders.text(letter.headers(), "source-part")).isEqualTo("1");
        assertThat(settled(source, 4).text()).contains("The balance closes.");
    }

    private Fragment stored(FragmentId id) {
        return Objects.requireNonNull(store.fragments.get(id), id::toString);
    }

    private static TraceId trace(int number) {
        return new TraceId(0x0af7651916cd43ddL, number + 1);
    }

    private static Span span(TraceId traceId, long id) {
        var service = new Attributes.Attribute("service.name", new AttributeValue.Text("shop"));
        return Span.builder(traceId, new SpanId(id))
                .name("get")
                .time(NANOS, NANOS + 1_000_000)
                .resource(new Resource(Attributes.of(service), 0, ""))
                .build();
    }

    private static byte[] encoded(SourceEncoding encoding, TraceId traceId, long id) {
        var otlp = OtlpEncoder.encode(List.of(span(traceId, id)));
        return switch (encoding) {
            case OTLP_PROTO -> otlp.toByteArray();
            case OTLP_JSON ->
                    """
                    {"resourceSpans": [{"resource": {"attributes": [
                      {"key": "service.name", "value": {"stringValue": "shop"}}]},
                     "scopeSpans": [{"spans": [{"traceId": "%s", "spanId": "%016x", "name": "get",
                      "startTimeUnixNano": "%d", "endTimeUnixNano": "%d"}]}]}]}
                    """
                            .formatted(traceId, id, NANOS, NANOS + 1_000_000)
                            .getBytes(UTF_8);
            case JAEGER_PROTO -> JaegerEncoder.protobuf(otlp).getFirst();
            case JAEGER_JSON -> JaegerEncoder.json(otlp).getFirst();
            case ZIPKIN_JSON -> ZipkinEncoder.json(otlp).toByteArray();
            case ZIPKIN_PROTO, ZIPKIN -> zipkins(SpanBytesEncoder.PROTO3, traceId, id);
            case ZIPKIN_THRIFT -> zipkins(SpanBytesEncoder.THRIFT, traceId, id);
        };
    }

    private static byte[] zipkins(SpanBytesEncoder encoder, TraceId traceId, long id) {
        return encoder.encodeList(
                List.of(
                        zipkin2.Span.newBuilder()
                                .traceId(traceId.toString())
                                .id(id)
                                .name("get")
                                .timestamp(NANOS / 1_000)
                                .duration(1_000L)
                                .localEndpoint(Endpoint.newBuilder().serviceName("shop").build())
                                .build()));
    }

    private ProducerRecord<byte[], byte[]> jaeger(byte @Nullable [] key, byte[] value) {
        return new ProducerRecord<>(foreign, 0, key, value);
    }

    private Ingester started(Source source) {
        var config =
                new IngesterConfig(
                        name,
                        "one",
                        source,
                        2,
                        ByteSize.parse("4KiB"),
                        Duration.ofMillis(50),
                        ByteSize.ofMebibytes(1));
        var ingester = new Ingester(clients, topics, config, store, new SimpleMeterRegistry());
        ingester.start();
        return ingester;
    }

    /// The report once so many copies are accounted for.
    private AuditReport settled(Source source, long copies) {
        var settled = new AtomicReference<AuditReport>();
        await().atMost(PATIENCE)
                .untilAsserted(() -> {
                    var report = Audit.run(clients, topics, source, Instant.EPOCH);
                    settled.set(report);
                    assertThat(report.balances())
                            .as(report.text())
                            .singleElement()
                            .satisfies(balance -> {
                                assertThat(balance.pending()).isZero();
                                assertThat(balance.unconfirmed()).isEqualTo(copies);
                            });
                });
        return settled.get();
    }
}
