package dev.millrace.collector;

import static dev.millrace.collector.SourceFixture.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.ByteSize;
import dev.millrace.model.Span;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.Lag;
import dev.millrace.pipeline.LogGate;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.testkit.KafkaFixture;
import io.micrometer.core.instrument.Clock;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import zipkin2.reporter.Encoding;
import zipkin2.reporter.kafka.KafkaSender;

/// Reads from a real broker.
@Timeout(60)
final class KafkaSourceTest {

    /// Twenty seconds of a source's pauses and patience in one of ours.
    private static final class Hurried implements Clock {

        private static final long TIMES = 20;
        private final long start = System.nanoTime();

        @Override
        public long wallTime() {
            return System.currentTimeMillis();
        }

        @Override
        public long monotonicTime() {
            return TIMES * (System.nanoTime() - start);
        }
    }

    // A member learns of a new one from its heartbeat, of new topics from metadata, and leaves
    // when its last fetch has come back.
    private static final Map<String, String> QUICK =
            Map.of(
                    "heartbeat.interval.ms",
                    "100",
                    "metadata.max.age.ms",
                    "500",
                    "fetch.max.wait.ms",
                    "50");

    private static final TraceId ONE = new TraceId(0x5b8efff798038103L, 0xd269b633813fc60cL);
    private static final TraceId OTHER = new TraceId(0x11L, 0x22L);

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final SourceFixture fixture = new SourceFixture(new Hurried());
    private final String topic = KafkaFixture.uniqueName("source");
    private final String group = KafkaFixture.uniqueName("source-group");

    private KafkaSource source(SourceEncoding encoding) {
        return source(config(encoding));
    }

    private KafkaSource source(KafkaSourceConfig config) {
        return new KafkaSource(
                config,
                KafkaConfig.embedded(kafka.bootstrapServers()),
                TopicsConfig.embedded(),
                fixture.intake,
                fixture.deadLetters(),
                fixture.meters);
    }

    private KafkaSourceConfig config(SourceEncoding encoding) {
        return config(List.of(topic), null, encoding);
    }

    private KafkaSourceConfig config(
            List<String> topics, @Nullable String pattern, SourceEncoding encoding) {
        return new KafkaSourceConfig(
                "test",
                null,
                QUICK,
                group,
                topics,
                pattern,
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

    @ParameterizedTest
    @EnumSource
    void readsEachEncodingIntoTracesByTheirIdsAndMovesOnPastEmptyMessages(SourceMessage message) {
        // Given
        kafka.createTopic(topic, 1);
        kafka.send(
                List.of(
                        new ProducerRecord<>(topic, message.span(ONE, "first")),
                        new ProducerRecord<>(topic, null),
                        new ProducerRecord<>(topic, message.span(OTHER, "alone")),
                        new ProducerRecord<>(topic, new byte[0]),
                        new ProducerRecord<>(topic, message.span(ONE, "second"))));

        // When
        try (var source = source(message.encoding)) {
            source.start();

            // Then
            eventually(() -> assertThat(committed()).isEqualTo(5));
            assertTaken(List.of(ONE, OTHER, ONE), List.of("first", "alone", "second"));
            // Nothing is a list of spans, but for these two no JSON.
            boolean bad =
                    message.encoding == SourceEncoding.OTLP_JSON
                            || message.encoding == SourceEncoding.JAEGER_JSON;
            assertThat(fixture.letters())
                    .extracting(letter -> letter.record().offset())
                    .isEqualTo(bad ? List.of(1L, 3L) : List.of());
        }
    }

    @Test
    void tellsAllOfZipkinsEncodingsApart() {
        // Given
        kafka.createTopic(topic, 1);
        var messages =
                Stream.of(SourceMessage.values())
                        .filter(message -> message.name().startsWith("ZIPKIN"))
                        // Its first byte says protobuf, and no Zipkin client writes it.
                        .filter(message -> message != SourceMessage.ZIPKIN_V2_ON_LINES_OF_ITS_OWN)
                        .toList();
        kafka.send(
                messages.stream()
                        .map(message ->
                                new ProducerRecord<byte[], byte[]>(
                                        topic, message.span(ONE, "of " + message.encoding.word())))
                        .toList());

        // When
        try (var source = source(SourceEncoding.ZIPKIN)) {
            source.start();

            // Then
            eventually(() -> assertThat(committed()).isEqualTo(messages.size()));
            assertThat(fixture.letters()).isEmpty();
            assertTaken(
                    Collections.nCopies(messages.size(), ONE),
                    messages.stream().map(message -> "of " + message.encoding.word()).toList());
        }
    }

    private void assertTaken(List<TraceId> traces, List<String> names) {
        assertThat(fixture.sink.traceIds()).isEqualTo(traces);
        assertThat(fixture.sink.spans()).extracting(Span::traceId).isEqualTo(traces);
        assertThat(fixture.sink.spanNames()).isEqualTo(names);
        assertThat(fixture.sink.spans())
                .allSatisfy(span -> {
                    assertThat(span.spanId()).hasToString(SourceMessage.SPAN_ID);
                    assertThat(span.serviceName()).isEqualTo("shop");
                    assertThat(span.startNanos()).isEqualTo(Requests.nanos(Requests.NOW));
                    assertThat(span.durationNanos()).isEqualTo(1_000_000);
                });
    }

    @Test
    void tellsHowFarItIsBehind() {
        // Given
        kafka.createTopic(topic, 1);
        send(0, 10);

        // When
        try (var source = source(SourceEncoding.OTLP_PROTO);
                var lag = lag(source)) {
            lag.start();

            // Then
            eventually(() -> assertThat(lagInRecords(topic, 0)).isEqualTo(10));
            source.start();
            eventually(() -> assertThat(lagInRecords(topic, 0)).isZero());
        }
    }

    private Lag lag(KafkaSource source) {
        return source.lag(Duration.ofMillis(50), InstantSource.system(), fixture.meters);
    }

    private double lagInRecords(String of, int partition) {
        var gauge =
                fixture.meters
                        .find("millrace.consumer.lag")
                        .tags("group", group, "topic", of)
                        .tag("partition", Integer.toString(partition))
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
    void readsTheTopicsOfAPatternAndNoOthers() {
        // Given
        var topics = TopicsConfig.embedded();
        String own = topics.fullName(topics.spans());
        var all =
                List.of(
                        topic + "-eu",
                        topic + "-us",
                        topic + "-us-old",
                        "not-" + topic + "-eu",
                        own);
        all.forEach(name -> {
            kafka.createTopic(name, 2);
            kafka.send(List.of(new ProducerRecord<>(name, 1, null, Requests.named(name))));
        });
        try (var source = pattern(topic + "-(eu|us)|" + own);
                var lag = lag(source)) {
            lag.start();
            for (String name : all.subList(0, 2)) {
                eventually(() -> assertThat(lagInRecords(name, 1)).isEqualTo(1));
                assertThat(lagInRecords(name, 0)).isZero();
            }

            // When
            source.start();

            // Then
            eventually(() -> assertThat(committed()).isEqualTo(2));
            assertThat(fixture.names()).containsExactly(topic + "-eu", topic + "-us");
            for (String name : all.subList(0, 2)) {
                eventually(() -> assertThat(lagInRecords(name, 1)).isZero());
            }
            for (String name : all.subList(2, 5)) {
                assertThat(lagInRecords(name, 1)).isNaN();
            }
        }
    }

    @Test
    void readsATopicOfItsPatternThatComesLater() {
        // Given
        kafka.createTopic(topic + "-1", 1);
        try (var source = pattern(topic + "-[0-9]+")) {
            source.start();
            kafka.send(List.of(new ProducerRecord<>(topic + "-1", Requests.named("before"))));
            eventually(() -> assertThat(fixture.names()).containsExactly("before"));

            // When
            kafka.createTopic(topic + "-2", 1);
            kafka.send(List.of(new ProducerRecord<>(topic + "-2", Requests.named("later"))));

            // Then
            eventually(() -> assertThat(fixture.names()).containsExactly("before", "later"));
            eventually(() -> assertThat(committed()).isEqualTo(2));
        }
    }

    private KafkaSource pattern(String pattern) {
        return source(config(List.of(), pattern, SourceEncoding.OTLP_PROTO));
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
