package dev.millrace.verification;

import com.rabbitmq.client.ConnectionFactory;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.testkit.RabbitMqServer;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.command.ActiveMQQueue;
import zipkin2.Span;
import zipkin2.codec.SpanBytesEncoder;
import zipkin2.reporter.AsyncReporter;
import zipkin2.reporter.BytesMessageSender;
import zipkin2.reporter.amqp.RabbitMQSender;
import zipkin2.reporter.kafka.KafkaSender;

/// The real brokers that Zipkin's reporter can send to, one of each kind, and its senders.
///
/// Everywhere the topic or queue is the one that the senders use when they are told nothing.
final class ZipkinBrokers implements AutoCloseable {

    private static final String QUEUE = "zipkin";
    private static final String GROUP = KafkaFixture.uniqueName("zipkin-brokers");
    private static final long PATIENCE_SECONDS = 30;

    private final Path directory;
    private final KafkaFixture kafka = KafkaFixture.shared();
    private final RabbitMqServer rabbitMq = RabbitMqServer.launch();
    private final BrokerService activeMq = new BrokerService();
    private String activeMqUrl = "";

    enum Kind {
        KAFKA,
        RABBITMQ,
        ACTIVEMQ
    }

    /// @param directory for what programs print
    ZipkinBrokers(Path directory) {
        this.directory = directory;
    }

    void start() throws Exception {
        kafka.createTopic(QUEUE, 2);
        activeMq.setBrokerName("zipkin-brokers");
        activeMq.setPersistent(false);
        activeMq.setUseJmx(false);
        activeMq.setUseShutdownHook(false);
        var connector = activeMq.addConnector("tcp://127.0.0.1:0");
        activeMq.start();
        activeMq.waitUntilStarted();
        activeMqUrl = "tcp://127.0.0.1:" + connector.getConnectUri().getPort();
    }

    /// What makes a Millrace read from all of them.
    Map<String, String> settings() {
        return Map.of(
                "sources.kafka.topics." + QUEUE,
                "zipkin",
                "sources.kafka.bootstrap-servers",
                kafka.bootstrapServers(),
                "sources.kafka.group",
                GROUP,
                "sources.rabbitmq.addresses",
                rabbitMq.address(),
                "sources.activemq.url",
                activeMqUrl);
    }

    /// Reports spans and returns when the broker has them.
    void report(Kind kind, zipkin2.reporter.SpanBytesEncoder encoder, List<Span> spans)
            throws Exception {
        switch (kind) {
            case KAFKA ->
                    report(
                            KafkaSender.newBuilder()
                                    .bootstrapServers(kafka.bootstrapServers())
                                    .encoding(encoder.encoding())
                                    .build(),
                            encoder,
                            spans);
            case RABBITMQ ->
                    report(
                            RabbitMQSender.newBuilder()
                                    .addresses(rabbitMq.address())
                                    .encoding(encoder.encoding())
                                    .build(),
                            encoder,
                            spans);
            case ACTIVEMQ -> runActiveMqProgram(encoder, spans);
        }
    }

    private static void report(
            BytesMessageSender opened, zipkin2.reporter.SpanBytesEncoder encoder, List<Span> spans)
            throws Exception {
        try (var sender = opened;
                var reporter = AsyncReporter.builder(sender).build(encoder)) {
            spans.forEach(reporter::report);
            reporter.flush();
        }
    }

    private void runActiveMqProgram(zipkin2.reporter.SpanBytesEncoder encoder, List<Span> spans)
            throws Exception {
        Path classes =
                Path.of(
                        ActiveMqProgram.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toURI());
        Path libraries = classes.resolveSibling("activemq-sender").resolve("*");
        Path input = Files.createTempFile(directory, "spans", ".json");
        Files.write(input, SpanBytesEncoder.JSON_V2.encodeList(spans));
        Path output = Files.createTempFile(directory, "activemq", ".log");
        var program =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                classes + File.pathSeparator + libraries,
                                ActiveMqProgram.class.getName(),
                                activeMqUrl,
                                encoder.name())
                        .redirectErrorStream(true)
                        .redirectInput(input.toFile())
                        .redirectOutput(output.toFile())
                        .start();
        try {
            boolean ended = program.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (!ended || program.exitValue() != 0) {
                throw new AssertionError(
                        "the sender's program failed, it said: " + Files.readString(output));
            }
        } finally {
            program.destroyForcibly();
        }
    }

    /// How many messages nobody has acknowledged; at RabbitMQ, without those that a reader holds.
    long waiting(Kind kind) throws Exception {
        return switch (kind) {
            case KAFKA -> kafkaEnd() - kafkaCommitted();
            case RABBITMQ -> rabbitMqReady();
            case ACTIVEMQ -> activeMqStored();
        };
    }

    private long kafkaEnd() {
        return kafka.endOffsets(QUEUE).values().stream().mapToLong(Long::longValue).sum();
    }

    private long kafkaCommitted() throws Exception {
        try (var admin = kafka.admin()) {
            return admin
                    .listConsumerGroupOffsets(GROUP)
                    .partitionsToOffsetAndMetadata()
                    .get(PATIENCE_SECONDS, TimeUnit.SECONDS)
                    .values()
                    .stream()
                    .mapToLong(offset -> offset.offset())
                    .sum();
        }
    }

    private long rabbitMqReady() throws Exception {
        var factory = new ConnectionFactory();
        factory.setHost("127.0.0.1");
        factory.setPort(rabbitMq.port());
        try (var connection = factory.newConnection();
                var channel = connection.createChannel()) {
            return channel.messageCount(QUEUE);
        }
    }

    private long activeMqStored() throws Exception {
        return activeMq.getDestination(new ActiveMQQueue(QUEUE))
                .getDestinationStatistics()
                .getMessages()
                .getCount();
    }

    @Override
    public void close() {
        try (rabbitMq) {
            activeMq.stop();
        } catch (Exception e) {
            throw new IllegalStateException("activemq: not stopped", e);
        }
    }
}
