package dev.millrace.broker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.broker.BrokerConfig.Listener;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Exit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedBrokerTest {

    private static final FaultListener NO_FAULT =
            (message, cause) -> {
                throw new AssertionError(message, cause);
            };

    @TempDir Path directory;

    @Test
    void servesAgainOnTheSameDirectoryWithAnotherPort() throws Exception {
        // Given
        String firstServers;
        try (var broker = new EmbeddedBroker(config(0), NO_FAULT)) {
            broker.start();
            firstServers = broker.bootstrapServers();
            createTopic(firstServers);
            send(firstServers, "before");
        }
        int otherPort = freePort();

        // When
        try (var broker = new EmbeddedBroker(config(otherPort), NO_FAULT)) {
            broker.start();
            send(broker.bootstrapServers(), "after");

            // Then
            assertThat(broker.bootstrapServers()).isEqualTo("127.0.0.1:" + otherPort);
            assertThat(broker.healthy()).isTrue();
            assertThat(read(broker.bootstrapServers(), 2)).containsExactly("before", "after");
        }
    }

    @Test
    void keepsWhatItAcknowledgedWhenItsProcessIsKilled() throws Exception {
        // Given
        Process child = childProcess();
        try (var output =
                new BufferedReader(new InputStreamReader(child.getInputStream(), UTF_8))) {
            String servers = awaitServing(output);
            createTopic(servers);
            send(servers, "acknowledged");
        } finally {
            // When
            child.destroyForcibly().waitFor(10, SECONDS);
        }

        // Then
        try (var broker = new EmbeddedBroker(config(0), NO_FAULT)) {
            broker.start();
            assertThat(read(broker.bootstrapServers(), 1)).containsExactly("acknowledged");
        }
    }

    @Test
    void refusesADirectoryThatAnotherBrokerHas() {
        // Given
        try (var first = new EmbeddedBroker(config(0), NO_FAULT);
                var second = new EmbeddedBroker(config(0), NO_FAULT)) {
            first.start();

            // When, Then
            assertThatThrownBy(second::start)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(directory.toString())
                    .hasMessageContaining("in use by another broker");
        }
    }

    @Test
    void reportsAnAttemptToEndTheProcessInsteadOfEndingIt() {
        // Given
        var faults = new CopyOnWriteArrayList<String>();
        try (var broker = new EmbeddedBroker(config(0), (message, _) -> faults.add(message))) {
            broker.start();

            // When
            assertThatThrownBy(() -> Exit.halt(1, "log directory failed"))
                    .isInstanceOf(IllegalStateException.class);

            // Then
            assertThat(faults)
                    .containsExactly("broker asked for halt with status 1: log directory failed");
            assertThat(broker.healthy()).isFalse();
        }
    }

    @Test
    void startsAfterAFormatThatWasCutShort() throws Exception {
        // Given
        Files.createDirectories(directory.resolve("log.new/half"));

        // When
        try (var broker = new EmbeddedBroker(config(0), NO_FAULT)) {
            broker.start();

            // Then
            assertThat(broker.healthy()).isTrue();
            assertThat(directory.resolve("log.new")).doesNotExist();
        }
    }

    @Test
    void closesTwiceAndWithoutAStart() {
        // Given
        var broker = new EmbeddedBroker(config(0), NO_FAULT);

        // When
        broker.close();
        broker.close();

        // Then
        assertThatThrownBy(broker::bootstrapServers).hasMessageContaining("not running");
        assertThatThrownBy(broker::start).hasMessageContaining("started before");
    }

    @Test
    void tellsThoseWhoComeAnotherWayWhereToComeBackTo() throws Exception {
        // Given
        int port = freePort();
        var far = new Listener("FAR", "PLAINTEXT", "0.0.0.0", port, "localhost:" + port, Map.of());
        var config = new BrokerConfig(directory, "127.0.0.1", 0, List.of(far));

        try (var broker = new EmbeddedBroker(config, NO_FAULT)) {
            // When
            broker.start();

            // Then
            assertThat(broker.bootstrapServers("FAR")).isEqualTo("localhost:" + port);
            assertThat(told("127.0.0.1:" + port)).isEqualTo("localhost:" + port);
            assertThat(told(broker.bootstrapServers())).isEqualTo(broker.bootstrapServers());
        }
    }

    /// Where a client that asks here is told to go.
    private static String told(String servers) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", servers))) {
            var nodes = admin.describeCluster().nodes().get(30, SECONDS);
            var node = nodes.iterator().next();
            return node.host() + ":" + node.port();
        }
    }

    @Test
    void refusesWhatNoClientCouldConnectTo() {
        assertThatThrownBy(() -> new BrokerConfig(directory, "0.0.0.0", 0))
                .hasMessage(
                        "host: \"0.0.0.0\" (expected: a name or address that clients can connect"
                                + " to)");
        assertThatThrownBy(() -> new BrokerConfig(directory, "localhost", 99_999))
                .hasMessage("port: 99999 (expected: 0 to 65535)");
        assertThatThrownBy(() -> new Listener("FAR", "SSL", "0.0.0.0", 9093, "", Map.of()))
                .hasMessage(
                        "advertised: \"\" with host: \"0.0.0.0\" (expected: host:port that clients"
                                + " can connect to)");
        assertThatThrownBy(() -> new Listener("FAR", "SSL", "", 9093, "somewhere", Map.of()))
                .hasMessageContaining("advertised: \"somewhere\"");
    }

    private BrokerConfig config(int port) {
        return new BrokerConfig(directory, "127.0.0.1", port);
    }

    private static int freePort() throws Exception {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private Process childProcess() throws Exception {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        BrokerProcess.class.getName(),
                        directory.toString())
                .redirectError(new File("/dev/null"))
                .start();
    }

    private static String awaitServing(BufferedReader output) throws Exception {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith("serving ")) {
                return line.substring("serving ".length());
            }
        }
        throw new AssertionError("the child broker ended before it served");
    }

    private static void createTopic(String servers) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
            admin.createTopics(List.of(new NewTopic("words", 1, (short) 1))).all().get(30, SECONDS);
        }
    }

    private static void send(String servers, String word) throws Exception {
        try (var producer =
                new KafkaProducer<>(
                        Map.<String, Object>of(
                                "bootstrap.servers", servers, "enable.idempotence", "false"),
                        new StringSerializer(),
                        new StringSerializer())) {
            producer.send(new ProducerRecord<>("words", word)).get(30, SECONDS);
        }
    }

    private static List<String> read(String servers, int count) {
        var words = new ArrayList<String>();
        try (var consumer =
                new KafkaConsumer<>(
                        Map.<String, Object>of("bootstrap.servers", servers),
                        new StringDeserializer(),
                        new StringDeserializer())) {
            var partition = List.of(new TopicPartition("words", 0));
            consumer.assign(partition);
            consumer.seekToBeginning(partition);
            long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (words.size() < count && System.nanoTime() < deadline) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> words.add(record.value()));
            }
        }
        return words;
    }
}
