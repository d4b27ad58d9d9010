package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.DeadLetter.Choice;
import dev.millrace.pipeline.IngesterConfig.Source;
import dev.millrace.pipeline.ledger.AuditReport;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.otlp.TraceChunk;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Dead letters and the way back, where spans are stored as they come.
class DeadLetterReplayTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Choice ALL = new Choice("", null, Instant.EPOCH, Instant.MAX);

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final String name = KafkaFixture.uniqueName("letters");
    private final TopicsConfig topics = TopicsConfig.embedded().withPrefix(name + ".");
    private final String spans = topics.fullName(topics.spans());
    private final String deadLetters = topics.fullName(topics.deadLetters());
    private final KafkaClients clients =
            new KafkaClients(KafkaConfig.embedded(kafka.bootstrapServers()));
    private final Chunks chunks = new Chunks(31);
    private final FakeTraceStore store = new FakeTraceStore();
    private final List<TraceChunk> packed = chunks.several(3);

    /// A packed record whose second trace the store refuses, and a record that nobody can read.
    @BeforeEach
    void putAside() throws Exception {
        kafka.createTopic(spans, topics.spans().partitions());
        kafka.createTopic(deadLetters, 1);
        kafka.createTopic(topics.fullName(topics.ledger()), topics.ledger().partitions());
        store.refused = packed.get(1).traceId();
        var value = new ByteArrayOutputStream();
        packed.forEach(chunk -> value.writeBytes(chunk.body().toByteArray()));
        var record = new ProducerRecord<byte[], byte[]>(spans, 5, null, value.toByteArray());
        record.headers().add(RecordHeaders.KEYING, RecordHeaders.value("packed"));
        kafka.send(
                List.of(
                        record,
                        new ProducerRecord<>(
                                spans, 2, RecordHeaders.value("no trace id"), new byte[9])));
        try (var _ = ingester()) {
            await().atMost(PATIENCE).until(() -> store.fragments.size() == 2);
            await().atMost(PATIENCE).until(() -> kafka.readAll(deadLetters).size() == 2);
            settled(7);
        }
        store.refused = null;
    }

    @Test
    void listsThemAndBringsThemStraightToTheStoreOnce() {
        // Given
        checkLists();

        // When
        var first = DeadLetterReplay.toStore(clients, topics, Source.SPANS, ALL, store, _ -> {});
        var second = DeadLetterReplay.toStore(clients, topics, Source.SPANS, ALL, store, _ -> {});

        // Then: under the id it would have had.
        assertThat(store.fragments.get(new FragmentId(spans, 5, 0, 1)))
                .satisfies(fragment -> {
                    assertThat(fragment.traceId()).isEqualTo(packed.get(1).traceId());
                    assertThat(fragment.body()).isEqualTo(packed.get(1).body());
                });
        assertThat(first.replayed()).isEqualTo(1);
        assertThat(first.left().keySet())
                .singleElement()
                .asString()
                .startsWith("still cannot be read: key: not a trace id");
        assertThat(second.replayed()).isZero();
        assertThat(second.text()).contains("2 chosen: 0 replayed, 1 replayed before, 1 left");
        var balance = settled(7).balances().getFirst();
        assertThat(balance.stored()).isEqualTo(6);
        assertThat(balance.deadLettered()).isEqualTo(1);
    }

    @Test
    void bringsThemToTheTopicTheyCameFromOnceAndSaysWhatItCannot() throws Exception {
        // Given: two more, from a topic that is gone, and without its value.
        var gone = new ProducerRecord<byte[], byte[]>(deadLetters, null, new byte[1]);
        gone.headers().add(RecordHeaders.SOURCE_TOPIC, RecordHeaders.value(name + "-gone"));
        var empty = new ProducerRecord<byte[], byte[]>(deadLetters, null, null);
        empty.headers()
                .add(RecordHeaders.SOURCE_TOPIC, RecordHeaders.value(spans))
                .add(RecordHeaders.REASON, RecordHeaders.value("too long"));
        kafka.send(List.of(gone, empty));

        // When
        var refused = new Choice("not this one", null, Instant.EPOCH, Instant.MAX);
        var first = DeadLetterReplay.toTopics(clients, topics, Source.SPANS, refused, _ -> {});
        var second = DeadLetterReplay.toTopics(clients, topics, Source.SPANS, ALL, _ -> {});
        try (var _ = ingester()) {
            await().atMost(PATIENCE).until(() -> store.fragments.size() == 3);

            // Then: what could not be read is put aside again, as a letter of its own.
            assertThat(first.replayed()).isEqualTo(1);
            assertThat(second.replayed()).isEqualTo(1);
            assertThat(second.before()).isEqualTo(1);
            assertThat(first.isComplete()).isTrue();
            assertThat(second.left())
                    .hasSize(2)
                    .containsEntry(
                            "of \"" + name + "-gone\", which is no topic of this cluster", 1);
            assertThat(second.text())
                    .contains("left 1: too large to be kept")
                    .endsWith("4 chosen: 1 replayed, 1 replayed before, 2 left\n");
            await().atMost(PATIENCE).until(() -> listed(ALL).size() == 5);
            var balance = settled(10).balances().getFirst();
            assertThat(balance.acknowledged()).isEqualTo(3);
            assertThat(balance.unconfirmed()).isEqualTo(7);
            assertThat(balance.stored()).isEqualTo(6);
            assertThat(balance.deadLettered()).isEqualTo(4);
        }
        var replayed =
                kafka.readAll(spans).stream()
                        .filter(record -> RecordHeaders.has(record.headers(), RecordHeaders.WRITER))
                        .toList();
        assertThat(replayed)
                .hasSize(2)
                .allSatisfy(record -> assertThat(record.headers().lastHeader("reason")).isNull());
        assertThat(replayed)
                .anySatisfy(record -> {
                    assertThat(record.partition()).isEqualTo(5);
                    assertThat(RecordHeaders.tenant(record.headers())).isEqualTo(Tenant.DEFAULT);
                    assertThat(RecordHeaders.text(record.headers(), RecordHeaders.KEYING))
                            .isEqualTo("packed");
                });
    }

    private void checkLists() {
        assertThat(listed(ALL))
                .extracting(
                        listed -> listed.letter().source() + "." + listed.letter().part(),
                        DeadLetterReplay.Listed::replayed)
                .containsExactlyInAnyOrder(
                        tuple(spans + "-5@0.1", false), tuple(spans + "-2@0.-1", false));
        assertThat(listed(new Choice("NOT A TRACE ID", null, Instant.EPOCH, Instant.MAX)))
                .hasSize(1);
        assertThat(listed(new Choice("", "another", Instant.EPOCH, Instant.MAX))).isEmpty();
        assertThat(listed(new Choice("", spans, Instant.EPOCH, Instant.EPOCH.plusSeconds(9))))
                .isEmpty();
        assertThat(listed(new Choice("", spans, Instant.EPOCH, Instant.MAX))).hasSize(2);
    }

    private List<DeadLetterReplay.Listed> listed(Choice choice) {
        var listed = new ArrayList<DeadLetterReplay.Listed>();
        DeadLetterReplay.list(clients, topics, choice, listed::add);
        return listed;
    }

    private Ingester ingester() {
        var config =
                new IngesterConfig(
                        name,
                        "one",
                        IngesterConfig.Feed.SPANS,
                        ByteSize.ofMebibytes(1),
                        Duration.ofMillis(50));
        var ingester = new Ingester(clients, topics, config, store, new SimpleMeterRegistry());
        ingester.start();
        return ingester;
    }

    /// The report once so many copies are in the log, and nothing is on its way.
    private AuditReport settled(long copies) {
        var settled = new AtomicReference<AuditReport>();
        await().atMost(PATIENCE)
                .untilAsserted(() -> {
                    var report = Audit.run(clients, topics, Source.SPANS, Instant.EPOCH);
                    settled.set(report);
                    assertThat(report.text()).contains("The balance closes.");
                    assertThat(report.balances())
                            .as(report.text())
                            .singleElement()
                            .satisfies(balance -> {
                                assertThat(balance.pending()).isZero();
                                assertThat(balance.acknowledged() + balance.unconfirmed())
                                        .isEqualTo(copies);
                            });
                });
        return settled.get();
    }
}
