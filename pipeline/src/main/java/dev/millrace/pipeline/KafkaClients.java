package dev.millrace.pipeline;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.provider.DirectoryConfigProvider;
import org.apache.kafka.common.config.provider.EnvVarConfigProvider;
import org.apache.kafka.common.config.provider.FileConfigProvider;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/// Makes Kafka clients that keep our promises: acknowledged by all in-sync replicas, committed
/// records only, no commit that was not asked for.
///
/// Settings come from three places, later ones winning: ours, those of the part that asks, and
/// [KafkaConfig#properties()].
public final class KafkaClients {

    /// The largest record we write, its value and key together.
    static final int MAX_RECORD_BYTES = 8 << 20;

    /// The same with room for headers and the batch around it.
    static final int MAX_REQUEST_BYTES = MAX_RECORD_BYTES + (64 << 10);

    /// Kafka registers clients by id, process-wide.
    private static final AtomicInteger CLIENTS = new AtomicInteger();

    /// Kafka's own ways to keep secrets out of the configuration: `${env:NAME}`,
    /// `${directory:/path:file}` for a whole file, and `${file:/path:key}` for a line of one.
    private static final Map<String, Object> SECRETS =
            Map.of(
                    "config.providers",
                    "env,directory,file",
                    "config.providers.env.class",
                    EnvVarConfigProvider.class.getName(),
                    "config.providers.directory.class",
                    DirectoryConfigProvider.class.getName(),
                    "config.providers.file.class",
                    FileConfigProvider.class.getName());

    private static final Pattern VARIABLE = Pattern.compile("\\$\\{env:([^}]*)}");

    private static final Set<String> KNOWN =
            Stream.of(
                            ProducerConfig.configNames(),
                            ConsumerConfig.configNames(),
                            AdminClientConfig.configNames())
                    .flatMap(Set::stream)
                    .collect(Collectors.toUnmodifiableSet());

    /// What goes through spans one after the other reads a little later what comes in a trickle:
    /// each answer of a broker has its price, for both ends, and traces wait for seconds anyhow.
    private static final Map<String, Integer> READS_IN_PORTIONS =
            Map.of("fetch.min.bytes", 256 << 10, "fetch.max.wait.ms", 200);

    private final KafkaConfig config;

    public KafkaClients(KafkaConfig config) {
        this.config = config;
    }

    public KafkaConfig config() {
        return config;
    }

    /// @param role what the client is for, part of its client id
    public Admin admin(String role) {
        var settings = settings(role);
        settings.put("request.timeout.ms", 10_000);
        settings.put("default.api.timeout.ms", 20_000);
        passThrough(settings, AdminClientConfig.configNames());
        return Admin.create(settings);
    }

    /// An idempotent producer.
    ///
    /// @param overrides what this role needs differently
    public KafkaProducer<byte[], byte[]> producer(String role, Map<String, ?> overrides) {
        var settings = settings(role);
        settings.put("acks", "all");
        settings.put("enable.idempotence", true);
        settings.put("linger.ms", 10);
        settings.put("batch.size", 256 << 10);
        settings.put("compression.type", "lz4");
        settings.put("max.request.size", MAX_REQUEST_BYTES);
        settings.put("send.buffer.bytes", 1 << 20);
        settings.put("request.timeout.ms", 10_000);
        settings.put("delivery.timeout.ms", 30_000);
        settings.putAll(overrides);
        passThrough(settings, ProducerConfig.configNames());
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /// A producer whose transactions are given up by the broker soon after its owner died.
    public KafkaProducer<byte[], byte[]> transactionalProducer(
            String role, String transactionalId) {
        return producer(
                role,
                Map.of("transactional.id", transactionalId, "transaction.timeout.ms", 10_000));
    }

    /// A member of a group that reads committed records, from the first one when the group is new.
    public KafkaConsumer<byte[], byte[]> consumer(String role, String group) {
        return member(role, group, CooperativeStickyAssignor.class.getName());
    }

    /// The same in a group that gives partition p of all its topics, which have as many, to one
    /// member. The price is that all of them let go of everything when one comes or goes.
    ///
    /// While members are about that were made by [#consumer], it gives partitions as they do.
    KafkaConsumer<byte[], byte[]> coPartitionedConsumer(String role, String group) {
        return member(
                role,
                group,
                RangeAssignor.class.getName() + "," + CooperativeStickyAssignor.class.getName());
    }

    private KafkaConsumer<byte[], byte[]> member(String role, String group, String assignors) {
        var settings = consumerSettings(role);
        settings.put("group.id", group);
        settings.put("group.protocol", "classic");
        settings.put("partition.assignment.strategy", assignors);
        int sessionMillis = Math.toIntExact(config.sessionTimeout().toMillis());
        settings.put("session.timeout.ms", sessionMillis);
        settings.put("heartbeat.interval.ms", sessionMillis / 3);
        settings.putAll(READS_IN_PORTIONS);
        return consumer(settings);
    }

    /// A reader of committed records outside of any group.
    public KafkaConsumer<byte[], byte[]> reader(String role) {
        return reader(role, Map.of());
    }

    /// The same.
    ///
    /// @param overrides what this role needs differently
    KafkaConsumer<byte[], byte[]> reader(String role, Map<String, ?> overrides) {
        var settings = consumerSettings(role);
        settings.putAll(overrides);
        return consumer(settings);
    }

    private KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> settings) {
        passThrough(settings, ConsumerConfig.configNames());
        return new KafkaConsumer<>(
                settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private Map<String, Object> consumerSettings(String role) {
        var settings = settings(role);
        settings.put("isolation.level", "read_committed");
        settings.put("enable.auto.commit", false);
        settings.put("auto.offset.reset", "earliest");
        settings.put("allow.auto.create.topics", false);
        settings.put("max.poll.records", 5_000);
        settings.put("fetch.max.bytes", 2 * MAX_REQUEST_BYTES);
        settings.put("receive.buffer.bytes", 1 << 20);
        settings.put("default.api.timeout.ms", 20_000);
        settings.put("request.timeout.ms", 15_000);
        return settings;
    }

    /// Settings for a library that makes its clients itself, of all kinds: where Kafka is, how
    /// secrets are named, committed records only, and all that the operator has set for clients.
    ///
    /// @param ours the settings of the library itself and for its clients; the operator's win
    public Map<String, Object> librarySettings(Map<String, ?> ours) {
        var settings = new HashMap<String, Object>();
        settings.put("bootstrap.servers", config.bootstrapServers());
        settings.putAll(SECRETS);
        settings.put("isolation.level", "read_committed");
        settings.put("fetch.max.bytes", 2 * MAX_REQUEST_BYTES);
        settings.put("receive.buffer.bytes", 1 << 20);
        settings.putAll(READS_IN_PORTIONS);
        settings.putAll(ours);
        config.properties()
                .forEach((name, value) -> {
                    checkVariables(name, value);
                    settings.put(name, value);
                });
        return settings;
    }

    private Map<String, Object> settings(String role) {
        var settings = new HashMap<String, Object>();
        settings.put("bootstrap.servers", config.bootstrapServers());
        settings.put("client.id", "millrace-" + role + "-" + CLIENTS.incrementAndGet());
        settings.putAll(SECRETS);
        return settings;
    }

    // A setting of another kind of client would only make Kafka warn; one that no client knows is
    // for a plug-in, and goes everywhere.
    private void passThrough(Map<String, Object> settings, Set<String> names) {
        config.properties()
                .forEach((name, value) -> {
                    if (names.contains(name) || !KNOWN.contains(name)) {
                        checkVariables(name, value);
                        settings.put(name, value);
                    }
                });
    }

    // Kafka would take the reference itself for the secret.
    private static void checkVariables(String name, String value) {
        var references = VARIABLE.matcher(value);
        while (references.find()) {
            if (System.getenv(references.group(1)) == null) {
                throw new IllegalArgumentException(
                        name
                                + ": environment variable "
                                + references.group(1)
                                + ": not set (expected: a value)");
            }
        }
    }
}
