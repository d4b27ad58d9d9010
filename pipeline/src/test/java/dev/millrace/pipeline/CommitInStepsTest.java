package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.assembly.Resumption;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What one record completes can be more than a transaction has time for.
class CommitInStepsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final int PART_SPANS = 100;
    private static final int MANY = 200;

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final AggregatorMetrics metrics = new AggregatorMetrics(new SimpleMeterRegistry());
    private final KafkaClients clients =
            new KafkaClients(
                    new KafkaConfig(
                            kafka.bootstrapServers(),
                            Map.of(),
                            1,
                            KafkaConfig.Durability.LENIENT,
                            Duration.ofSeconds(6)));

    @TempDir private Path scratch;
    private TopicsConfig topics;

    @BeforeEach
    void createTopics() {
        var day = Duration.ofDays(1);
        String name = KafkaFixture.uniqueName("steps");
        topics =
                new TopicsConfig(
                        "",
                        new Topic(name + "-spans", 1, day),
                        new Topic(name + "-traces", 1, day),
                        new Topic(name + "-decisions", 1, day),
                        new Topic(name + "-control", 1, day),
                        new Topic(name + "-ledger", 1, day),
                        new Topic(name + "-dependencies", 1, day),
                        new Topic(name + "-dead", 1, day));
        try (var admin = clients.admin("test")) {
            new Topics(admin, clients.config(), topics).ensure(PATIENCE);
        }
    }

    /// Passes when somebody looks, so that a commit is due again after some looks, on any machine.
    private static LongSupplier hurrying() {
        var looks = new AtomicLong();
        return () -> looks.incrementAndGet() * 10_000_000;
    }

    @Test
    void aMarkerThatCompletesManyTracesIsCommittedInSteps() {
        // Given
        for (int trace = 1; trace <= MANY; trace++) {
            send(new TraceId(1, trace), trace, trace + 1);
        }
        double most = 0;

        // When
        try (var loop = loop("many", metrics, hurrying())) {
            loop.open();
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (metrics.traces.count() < MANY && System.nanoTime() < deadline) {
                double before = metrics.commits.count();
                loop.step();
                most = Math.max(most, metrics.commits.count() - before);
            }
            loop.commit();
        }

        // Then
        assertThat(most).isGreaterThan(10);
        assertThat(traces().stream().map(message -> TraceKey.parse(message.key())))
                .hasSize(MANY)
                .doesNotHaveDuplicates();
        assertThat(decisions()).hasSize(MANY);
    }

    @Test
    void anOwnerGoesOnAfterTheLastPartThatIsOnRecord() {
        // Given
        var giant = new TraceId(1, 7);
        for (int from = 1; from <= 5_000; from += 500) {
            send(giant, from, from + 500);
        }
        String group = KafkaFixture.uniqueName("giant");
        var mortal = new AggregatorMetrics(new SimpleMeterRegistry());
        var clock = hurrying();
        var commitsBefore = new AtomicLong();
        LongSupplier deadly =
                () -> {
                    if (mortal.commits.count() - commitsBefore.get() >= 5) {
                        throw new IllegalStateException("died in the middle of the giant");
                    }
                    return clock.getAsLong();
                };

        // When
        var dead = loop(group, mortal, deadly);
        dead.open();
        assertThatThrownBy(
                        () -> {
                            while (mortal.traces.count() == 0) {
                                commitsBefore.set(mortal.commits.count());
                                dead.step();
                            }
                        })
                .hasMessageContaining("died");
        dead.close();
        assertThat(mortal.traces.count()).isZero();
        int onRecord = traces().size();
        try (var heir = loop(group, metrics, hurrying())) {
            heir.open();
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (metrics.traces.count() == 0 && System.nanoTime() < deadline) {
                heir.step();
            }
            heir.commit();
        }

        // Then
        assertThat(onRecord).isBetween(1, 49);
        assertThat(traces())
                .extracting(message -> RecordHeaders.text(message.headers(), RecordHeaders.PART))
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, 50).mapToObj(Integer::toString).toList());
        assertThat(traces().stream().flatMap(message -> ids(message).stream()))
                .containsExactlyInAnyOrderElementsOf(
                        LongStream.rangeClosed(1, 5_000).boxed().toList());
        assertThat(decisions()).hasSize(1);
        assertThat(decisions().getFirst().trace().digest().spans()).isEqualTo(5_000);
    }

    @Test
    void theCommittedOffsetTellsWhichTraceWasBegun() {
        // Given
        var begun = new Resumption.Begun(new TraceId(0, 255), 17);
        var metadata = new CommitMetadata(new Resumption(9, 4, -5, begun), 3, 2, 1);

        // When
        var encoded = metadata.encode();

        // Then
        assertThat(CommitMetadata.decode(encoded)).isEqualTo(metadata);
    }

    private AggregatorLoop loop(String group, AggregatorMetrics told, LongSupplier nanoTime) {
        var assembly =
                new AssemblyConfig(
                        Duration.ofMillis(500),
                        Duration.ofSeconds(3),
                        Duration.ofSeconds(30),
                        1_000_000,
                        ByteSize.ofMebibytes(1),
                        PART_SPANS);
        var config =
                new AggregatorConfig(
                        group,
                        "a",
                        1,
                        Duration.ofMillis(100),
                        ByteSize.ofMebibytes(64),
                        scratch,
                        assembly,
                        TailConfig.KEEP_ALL,
                        FiguresConfig.DEFAULT);
        return new AggregatorLoop(clients, config, topics, told, 0, nanoTime);
    }

    private void send(TraceId traceId, int from, int to) {
        var spans = new ArrayList<Span>();
        for (int id = from; id < to; id++) {
            spans.add(
                    Span.builder(traceId, new SpanId(id))
                            .name("step")
                            .time(1_000L * id, 2_000L * id)
                            .build());
        }
        kafka.send(
                List.of(
                        new ProducerRecord<>(
                                topics.fullName(topics.spans()),
                                TraceKey.of(traceId),
                                OtlpEncoder.encode(spans).toByteArray())));
    }

    private List<ConsumerRecord<byte[], byte[]>> traces() {
        return kafka.readAll(topics.fullName(topics.tracesComplete()));
    }

    private List<Decision> decisions() {
        return kafka.readAll(topics.fullName(topics.samplingDecisions())).stream()
                .map(message -> Decision.decode(Slice.of(message.value())))
                .toList();
    }

    private static List<Long> ids(ConsumerRecord<byte[], byte[]> message) {
        return OtlpDecoder.spans(Slice.of(message.value())).stream()
                .map(span -> span.spanId().value())
                .toList();
    }
}
