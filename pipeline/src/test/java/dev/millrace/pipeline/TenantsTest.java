package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.storage.api.Fragment;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two tenants use one trace id, from the first topic to the store.
class TenantsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final TraceId TRACE = new TraceId(1, 7);
    private static final Tenant BLUE = new Tenant("blue");
    private static final Tenant GREEN = new Tenant("green");

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final KafkaClients clients =
            new KafkaClients(
                    new KafkaConfig(
                            kafka.bootstrapServers(),
                            Map.of(),
                            1,
                            KafkaConfig.Durability.LENIENT,
                            Duration.ofSeconds(6)));
    private final String name = KafkaFixture.uniqueName("tenants");
    private final TopicsConfig topics = topics(name);

    @TempDir private Path scratch;

    @BeforeEach
    void createTopics() {
        try (var admin = clients.admin("test")) {
            new Topics(admin, clients.config(), topics).ensure(PATIENCE);
        }
    }

    @Test
    void tracesOfOneIdStayApartThroughEveryTopicToTheStore() {
        // Given
        send(BLUE, 1, 2);
        send(GREEN, 1);
        send(Tenant.DEFAULT, 1);
        send(BLUE, 1);

        // When
        aggregate(3);
        // A span that comes late, and an owner that knows only what is on record.
        send(GREEN, 3);
        aggregate(1);
        var store = new FakeTraceStore();
        var config =
                new IngesterConfig(
                        name + "-ingester",
                        "one",
                        IngesterConfig.Feed.TRACES,
                        ByteSize.ofMebibytes(4),
                        Duration.ofMillis(100));
        try (var ingester =
                new Ingester(clients, topics, config, store, new SimpleMeterRegistry())) {
            ingester.start();
            await().atMost(PATIENCE).until(() -> store.fragments.size() == 4);
        }

        // Then
        assertThat(records(topics.tracesComplete()))
                .extracting(record -> tenantOf(record) + " " + ids(Slice.of(record.value())))
                .containsExactlyInAnyOrder("blue [1, 2]", "green [1]", "null [1]", "green [3]");
        assertThat(records(topics.samplingDecisions()))
                .extracting(TenantsTest::decisionText)
                .containsExactlyInAnyOrder(
                        "blue blue 0 spans 2 duplicates 1",
                        "green green 0 spans 1 duplicates 0",
                        "null default 0 spans 1 duplicates 0",
                        "green green 1 spans 1 duplicates 0");
        assertThat(store.fragments.values())
                .extracting(fragment -> fragment.tenant() + " " + ids(fragment.body()))
                .containsExactlyInAnyOrder("blue [1, 2]", "green [1]", "default [1]", "green [3]");
        assertThat(store.fragments.values()).extracting(Fragment::traceId).containsOnly(TRACE);
    }

    @Test
    void aDeadLetterSaysWhoseItIs() {
        // Given
        kafka.send(List.of(record(BLUE, new byte[] {10, 127, 1})));

        // When
        aggregate(1);

        // Then
        assertThat(records(topics.deadLetters()))
                .extracting(TenantsTest::tenantOf)
                .containsExactly("blue");
    }

    private void send(Tenant tenant, long... spanIds) {
        var spans = new ArrayList<Span>();
        for (long id : spanIds) {
            spans.add(
                    Span.builder(TRACE, new SpanId(id))
                            .parentSpanId(id == 1 ? null : new SpanId(1))
                            .name("step")
                            .time(1_000 * id, 2_000 * id)
                            .build());
        }
        kafka.send(List.of(record(tenant, OtlpEncoder.encode(spans).toByteArray())));
    }

    // As the collector's sink writes it.
    private ProducerRecord<byte[], byte[]> record(Tenant tenant, byte[] value) {
        return new ProducerRecord<>(
                topics.fullName(topics.spans()),
                null,
                TraceKey.of(TRACE),
                value,
                RecordHeaders.of(tenant));
    }

    /// Runs an owner until it has closed so many traces and fragments.
    private void aggregate(int expected) {
        var metrics = new AggregatorMetrics(new SimpleMeterRegistry());
        var config =
                new AggregatorConfig(
                        name,
                        "a",
                        1,
                        Duration.ofMillis(100),
                        ByteSize.ofMebibytes(64),
                        scratch,
                        new AssemblyConfig(
                                Duration.ofMillis(500),
                                Duration.ofSeconds(30),
                                Duration.ofMinutes(5),
                                1_000_000,
                                ByteSize.ofMebibytes(1),
                                1_000),
                        TailConfig.KEEP_ALL,
                        FiguresConfig.DEFAULT);
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try (var loop = new AggregatorLoop(clients, config, topics, metrics, 0, System::nanoTime)) {
            loop.open();
            while (metrics.traces.count() + metrics.late.count() < expected) {
                assertThat(System.nanoTime()).as("gave up after %s", PATIENCE).isLessThan(deadline);
                loop.step();
            }
            loop.commit();
        }
    }

    private List<ConsumerRecord<byte[], byte[]>> records(Topic topic) {
        return kafka.readAll(topics.fullName(topic));
    }

    private static String tenantOf(ConsumerRecord<byte[], byte[]> record) {
        return String.valueOf(RecordHeaders.text(record.headers(), RecordHeaders.TENANT));
    }

    private static String decisionText(ConsumerRecord<byte[], byte[]> record) {
        var trace = Decision.decode(Slice.of(record.value())).trace();
        return tenantOf(record)
                + " "
                + trace.tenant()
                + " "
                + trace.fragment()
                + " spans "
                + trace.digest().spans()
                + " duplicates "
                + trace.digest().duplicates();
    }

    private static List<Long> ids(Slice body) {
        return OtlpDecoder.spans(body).stream().map(span -> span.spanId().value()).toList();
    }

    private static TopicsConfig topics(String name) {
        var day = Duration.ofDays(1);
        return new TopicsConfig(
                "",
                new Topic(name + "-spans", 2, day),
                new Topic(name + "-traces", 2, day),
                new Topic(name + "-decisions", 2, day),
                new Topic(name + "-control", 1, day),
                new Topic(name + "-ledger", 1, day),
                new Topic(name + "-dependencies", 2, day),
                new Topic(name + "-dead", 1, day));
    }
}
