package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Operation;
import dev.millrace.analysis.Series;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.testkit.KafkaFixture;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Figures on their way into the store, with a real broker and a process that dies.
class DependencyIngesterTest {

    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final Tenant RED = new Tenant("red");
    private static final long MINUTE = 29_800_000;
    private static final int PARTITIONS = 2;

    private record Counted(Tenant tenant, long minute, Series series) {}

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final String name = KafkaFixture.uniqueName("figures");
    private final TopicsConfig topics = TopicsConfig.embedded().withPrefix(name + ".");
    private final String topic = topics.fullName(topics.dependencies());
    private final KafkaClients clients =
            new KafkaClients(
                    new KafkaConfig(
                            kafka.bootstrapServers(),
                            Map.of(),
                            1,
                            KafkaConfig.Durability.LENIENT,
                            Duration.ofSeconds(6)));
    private final FakeDependencyStore store = new FakeDependencyStore();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Map<Counted, Figures> sent = new HashMap<>();

    @BeforeEach
    void createTopics() {
        kafka.createTopic(topic, PARTITIONS);
        kafka.createTopic(topics.fullName(topics.deadLetters()), 1);
    }

    /// Dies when a write has been kept and not committed, and on reading; is away in between.
    @ParameterizedTest
    @ValueSource(longs = 20_261_121)
    void countsEveryRecordOnceHoweverOftenItDies(long seed) throws Exception {
        // Given
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        store.crashes = number -> number % 7 == 3 && number < 60;
        store.away = number -> number % 11 == 5 && number < 60;

        // When: records come while it runs, dies and begins anew, and little stays in memory.
        for (int life = 0; life < 2; life++) {
            try (var _ =
                    started(
                            new DependencyIngesterConfig(
                                    name, Duration.ofMillis(20), Duration.ofMillis(50), 12))) {
                for (int round = 0; round < 4; round++) {
                    int before = store.writes.get();
                    send(random, 20);
                    await().atMost(PATIENCE).until(() -> store.writes.get() > before);
                }
            }
        }
        try (var _ = started(DependencyIngesterConfig.of(name, Duration.ofMillis(50)))) {
            await().atMost(PATIENCE).until(this::isCommitted);
        }

        // Then
        assertThat(counted()).as("seed %s", seed).isEqualTo(sent);
    }

    @Test
    void sharesPartitionsAndPutsAsideWhatIsNoRecordOfFigures() throws Exception {
        // Given
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
        var never =
                new Entry(
                        Long.MAX_VALUE,
                        new Operation("a", "b", SpanKind.SERVER),
                        Figures.ofCalls(1));
        var late = new DependencyDelta(Tenant.DEFAULT, new Origin("spans", 0, 0), List.of(never));
        kafka.send(
                List.of(
                        new ProducerRecord<>(topic, 0, null, new byte[] {1, 2, 3}),
                        new ProducerRecord<>(topic, 0, null, late.encode().toByteArray())));
        var config = DependencyIngesterConfig.of(name, Duration.ofMillis(50));

        // When: one joins, and leaves again.
        try (var _ = started(config)) {
            send(random, 30);
            await().atMost(PATIENCE).until(() -> store.writes.get() > 0);
            try (var _ = startedWith(config, new SimpleMeterRegistry())) {
                for (int i = 0; i < 10; i++) {
                    send(random, 10);
                }
                await().atMost(PATIENCE).until(this::isCommitted);
            }
            send(random, 30);
            await().atMost(PATIENCE).until(this::isCommitted);
        }

        // Then
        assertThat(counted()).isEqualTo(sent);
        assertThat(kafka.readAll(topics.fullName(topics.deadLetters())))
                .extracting(letter -> RecordHeaders.text(letter.headers(), "source-offset"))
                .containsExactly("0", "1");
        assertThat(registry.get("millrace.dependencies.restarts").counter().count()).isZero();
    }

    private DependencyIngester started(DependencyIngesterConfig config) {
        return startedWith(config, registry);
    }

    private DependencyIngester startedWith(
            DependencyIngesterConfig config, SimpleMeterRegistry meters) {
        var ingester = new DependencyIngester(clients, topics, config, store, meters);
        ingester.start();
        return ingester;
    }

    private void send(RandomGenerator random, int count) {
        var records = new ArrayList<ProducerRecord<byte[], byte[]>>();
        for (int i = 0; i < count; i++) {
            var tenant = random.nextInt(4) == 0 ? RED : Tenant.DEFAULT;
            var entries = new HashMap<Counted, Entry>();
            for (int entry = random.nextInt(1, 5); entry > 0; entry--) {
                long minute = random.nextInt(10) == 0 ? 0 : MINUTE + random.nextInt(6);
                Series series =
                        random.nextBoolean()
                                ? new Dependency("shop", "s" + random.nextInt(3), Connection.PLAIN)
                                : new Operation("shop", "get", SpanKind.SERVER);
                var figures = Figures.ofCalls(random.nextInt(1, 1_000));
                entries.putIfAbsent(
                        new Counted(tenant, minute, series), new Entry(minute, series, figures));
            }
            entries.forEach((about, entry) ->
                    sent.computeIfAbsent(about, _ -> Figures.ofCalls(0)).add(entry.figures()));
            var delta =
                    new DependencyDelta(
                            tenant, new Origin("spans", 0, i), List.copyOf(entries.values()));
            records.add(
                    new ProducerRecord<>(
                            topic, random.nextInt(PARTITIONS), null, delta.encode().toByteArray()));
        }
        kafka.send(records);
    }

    private boolean isCommitted() throws Exception {
        long end = kafka.endOffsets(topic).values().stream().mapToLong(Long::longValue).sum();
        try (var admin = kafka.admin()) {
            return admin
                            .listConsumerGroupOffsets(name)
                            .partitionsToOffsetAndMetadata()
                            .get()
                            .values()
                            .stream()
                            .mapToLong(offset -> offset == null ? 0 : offset.offset())
                            .sum()
                    == end;
        }
    }

    private Map<Counted, Figures> counted() {
        var counted = new HashMap<Counted, Figures>();
        for (var tenant : List.of(Tenant.DEFAULT, RED)) {
            for (var minute : store.dependencies(tenant, 0, MINUTE + 100)) {
                for (var entry : minute.entries()) {
                    counted.computeIfAbsent(
                                    new Counted(tenant, entry.minute(), entry.series()),
                                    _ -> Figures.ofCalls(0))
                            .add(entry.figures());
                }
            }
        }
        return counted;
    }
}
