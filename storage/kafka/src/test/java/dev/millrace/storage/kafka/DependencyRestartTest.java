package dev.millrace.storage.kafka;

import static dev.millrace.storage.kafka.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.analysis.DependencyDelta;
import dev.millrace.storage.api.StoreException;
import dev.millrace.testkit.KafkaFixture;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The dependency store on a real broker: whatever becomes of its disk, every commit of an
/// aggregator counts once.
@Timeout(300)
class DependencyRestartTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int PARTITIONS = 2;

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final String application = KafkaFixture.uniqueName("figures-store");
    private final String topic = application + "-topic";
    private final FigureTraffic traffic = new FigureTraffic(20_261_122, 6);
    private final Path disks;

    DependencyRestartTest(@TempDir Path disks) {
        this.disks = disks;
    }

    @BeforeEach
    void createTopic() {
        kafka.createTopic(topic, PARTITIONS);
    }

    @Test
    void countsEveryCommitOnceAfterACrashARestartAndTheLossOfItsDisk() throws Exception {
        send(60);
        try (var first = new Instance("a")) {
            first.awaitEverything();

            // When: it has read more than it has written, and is killed.
            send(60);
            first.awaitEverything();
            StateFiles.copy(disks.resolve("a"), disks.resolve("crashed"));
        }

        // Then
        send(30);
        try (var crashed = new Instance("crashed")) {
            crashed.awaitEverything();
        }

        // When: it was closed, and begins on the same disk.
        try (var again = new Instance("crashed")) {
            again.awaitEverything();
            send(30);
            again.awaitEverything();
        }

        // When: there is nothing on the disk.
        try (var empty = new Instance("empty")) {
            empty.awaitEverything();
            send(10);
            empty.awaitEverything();
        }

        // Then: all there is in Kafka is the topic.
        try (var admin = kafka.admin()) {
            assertThat(admin.listTopics().names().get())
                    .filteredOn(name -> name.startsWith(application))
                    .containsExactly(topic);
        }
    }

    @Test
    void standbysAnswerAndTakeOverWithoutCountingTwice() throws Exception {
        // Given
        send(50);
        try (var first = new Instance("a");
                var second = new Instance("b")) {

            // When, then: each has all partitions, half of them as a standby.
            first.awaitEverything();
            second.awaitEverything();
            send(50);
            first.awaitEverything();
            second.awaitEverything();

            // When: one of them is gone.
            first.stop();
            send(20);

            // Then
            second.awaitEverything();
        }
    }

    /// What others would do to the log: commits, and commits that never were.
    private void send(int count) throws ExecutionException, InterruptedException {
        var settings =
                Map.of(
                        "transactional.id",
                        KafkaFixture.uniqueName("aggregator"),
                        "transaction.timeout.ms",
                        "10000");
        try (var producer = kafka.producer(settings)) {
            producer.initTransactions();
            for (int sent = 0; sent < count; sent += 10) {
                producer.beginTransaction();
                send(producer, traffic.uncounted());
                producer.flush();
                producer.abortTransaction();
                producer.beginTransaction();
                for (int i = 0; i < 10; i++) {
                    send(producer, traffic.next());
                }
                producer.commitTransaction();
            }
        }
    }

    private void send(KafkaProducer<byte[], byte[]> producer, DependencyDelta delta) {
        var _ =
                producer.send(
                        new ProducerRecord<>(
                                topic,
                                (int) (delta.origin().commit() % PARTITIONS),
                                FigureTraffic.key(delta),
                                FigureTraffic.value(delta)));
    }

    /// An instance of the store on a disk of its own.
    private final class Instance implements AutoCloseable {

        private final OpenPartitions here = new OpenPartitions();
        private final KafkaStreams streams;

        Instance(String disk) {
            // Long enough that much of what was read has not been written.
            var config =
                    new DependencyStateConfig(
                            topic,
                            DependencyFormat.MILLRACE,
                            Duration.ofDays(36_500),
                            Duration.ofMillis(300),
                            40);
            streams =
                    new KafkaStreams(
                            DependencyTopology.of(
                                    config,
                                    here,
                                    new DependencyStateMeters(new SimpleMeterRegistry())),
                            settings(disk));
            streams.start();
        }

        private Properties settings(String disk) {
            var settings = new Properties();
            settings.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
            settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers());
            settings.put(StreamsConfig.STATE_DIR_CONFIG, disks.resolve(disk).toString());
            settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 50);
            settings.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, 1);
            settings.put(
                    StreamsConfig.consumerPrefix(ConsumerConfig.ISOLATION_LEVEL_CONFIG),
                    "read_committed");
            return settings;
        }

        /// Until it has every partition, and has counted all that was ever committed.
        void awaitEverything() {
            // Partitions may go while they are asked.
            await().atMost(PATIENCE)
                    .ignoreException(StoreException.class)
                    .untilAsserted(() -> {
                        assertThat(here.numbered().keySet())
                                .containsExactlyElementsOf(
                                        IntStream.range(0, PARTITIONS).boxed().toList());
                        assertThat(FigureTraffic.counted(here.all())).isEqualTo(traffic.sums());
                    });
        }

        @Override
        public void close() {
            stop();
        }

        /// Leaves the group. Idempotent.
        void stop() {
            streams.close(
                    CloseOptions.groupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP)
                            .withTimeout(PATIENCE));
        }
    }
}
