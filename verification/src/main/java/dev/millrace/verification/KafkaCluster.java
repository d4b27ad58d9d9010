package dev.millrace.verification;

import dev.millrace.verification.MillraceProcess.Program;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;
import org.jspecify.annotations.Nullable;

/// A Kafka cluster of three brokers, each in a process of its own and a controller too, to be
/// killed and started again on the same data and the same ports.
///
/// Its topics have three replicas, of which two must have a record before it is acknowledged. Not
/// safe for threads.
final class KafkaCluster implements AutoCloseable {

    static final int BROKERS = 3;

    /// How long a broker may be silent before others lead its partitions: a little less than what
    /// Kafka has it, so that the traces under way when it dies are not cut in two by that.
    static final Duration SESSION = Duration.ofSeconds(4);

    private static final Duration START_PATIENCE = Duration.ofMinutes(3);
    private static final Duration LOOK_EVERY = Duration.ofMillis(200);
    private static final long ANSWER_SECONDS = 15;
    private static final int MAX_BATCH_BYTES = (8 << 20) + (64 << 10);

    private final Path directory;
    private final List<Integer> ports;
    private final List<Integer> controllerPorts;
    private final List<@Nullable Process> processes = new ArrayList<>();

    /// @param directory an empty one
    KafkaCluster(Path directory) {
        this.directory = directory;
        this.ports = IntStream.range(0, BROKERS).mapToObj(_ -> FreePorts.next()).toList();
        this.controllerPorts = IntStream.range(0, BROKERS).mapToObj(_ -> FreePorts.next()).toList();
        for (int i = 0; i < BROKERS; i++) {
            processes.add(null);
        }
    }

    /// Makes the brokers and returns once all of them are known to one another.
    void start() throws Exception {
        String cluster = Uuid.randomUuid().toString();
        for (int i = 0; i < BROKERS; i++) {
            format(i, cluster);
            launch(i);
        }
        awaitBrokers();
    }

    String bootstrapServers() {
        return ports.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
    }

    Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", bootstrapServers()));
    }

    /// Ends a broker as `kill -9` does.
    ///
    /// @param id as Kafka has it, from 1 on
    void kill(int id) throws InterruptedException {
        var process = processes.get(id - 1);
        if (process == null) {
            throw new IllegalStateException("broker " + id + ": not started");
        }
        process.destroyForcibly().waitFor();
    }

    /// Starts a broker again that was killed, and returns once the others know it.
    void restart(int id) throws IOException, InterruptedException {
        launch(id - 1);
        awaitBrokers();
    }

    /// Waits until every replica of every partition is in sync, so that another broker may die.
    void awaitInSync(Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        try (var admin = admin()) {
            while (!isInSync(admin)) {
                if (System.nanoTime() - deadline > 0) {
                    throw new IllegalStateException("not in sync within " + patience + tails());
                }
                LockSupport.parkNanos(LOOK_EVERY.toNanos());
            }
        }
    }

    private static boolean isInSync(Admin admin) throws InterruptedException {
        try {
            var names =
                    admin.listTopics(new ListTopicsOptions().listInternal(true))
                            .names()
                            .get(ANSWER_SECONDS, TimeUnit.SECONDS);
            return admin
                    .describeTopics(names)
                    .allTopicNames()
                    .get(ANSWER_SECONDS, TimeUnit.SECONDS)
                    .values()
                    .stream()
                    .flatMap(topic -> topic.partitions().stream())
                    .allMatch(at -> at.isr().size() == at.replicas().size());
        } catch (ExecutionException | TimeoutException _) {
            return false;
        }
    }

    private void awaitBrokers() throws InterruptedException {
        long deadline = System.nanoTime() + START_PATIENCE.toNanos();
        try (var admin = admin()) {
            while (brokers(admin) < BROKERS) {
                for (int i = 0; i < BROKERS; i++) {
                    var process = processes.get(i);
                    if (process != null && !process.isAlive()) {
                        throw new IllegalStateException("broker " + (i + 1) + " ended" + tails());
                    }
                }
                if (System.nanoTime() - deadline > 0) {
                    throw new IllegalStateException(
                            "no " + BROKERS + " brokers within " + START_PATIENCE + tails());
                }
                LockSupport.parkNanos(LOOK_EVERY.toNanos());
            }
        }
    }

    private static int brokers(Admin admin) throws InterruptedException {
        try {
            return admin.describeCluster().nodes().get(ANSWER_SECONDS, TimeUnit.SECONDS).size();
        } catch (ExecutionException | TimeoutException _) {
            return 0;
        }
    }

    private void format(int index, String cluster) throws Exception {
        String log = log(index).toString();
        Files.createDirectories(home(index));
        new Formatter()
                .setClusterId(cluster)
                .setNodeId(index + 1)
                .setControllerListenerName("CONTROLLER")
                .setMetadataLogDirectory(log)
                .addDirectory(log)
                .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
                .setPrintStream(new PrintStream(PrintStream.nullOutputStream(), false))
                .run();
        try (var out = Files.newOutputStream(home(index).resolve("server.properties"))) {
            settings(index).store(out, null);
        }
    }

    private Properties settings(int index) {
        var settings = new Properties();
        settings.putAll(
                Map.of(
                        "process.roles",
                        "broker,controller",
                        "node.id",
                        Integer.toString(index + 1),
                        "listeners",
                        "PLAINTEXT://127.0.0.1:"
                                + ports.get(index)
                                + ",CONTROLLER://127.0.0.1:"
                                + controllerPorts.get(index),
                        "listener.security.protocol.map",
                        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                        "controller.listener.names",
                        "CONTROLLER",
                        "controller.quorum.voters",
                        IntStream.range(0, BROKERS)
                                .mapToObj(i -> (i + 1) + "@127.0.0.1:" + controllerPorts.get(i))
                                .collect(Collectors.joining(",")),
                        "log.dirs",
                        log(index).toString(),
                        "auto.create.topics.enable",
                        "false",
                        "broker.session.timeout.ms",
                        Long.toString(SESSION.toMillis()),
                        "broker.heartbeat.interval.ms",
                        "500"));
        settings.putAll(
                Map.of(
                        "default.replication.factor", "3",
                        "min.insync.replicas", "2",
                        "offsets.topic.replication.factor", "3",
                        "offsets.topic.num.partitions", "3",
                        "transaction.state.log.replication.factor", "3",
                        "transaction.state.log.min.isr", "2",
                        "transaction.state.log.num.partitions", "3",
                        "message.max.bytes", Integer.toString(MAX_BATCH_BYTES),
                        "replica.fetch.max.bytes", Integer.toString(MAX_BATCH_BYTES),
                        "log.cleaner.dedupe.buffer.size", Integer.toString(4 << 20)));
        return settings;
    }

    private void launch(int index) throws IOException {
        var line = new ArrayList<>(Program.JAVA);
        line.addAll(ClassArchive.options());
        line.add("kafka.Kafka");
        line.add(home(index).resolve("server.properties").toString());
        processes.set(
                index,
                new ProcessBuilder(line)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(output(index).toFile()))
                        .start());
    }

    private Path home(int index) {
        return directory.resolve("broker-" + (index + 1));
    }

    private Path log(int index) {
        return home(index).resolve("log");
    }

    private Path output(int index) {
        return home(index).resolve("broker.log");
    }

    private String tails() {
        var text = new StringBuilder();
        for (int i = 0; i < BROKERS; i++) {
            try {
                var lines = Files.readAllLines(output(i));
                text.append("\nbroker ").append(i + 1).append(":\n");
                lines.stream()
                        .skip(Math.max(0, lines.size() - 10))
                        .forEach(line -> text.append(line).append('\n'));
            } catch (IOException e) {
                text.append("\nno log: ").append(e.getMessage());
            }
        }
        return text.toString();
    }

    @Override
    public void close() {
        for (var process : processes) {
            if (process != null) {
                process.destroyForcibly();
            }
        }
    }
}
