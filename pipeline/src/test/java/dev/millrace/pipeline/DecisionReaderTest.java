package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.assembly.ClosedTrace;
import dev.millrace.assembly.Digest;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceDecision;
import dev.millrace.testkit.KafkaFixture;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

/// What is on record about a trace is found where it must be, in a topic of a real broker.
class DecisionReaderTest {

    private static final int SPANS_PARTITIONS = 5;
    private static final int PARTITIONS = 2;
    private static final Instant BEGIN = Instant.parse("2026-11-21T03:00:00Z");
    private static final Instant NEVER = Instant.ofEpochSecond(Long.MAX_VALUE / 1_000_000_000);
    private static final TraceId TRACE = TraceId.parse("4bf92f3577b34da6a3ce929d0e0e4736");
    private static final int SOURCE = TraceKey.partition(TraceKey.of(TRACE), SPANS_PARTITIONS);

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final TopicsConfig topics =
            TopicsConfig.embedded().withPrefix(KafkaFixture.uniqueName("decided") + ".");
    private final String topic = topics.fullName(topics.samplingDecisions());
    private final KafkaClients clients =
            new KafkaClients(
                    new KafkaConfig(
                            kafka.bootstrapServers(),
                            Map.of(),
                            1,
                            KafkaConfig.Durability.LENIENT,
                            Duration.ofSeconds(6)));

    private DecisionReader reader(long decisions) {
        return new DecisionReader(
                clients, topics, new DecisionReader.Bounds(decisions, Duration.ofSeconds(30)));
    }

    private void createTopics() {
        kafka.createTopic(topics.fullName(topics.spans()), SPANS_PARTITIONS);
        // Ours is the time of appending, which cannot be made up.
        kafka.createTopic(topic, PARTITIONS, Map.of("message.timestamp.type", "CreateTime"));
    }

    @Test
    void findsEverythingThatWasDecidedAboutATrace() {
        // Given: dropped, then brought back by a late error; another tenant has the same id.
        createTopics();
        var dropped = decision(Tenant.DEFAULT, TRACE, 0, Decision.Verdict.DROP);
        var asked = decision(Tenant.DEFAULT, TRACE, 1, Decision.Verdict.KEEP);
        var done = decision(Tenant.DEFAULT, TRACE, 2, Decision.Verdict.KEEP);
        var other = decision(new Tenant("red"), TRACE, 0, Decision.Verdict.KEEP);
        kafka.send(
                List.of(
                        message(0, other(1)),
                        message(1, dropped),
                        message(2, other(2)),
                        message(3, asked),
                        message(4, other),
                        message(5, done)));

        // When
        var found = reader(1_000).find(Tenant.DEFAULT, TRACE, Instant.EPOCH, NEVER);
        var unknown = reader(1_000).find(Tenant.DEFAULT, new TraceId(7, 7), Instant.EPOCH, NEVER);

        // Then
        assertThat(found.gap()).isEmpty();
        assertThat(found.read()).isEqualTo(6);
        assertThat(found.decisions())
                .extracting(TraceDecision::verdict)
                .containsExactly(
                        TraceDecision.Verdict.DROP,
                        TraceDecision.Verdict.KEEP,
                        TraceDecision.Verdict.KEEP);
        assertThat(found.decisions())
                .extracting(TraceDecision::upgrade)
                .containsExactly(
                        TraceDecision.Upgrade.NONE,
                        TraceDecision.Upgrade.ASKED,
                        TraceDecision.Upgrade.DONE);
        assertThat(found.decisions().getFirst())
                .isEqualTo(
                        new TraceDecision(
                                TraceDecision.Verdict.DROP,
                                "rest",
                                0x80,
                                0x40,
                                0x20,
                                true,
                                17,
                                0,
                                TraceDecision.Upgrade.NONE,
                                BEGIN,
                                BEGIN.minusSeconds(1),
                                new TraceDecision.Digest(
                                        "shop", "GET /", true, 5, 6, 7, 8, 9, 10, List.of("shop")),
                                new TraceDecision.Stretch("spans", SOURCE, 100, 110),
                                new TraceDecision.Stretch(topic, SOURCE % PARTITIONS, 1, 1)));
        assertThat(unknown.decisions()).isEmpty();
        assertThat(unknown.gap()).isEmpty();
    }

    @Test
    void readsNoFurtherThanItMayAndSaysSo() {
        // Given: one decision with many after it.
        createTopics();
        var messages = new ArrayList<ProducerRecord<byte[], byte[]>>();
        messages.add(message(0, decision(Tenant.DEFAULT, TRACE, 0, Decision.Verdict.DROP)));
        for (int i = 1; i <= 6_000; i++) {
            messages.add(message(i, other(i)));
        }
        kafka.send(messages);
        var minute = BEGIN.plusSeconds(60);

        // When
        var cut = reader(10).find(Tenant.DEFAULT, TRACE, Instant.EPOCH, NEVER);
        var upToAMinute = reader(100).find(Tenant.DEFAULT, TRACE, Instant.EPOCH, minute);
        var afterIt = reader(6_000).find(Tenant.DEFAULT, TRACE, minute, NEVER);
        var all = reader(10_000).find(Tenant.DEFAULT, TRACE, Instant.EPOCH, NEVER);

        // Then
        assertThat(cut.decisions()).isEmpty();
        assertThat(cut.gap())
                .hasValueSatisfying(gap ->
                        assertThat(gap)
                                .startsWith("decisions from offset 0 to ")
                                .contains(topic)
                                .contains("were not all looked at"));
        assertThat(upToAMinute.decisions()).hasSize(1);
        assertThat(upToAMinute.gap()).isEmpty();
        assertThat(upToAMinute.read()).isEqualTo(61);
        assertThat(afterIt.decisions()).isEmpty();
        assertThat(afterIt.gap()).isEmpty();
        assertThat(all.decisions()).hasSize(1);
        assertThat(all.read()).isEqualTo(6_001);
    }

    @Test
    void takesNoAccountOfWhatWasNotCommitted() {
        // Given
        createTopics();
        try (var producer = clients.transactionalProducer("decided", topic)) {
            producer.initTransactions();
            producer.beginTransaction();
            var _ =
                    producer.send(
                            message(0, decision(Tenant.DEFAULT, TRACE, 0, Decision.Verdict.DROP)));
            producer.flush();
            producer.abortTransaction();
        }

        // When
        var found = reader(10).find(Tenant.DEFAULT, TRACE, Instant.EPOCH, NEVER);

        // Then
        assertThat(found.decisions()).isEmpty();
        assertThat(found.gap()).isEmpty();
    }

    @Test
    void saysThatThereIsNoSuchTopicYet() {
        assertThatThrownBy(() -> reader(10).find(Tenant.DEFAULT, TRACE, Instant.EPOCH, NEVER))
                .isInstanceOfSatisfying(
                        StoreException.class,
                        failure ->
                                assertThat(failure.kind())
                                        .isEqualTo(StoreException.Kind.UNAVAILABLE))
                .hasMessage(
                        "decisions: there is no topic " + topics.fullName(topics.spans()) + " yet");
    }

    private ProducerRecord<byte[], byte[]> message(int second, Decision decision) {
        return new ProducerRecord<>(
                topic,
                SOURCE % PARTITIONS,
                BEGIN.plusSeconds(second).toEpochMilli(),
                TraceKey.of(decision.trace().traceId()),
                decision.encode());
    }

    private static Decision other(int number) {
        return decision(Tenant.DEFAULT, new TraceId(1, number), 0, Decision.Verdict.KEEP);
    }

    private static Decision decision(
            Tenant tenant, TraceId traceId, int fragment, Decision.Verdict verdict) {
        var trace =
                new ClosedTrace(
                        tenant,
                        traceId,
                        fragment,
                        100,
                        110,
                        BEGIN.toEpochMilli(),
                        BEGIN.minusSeconds(1).toEpochMilli(),
                        1,
                        new Digest("shop", "GET /", true, 5, 6, 7, 8, 9, 10, List.of("shop")),
                        List.of());
        return new Decision(
                "spans",
                SOURCE,
                trace,
                verdict,
                "rest",
                0x80,
                0x40,
                17,
                3,
                switch (fragment) {
                    case 0 -> Decision.Upgrade.NONE;
                    case 1 -> Decision.Upgrade.ASKED;
                    default -> Decision.Upgrade.DONE;
                },
                new Decision.Arrival(0x20, true));
    }
}
