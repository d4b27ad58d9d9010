package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.assembly.ClosedTrace;
import dev.millrace.assembly.Digest;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.otlp.OtlpEncoder;
import io.micrometer.core.instrument.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class SpanRecallTest {

    private static final TraceId GIANT = new TraceId(1, 1);

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final KafkaClients clients =
            new KafkaClients(
                    new KafkaConfig(
                            kafka.bootstrapServers(),
                            Map.of(),
                            1,
                            KafkaConfig.Durability.LENIENT,
                            Duration.ofSeconds(6)));

    @Test
    void readsNoMoreOfATraceThanItMayHoldAndSaysSo() throws Exception {
        // Given
        String topic = KafkaFixture.uniqueName("recall");
        try (var admin = clients.admin("test")) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
        }
        for (int id = 1; id <= 10; id++) {
            kafka.send(List.of(record(topic, GIANT, id), record(topic, new TraceId(1, 2), id)));
        }
        int size = record(topic, GIANT, 1).value().length;

        // When
        var all = recall(topic, 10L * size);
        var some = recall(topic, 3L * size);

        // Then
        assertThat(all.records()).hasSize(10);
        assertThat(all.gone()).isFalse();
        assertThat(some.records()).containsOnlyKeys(0L, 2L, 4L);
        assertThat(some.gone()).isTrue();
    }

    private SpanRecall.Answer recall(String topic, long mostBytes) throws Exception {
        var answer = new CompletableFuture<SpanRecall.Answer>();
        var foreign = new ForeignRecords(null);
        var log = new LogGate(Clock.SYSTEM);
        try (var recall = new SpanRecall(clients, "test", log, mostBytes, foreign)) {
            recall.start();
            var request = new SpanRecall.Request(new TopicPartition(topic, 0), cameLate(topic), 0);
            assertThat(recall.ask(request, answer::complete)).isTrue();
            return answer.get(40, TimeUnit.SECONDS);
        }
    }

    /// What was decided about a fragment behind all of these records.
    private static Decision cameLate(String topic) {
        var digest = new Digest("shop", "step", true, 1_000, 1_000, 1, 1, 0, 10, List.of("shop"));
        return new Decision(
                topic,
                0,
                new ClosedTrace(Tenant.DEFAULT, GIANT, 1, 20, 20, 1, 1, 1, digest, List.of()),
                Decision.Verdict.KEEP,
                "errors",
                0,
                0,
                1,
                1,
                Decision.Upgrade.ASKED,
                new Decision.Arrival(0, false));
    }

    private static ProducerRecord<byte[], byte[]> record(String topic, TraceId traceId, long id) {
        var span = Span.builder(traceId, new SpanId(id)).name("step").time(1_000, 2_000).build();
        return new ProducerRecord<>(
                topic, 0, TraceKey.of(traceId), OtlpEncoder.encode(List.of(span)).toByteArray());
    }
}
