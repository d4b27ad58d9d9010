package dev.millrace.collector;

import static dev.millrace.collector.SourceFixture.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.LogGate;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.jaeger.JaegerEncoder;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import zipkin2.Endpoint;
import zipkin2.codec.SpanBytesEncoder;
import zipkin2.reporter.Encoding;
import zipkin2.reporter.kafka.KafkaSender;

/// Reads from a real broker.
@Timeout(60)
final class KafkaSourceTest {

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final SourceFixture fixture = new SourceFixture();
    private final String topic = KafkaFixture.uniqueName("source");
    private final String group = KafkaFixture.uniqueName("source-group");

    private KafkaSource source(SourceEncoding encoding) {
        return new KafkaSource(
                config(encoding),
                KafkaConfig.embedded(kafka.bootstrapServers()),
                TopicsConfig.embedded(),
                fixture.intake,
                fixture.deadLetters(),
                fixture.meters);
    }

    private KafkaSourceConfig config(SourceEncoding encoding) {
        return new KafkaSourceConfig(
                "test",
                null,
                Map.of(),
                group,
                List.of(topic),
                null,
                encoding,
                1,
                Tenant.DEFAULT,
                "tenant",
                ByteSize.ofMebibytes(1));
    }

    private void send(int from, int to) {
        var records = new ArrayList<ProducerRecord<byte[], byte[]>>();
        for (String name : SourceFixture.numbered(from, to)) {
            records.add(new ProducerRecord<>(topic, Requests.named(name)));
        }
        kafka.send(records);
    }

    private long committed() {
        try (var admin = kafka.admin()) {
            return admin
                    .listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata()
                    .get(20, TimeUnit.SECONDS)
                    .values()
                    .stream()
                    .mapToLong(offset -> offset.offset())
                    .sum();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void takesEverySpanAndThenCommits() {
        // Given
        kafka.createTopic(topic, 4);
        send(0, 100);

        // When
        try (var source = source(SourceEncoding.OTLP_PROTO)) {
            source.start();

            // Then
            eventually(() -> assertThat(committed()).isEqualTo(100));
            assertThat(fixture.names()).isEqualTo(SourceFixture.numbered(0, 100));
            assertThat(fixture.messages(Transport.KAFKA, "ok")).isEqualTo(100);
        }
    }

    /// A message with one span, from another producer where the tests have one.
    enum Message {
        OTLP(SourceEncoding.OTLP_PROTO) {
            @Override
            byte[] named(String name) {
                return Requests.named(name);
            }
        },
        OTLP_IN_JSON(SourceEncoding.OTLP_JSON) {
            @Override
            byte[] named(String name) {
                return Requests.json(name).getBytes(UTF_8);
            }
        },
        JAEGER(SourceEncoding.JAEGER_PROTO) {
            @Override
            byte[] named(String name) {
                return JaegerEncoder.protobuf(Slice.of(Requests.named(name))).getFirst();
            }
        },
        JAEGER_IN_JSON(SourceEncoding.JAEGER_JSON) {
            @Override
            byte[] named(String name) {
                return """
                {"traceId": "W47/95gDgQPSabYzgT/GDA==", "spanId": "7uGbfsPBsXQ=",
                 "operationName": "%s", "startTime": "2026-01-01T00:00:00Z",
                 "duration": "0.001s", "process": {"serviceName": "shop"}}
                """
                        .formatted(name)
                        .getBytes(UTF_8);
            }
        },
        ZIPKIN_V1(SourceEncoding.ZIPKIN_JSON) {
            @Override
            byte[] named(String name) {
                return zipkin(SpanBytesEncoder.JSON_V1, name);
            }
        },
        ZIPKIN_V2(SourceEncoding.ZIPKIN_JSON) {
            @Override
            byte[] named(String name) {
                return zipkin(SpanBytesEncoder.JSON_V2, name);
            }
        },
        ZIPKIN_IN_PROTOBUF(SourceEncoding.ZIPKIN_PROTO) {
            @Override
            byte[] named(String name) {
                return zipkin(SpanBytesEncoder.PROTO3, name);
            }
        },
        ZIPKIN_IN_THRIFT(SourceEncoding.ZIPKIN_THRIFT) {
            @Override
            byte[] named(String name) {
                return zipkin(SpanBytesEncoder.THRIFT, name);
            }
        };

        private final SourceEncoding encoding;

        Message(SourceEncoding encoding) {
            this.encoding = encoding;
        }

        abstract byte[] named(String name);

        private static byte[] zipkin(SpanBytesEncoder encoder, String name) {
            return encoder.encodeList(
                    List.of(
                            zipkin2.Span.newBuilder()
                                    .traceId("5b8efff798038103d269b633813fc60c")
                                    .id("eee19b7ec3c1b174")
                                    .name(name)
                                    .timestamp(Requests.NOW.toEpochMilli() * 1000)
                                    .duration(1000)
                                    .localEndpoint(
                                            Endpoint.newBuilder().serviceName("shop").build())
                                    .build()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void readsEachEncodingAsOneTrace(Message message) {
        // Given
        kafka.createTopic(topic, 1);
        kafka.send(
                List.of(
                        new ProducerRecord<>(topic, message.named("first")),
                        new ProducerRecord<>(topic, message.named("second"))));

        // When
        try (var source = source(message.encoding)) {
            source.start();

            // Then
            eventually(
                    () -> assertThat(fixture.sink.spanNames()).containsExactly("first", "second"));
            assertThat(fixture.sink.spans())
                    .extracting(span -> span.traceId().toString())
                    .containsOnly("5b8efff798038103d269b633813fc60c");
            assertThat(fixture.letters()).isEmpty();
        }
    }

    @Test
    void tellsHowFarItIsBehind() {
        // Given
        kafka.createTopic(topic, 1);
        send(0, 10);

        // When
        try (var source = source(SourceEncoding.OTLP_PROTO);
                var lag =
                        source.lag(Duration.ofMillis(50), InstantSource.system(), fixture.meters)) {
            lag.start();

            // Then
            eventually(() -> assertThat(lagInRecords()).isEqualTo(10));
            source.start();
            eventually(() -> assertThat(lagInRecords()).isZero());
        }
    }

    private double lagInRecords() {
        var gauge =
                fixture.meters
                        .find("millrace.consumer.lag")
                        .tags("group", group, "topic", topic, "partition", "0")
                        .gauge();
        return gauge == null ? Double.NaN : gauge.value();
    }

    @Test
    void takesWhatZipkinsKafkaSenderSends() throws Exception {
        // Given
        kafka.createTopic(topic, 1);
        try (var sender =
                KafkaSender.newBuilder()
                        .bootstrapServers(kafka.bootstrapServers())
                        .topic(topic)
                        .encoding(Encoding.JSON)
                        .build()) {
            sender.send(List.of(SourceFixture.zipkin("first"), SourceFixture.zipkin("second")));
        }

        // When
        try (var source = source(SourceEncoding.ZIPKIN)) {
            source.start();

            // Then
            eventually(
                    () -> assertThat(fixture.sink.spanNames()).containsExactly("first", "second"));
        }
    }

    @Test
    void commitsNothingBeyondASpanThatIsNotAcknowledged() {
        // Given
        kafka.createTopic(topic, 1);
        send(0, 10);
        var held = fixture.sink.holdNext();

        // When
        try (var source = source(SourceEncoding.OTLP_PROTO)) {
            source.start();
            eventually(() -> assertThat(fixture.sink.spans()).hasSize(9));
            assertThat(held.asked()).isDone();
        }

        // Then
        assertThat(committed()).isZero();
        fixture.sink.forget();
        try (var next = source(SourceEncoding.OTLP_PROTO)) {
            next.start();
            eventually(() -> assertThat(committed()).isEqualTo(10));
            assertThat(fixture.names()).isEqualTo(SourceFixture.numbered(0, 10));
        }
    }

    @Test
    void losesNothingWhileTheSinkRefuses() {
        // Given
        kafka.createTopic(topic, 2);
        send(0, 50);
        fixture.refuse(7);

        // When
        try (var source = source(SourceEncoding.OTLP_PROTO)) {
            source.start();

            // Then
            eventually(() -> assertThat(committed()).isEqualTo(50));
            assertThat(fixture.names()).isEqualTo(SourceFixture.numbered(0, 50));
            assertThat(fixture.letters()).isEmpty();
            assertThat(fixture.messages(Transport.KAFKA, "over-capacity")).isEqualTo(7);
        }
    }

    @Test
    void putsAPoisonRecordAsideAndMovesOn() {
        // Given
        kafka.createTopic(topic, 1);
        var strange = new ProducerRecord<byte[], byte[]>(topic, Requests.named("strange"));
        strange.headers().add("tenant", "not a tenant".getBytes(UTF_8));
        kafka.send(
                List.of(
                        new ProducerRecord<>(topic, Requests.named("before")),
                        new ProducerRecord<>(topic, "poison".getBytes(UTF_8)),
                        strange,
                        new ProducerRecord<>(topic, Requests.named("after"))));

        // When
        try (var source = source(SourceEncoding.OTLP_PROTO)) {
            source.start();

            // Then
            eventually(() -> assertThat(committed()).isEqualTo(4));
            assertThat(fixture.names()).containsExactlyInAnyOrder("before", "after");
            assertThat(fixture.letters())
                    .extracting(letter -> letter.record().offset())
                    .containsExactlyInAnyOrder(1L, 2L);
            assertThat(fixture.letters()).allMatch(letter -> letter.reason().equals("malformed"));
        }
    }

    @Test
    void readsAgainWhatWasTakenWhenItDiesBeforeTheCommit() {
        // Given
        kafka.createTopic(topic, 1);
        send(0, 10);
        var metrics = new SourceMetrics(fixture.meters, Transport.KAFKA, "killed");
        try (var session =
                new KafkaSourceSession(
                        withoutCommits(),
                        config(SourceEncoding.OTLP_PROTO),
                        fixture.intake,
                        fixture.deadLetters(),
                        metrics,
                        new LogGate(metrics.clock()))) {
            session.subscribe(List.of(topic));
            eventually(() -> {
                session.step();
                assertThat(fixture.sink.spans()).hasSize(10);
            });
        }
        fixture.sink.forget();

        // When
        try (var next = source(SourceEncoding.OTLP_PROTO)) {
            next.start();

            // Then
            eventually(() -> assertThat(committed()).isEqualTo(10));
            assertThat(fixture.names()).isEqualTo(SourceFixture.numbered(0, 10));
        }
    }

    // As dead as a process can be for its group while its memory is still there.
    @SuppressWarnings("unchecked") // a proxy's type is that of its interface
    private Consumer<byte[], byte[]> withoutCommits() {
        var real = kafka.consumer(Map.of("group.id", group));
        return (Consumer<byte[], byte[]>)
                Proxy.newProxyInstance(
                        getClass().getClassLoader(),
                        new Class<?>[] {Consumer.class},
                        (_, method, arguments) ->
                                method.getName().equals("commitSync")
                                        ? null
                                        : method.invoke(real, arguments));
    }

    @Test
    void readsTheTopicsOfAPattern() {
        // Given
        kafka.createTopic(topic, 1);
        send(0, 5);
        var config =
                new KafkaSourceConfig(
                        "pattern",
                        null,
                        Map.of(),
                        group,
                        List.of(),
                        topic + ".*",
                        SourceEncoding.OTLP_PROTO,
                        2,
                        Tenant.DEFAULT,
                        null,
                        ByteSize.ofMebibytes(1));
        try (var source =
                new KafkaSource(
                        config,
                        KafkaConfig.embedded(kafka.bootstrapServers()),
                        TopicsConfig.embedded(),
                        fixture.intake,
                        fixture.deadLetters(),
                        fixture.meters)) {
            // When
            source.start();

            // Then
            eventually(() -> assertThat(committed()).isEqualTo(5));
            assertThat(fixture.names()).isEqualTo(SourceFixture.numbered(0, 5));
        }
    }

    @Test
    void sharesThePartitionsWithAnotherMember() {
        // Given
        kafka.createTopic(topic, 4);
        try (var first = source(SourceEncoding.OTLP_PROTO);
                var second = source(SourceEncoding.OTLP_PROTO)) {
            first.start();
            send(0, 100);

            // When
            second.start();
            send(100, 200);

            // Then
            eventually(() -> assertThat(committed()).isEqualTo(200));
            assertThat(fixture.names()).isEqualTo(SourceFixture.numbered(0, 200));
        }
    }

    @Test
    void refusesToReadOurOwnTopics() {
        // Given
        var own = TopicsConfig.embedded();
        var config =
                new KafkaSourceConfig(
                        "loop",
                        null,
                        Map.of(),
                        group,
                        List.of("spans"),
                        null,
                        SourceEncoding.OTLP_PROTO,
                        1,
                        Tenant.DEFAULT,
                        null,
                        ByteSize.ofMebibytes(1));

        // Then
        assertThatThrownBy(() ->
                        new KafkaSource(
                                config,
                                KafkaConfig.embedded(kafka.bootstrapServers()),
                                own,
                                fixture.intake,
                                fixture.deadLetters(),
                                fixture.meters))
                .hasMessage("topics: spans (expected: none of our own)");
    }

    @Test
    void showsNoPasswords() {
        // Given
        var config =
                new KafkaSourceConfig(
                        "secret",
                        "kafka:9092",
                        Map.of("sasl.jaas.config", "password=hush"),
                        group,
                        List.of(),
                        "traces-.*",
                        SourceEncoding.JAEGER_PROTO,
                        1,
                        Tenant.DEFAULT,
                        null,
                        ByteSize.ofMebibytes(1));

        // Then
        assertThat(config.toString()).contains("sasl.jaas.config").doesNotContain("hush");
    }
}
