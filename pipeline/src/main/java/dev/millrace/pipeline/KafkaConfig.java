package dev.millrace.pipeline;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// How to reach Kafka and what to expect of it.
///
/// @param bootstrapServers `host:port`, more of them separated by commas
/// @param properties settings for all of our Kafka clients, TLS and SASL included, by Kafka's own
///   names; they win over ours, except those that correctness rests on, which are refused. Secrets
///   may be named instead of given: `${env:NAME}`, `${directory:/path:file}`, `${file:/path:key}`
/// @param replicationFactor copies of each record where the cluster has the brokers
/// @param durability what to do when it has fewer
/// @param sessionTimeout after how long without a heartbeat a consumer counts as dead
public record KafkaConfig(
        String bootstrapServers,
        Map<String, String> properties,
        int replicationFactor,
        Durability durability,
        Duration sessionTimeout) {

    /// What to do about a cluster that cannot keep as many copies as asked for.
    public enum Durability {
        /// Warn and keep as many as there are brokers.
        LENIENT,
        /// Refuse to start.
        STRICT
    }

    /// What "acknowledged", "committed" and "nothing lost" mean would change with these.
    private static final Set<String> OURS =
            Set.of(
                    "acks",
                    "auto.offset.reset",
                    "bootstrap.servers",
                    "enable.auto.commit",
                    "enable.idempotence",
                    "group.id",
                    "isolation.level",
                    "key.deserializer",
                    "key.serializer",
                    "max.block.ms",
                    "transactional.id",
                    "value.deserializer",
                    "value.serializer");

    public KafkaConfig {
        if (bootstrapServers.isBlank()) {
            throw new IllegalArgumentException(
                    "bootstrap-servers: \"" + bootstrapServers + "\" (expected: host:port)");
        }
        var refused = new TreeSet<>(properties.keySet());
        refused.retainAll(OURS);
        if (!refused.isEmpty()) {
            throw new IllegalArgumentException(
                    "properties: "
                            + refused
                            + " (expected: none of these, since correctness rests on the values"
                            + " Millrace gives them)");
        }
        if (replicationFactor < 1 || replicationFactor > Short.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "replication-factor: " + replicationFactor + " (expected: 1 to 32767)");
        }
        if (sessionTimeout.toMillis() < 1_000) {
            throw new IllegalArgumentException(
                    "session-timeout: " + sessionTimeout + " (expected: at least 1 s)");
        }
        properties = Map.copyOf(properties);
    }

    /// For a cluster: three copies of everything.
    public static KafkaConfig cluster(String bootstrapServers) {
        return new KafkaConfig(
                bootstrapServers, Map.of(), 3, Durability.LENIENT, Duration.ofSeconds(10));
    }

    /// For the embedded broker: the one copy it can keep, and dead consumers noticed sooner.
    public static KafkaConfig embedded(String bootstrapServers) {
        return new KafkaConfig(
                bootstrapServers, Map.of(), 1, Durability.LENIENT, Duration.ofSeconds(6));
    }

    /// Leaves the values of properties out: passwords are among them.
    @Override
    public String toString() {
        return "KafkaConfig["
                + bootstrapServers
                + ", properties="
                + new TreeSet<>(properties.keySet())
                + ", replicationFactor="
                + replicationFactor
                + ", durability="
                + durability
                + ", sessionTimeout="
                + sessionTimeout
                + "]";
    }
}
