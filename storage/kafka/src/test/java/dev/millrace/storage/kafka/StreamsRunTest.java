package dev.millrace.storage.kafka;

import static dev.millrace.storage.contract.Samples.trace;
import static dev.millrace.storage.kafka.Patience.await;
import static dev.millrace.storage.kafka.Records.key;
import static dev.millrace.storage.kafka.Records.span;
import static dev.millrace.storage.kafka.Records.value;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Tenant;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.TopicsException;
import dev.millrace.pipeline.TraceKey;
import dev.millrace.testkit.KafkaFixture;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StreamsRunTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int PARTITIONS = 4;
    private static final int TRACES = 120;

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final KafkaClients clients = clients(kafka);
    private final String topic = KafkaFixture.uniqueName("traces-complete");

    @TempDir private Path directory;

    static KafkaClients clients(KafkaFixture kafka) {
        return new KafkaClients(
                new KafkaConfig(
                        kafka.bootstrapServers(),
                        Map.of(),
                        1,
                        KafkaConfig.Durability.LENIENT,
                        Duration.ofSeconds(6)));
    }

    @Test
    void aRestartRestoresNothingAndALostDiskEverything() {
        // Given
        kafka.createTopic(topic, PARTITIONS);
        sendInTransactions(kafka, topic, TRACES);
        kafka.send(List.of(new ProducerRecord<>(topic, key(trace(1)), "nonsense".getBytes(UTF_8))));
        var first = new SimpleMeterRegistry();

        // When
        try (var run = started(directory.resolve("first"), first)) {
            awaitAll(run, TRACES);

            // Then
            assertThat(run.state()).isEqualTo(new StreamsRun.State.Running());
            assertThat(run.ready()).isTrue();
            assertThat(run.count()).isEqualTo(PARTITIONS);
            for (int partition = 0; partition < PARTITIONS; partition++) {
                assertThat(run.owners(partition).active()).contains(new Peer("127.0.0.1", 4_000));
                assertThat(run.here(partition).orElseThrow().active()).isTrue();
            }
            assertThat(counter(first, "applied")).isEqualTo(TRACES + 1);
            assertThat(counter(first, "unreadable")).isEqualTo(1);
            awaitNoneBehind(run);
        }

        // When
        var second = new SimpleMeterRegistry();
        try (var run = started(directory.resolve("first"), second)) {
            awaitAll(run, TRACES);
            sendInTransactions(kafka, topic, TRACES + 10);
            awaitAll(run, TRACES + 10);

            // Then
            assertThat(counter(second, "restored")).isZero();
            assertThat(counter(second, "applied")).isEqualTo(TRACES + 10);
        }

        // When
        var third = new SimpleMeterRegistry();
        try (var run = started(directory.resolve("third"), third)) {
            awaitAll(run, TRACES + 10);

            // Then
            assertThat(counter(third, "restored")).isEqualTo(2 * TRACES + 11);
            assertThat(counter(third, "applied")).isZero();
        }
    }

    @Test
    void namesNobodyAndIsNotReadyUntilItHasBuiltWhatItWasGiven() {
        // Given
        kafka.createTopic(topic, 2);
        var here = new Peer("127.0.0.1", 4_000);

        // When
        try (var run = started(directory, new SimpleMeterRegistry())) {
            // Then
            assertThat(run.state()).isEqualTo(new StreamsRun.State.Starting());
            assertThat(run.ready()).isFalse();
            assertThat(run.healthy()).isTrue();
            assertThat(run.owners(0)).isEqualTo(new Partitions.Owners(Optional.empty(), List.of()));
            await().atMost(PATIENCE).until(run::ready);
            await().atMost(PATIENCE).until(() -> run.owners(0).active().equals(Optional.of(here)));
            assertThat(run.here(0)).isPresent();
            assertThat(run.here(7)).isEmpty();
        }
    }

    @Test
    void waitsForATopicThatIsMadeLate() {
        // Given
        var starting =
                CompletableFuture.supplyAsync(() -> started(directory, new SimpleMeterRegistry()));

        // When
        kafka.createTopic(topic, 1);

        // Then
        try (var run = starting.orTimeout(30, TimeUnit.SECONDS).join()) {
            await().atMost(PATIENCE).until(run::ready);
            assertThat(run.count()).isEqualTo(1);
        }
    }

    @Test
    void saysWhichTopicIsMissing() {
        // Given
        var config = Stores.config(topic, directory);
        var hasty =
                new KafkaStoreConfig(
                        config.application(),
                        config.source(),
                        config.instance(),
                        config.keeping(),
                        config.sharing(),
                        config.buffer(),
                        Duration.ofMillis(300));
        var run = run(hasty, new SimpleMeterRegistry());

        // Then
        assertThatThrownBy(run::start)
                .isInstanceOf(TopicsException.class)
                .hasMessageContaining(topic)
                .hasMessageContaining("PT0.3S");
        assertThat(run.healthy()).isFalse();
        assertThat(run.state()).isEqualTo(new StreamsRun.State.Closed());
    }

    @Test
    void refusesToKeepTracesLongerThanTheirTopicDoes() {
        // Given
        kafka.createTopic(topic, 1, Map.of("retention.ms", "86400000"));

        // Then
        try (var run = run(Stores.config(topic, directory), new SimpleMeterRegistry())) {
            assertThatThrownBy(run::start)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("PT168H")
                    .hasMessageContaining("PT24H")
                    .hasMessageContaining(topic);
        }
    }

    @Test
    void refusesATopicThatKeepsOneRecordOfATrace() {
        // Given
        kafka.createTopic(topic, 1, Map.of("cleanup.policy", "compact"));

        // Then
        try (var run = run(Stores.config(topic, directory), new SimpleMeterRegistry())) {
            assertThatThrownBy(run::start)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("cleanup.policy: compact");
        }
    }

    @Test
    void saysWhyItHasFailedAndBeginsAnewByItself() {
        // Given
        kafka.createTopic(topic, 1);
        sendInTransactions(kafka, topic, 1);
        var broken = new AtomicBoolean(true);
        var registry = new SimpleMeterRegistry();
        var config = Stores.config(topic, directory);
        var open = new OpenPartitions();
        var rules = Stores.rules(config, open, registry);
        var plan = new StreamsPlan(config, () -> failing(broken), open, rules.meters());

        try (var run = new StreamsRun(plan, clients, InstantSource.fixed(Records.NOW))) {
            // When
            run.start();
            await().atMost(PATIENCE).until(() -> !run.healthy());

            // Then
            assertThat(run.state())
                    .isInstanceOfSatisfying(
                            StreamsRun.State.Failed.class,
                            failed -> assertThat(failed.reason()).contains("no space left"));
            assertThat(run.ready()).isFalse();
            assertThat(counter(registry, "threads.replaced")).isEqualTo(3);

            // When
            broken.set(false);

            // Then
            await().atMost(PATIENCE).until(run::ready);
            assertThat(run.healthy()).isTrue();
            assertThat(counter(registry, "restarts")).isPositive();
        }
    }

    // What comes is not taken as long as something is broken.
    private Topology failing(AtomicBoolean broken) {
        return new Topology()
                .addSource(
                        "records", new ByteArrayDeserializer(), new ByteArrayDeserializer(), topic)
                .addProcessor("failing", () -> processor(broken), "records");
    }

    private static Processor<byte[], byte[], Void, Void> processor(AtomicBoolean broken) {
        return _ -> {
            if (broken.get()) {
                throw new IllegalStateException("no space left");
            }
        };
    }

    private StreamsRun started(Path in, SimpleMeterRegistry registry) {
        var run = run(Stores.config(topic, in), registry);
        run.start();
        return run;
    }

    private StreamsRun run(KafkaStoreConfig config, SimpleMeterRegistry registry) {
        return StreamsRun.ofTraces(config, clients, registry, InstantSource.fixed(Records.NOW));
    }

    /// Sends so many traces of one span, by two transactions.
    static void sendInTransactions(KafkaFixture kafka, String topic, int traces) {
        var id = KafkaFixture.uniqueName("aggregator");
        try (var producer = kafka.producer(Map.of("transactional.id", id))) {
            producer.initTransactions();
            sendInOne(producer, topic, 0, traces / 2);
            sendInOne(producer, topic, traces / 2, traces);
        }
    }

    private static void sendInOne(
            KafkaProducer<byte[], byte[]> producer, String topic, int from, int to) {
        producer.beginTransaction();
        for (int number = from; number < to; number++) {
            // A failure of one fails the commit.
            var _ = producer.send(record(topic, number));
        }
        producer.commitTransaction();
    }

    private static ProducerRecord<byte[], byte[]> record(String topic, int number) {
        var id = trace(number + 1);
        return new ProducerRecord<>(topic, key(id), value(span(id, 1)));
    }

    /// Waits until every one of so many traces is found where it belongs.
    static void awaitAll(StreamsRun run, int traces) {
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(100))
                .untilAsserted(() -> assertThat(found(run, traces)).isEqualTo(traces));
    }

    static long found(StreamsRun run, int traces) {
        return IntStream.rangeClosed(1, traces)
                .filter(number -> {
                    var id = trace(number);
                    int partition = TraceKey.partition(id.high(), id.low(), run.count());
                    return run.here(partition)
                            .flatMap(held -> held.contents().traces().trace(Tenant.DEFAULT, id))
                            .isPresent();
                })
                .count();
    }

    /// Waits until it is known that no record is missing, though transactions end after the last.
    static void awaitNoneBehind(StreamsRun run) {
        await().atMost(PATIENCE)
                .until(() ->
                        IntStream.range(0, run.count())
                                .allMatch(partition ->
                                        run.here(partition)
                                                .filter(held -> held.behind() == 0)
                                                .isPresent()));
    }

    private static double counter(SimpleMeterRegistry registry, String name) {
        return registry.get("millrace.store.kafka." + name).counter().count();
    }
}
