package dev.millrace.storage.cassandra;

import dev.millrace.model.ByteSize;
import dev.millrace.storage.api.ServerTls;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where Cassandra is, what belongs to us there, and how it is asked.
///
/// @param contactPoints nodes to ask for all others; one that answers is enough
/// @param localDatacenter the datacenter whose nodes are asked
/// @param keyspace of the default tenant; another tenant's has this name and one of its own
/// @param user empty for none
/// @param password not shown
/// @param tls null for connections without
/// @param checkHostNames with TLS, whether the certificate of a node must be for the name, or else
///   the address, that it is reached by; otherwise it is enough who signed it
/// @param createSchema whether keyspaces, tables and columns that are missing are created
/// @param replication copies of everything in each datacenter, for keyspaces that are created
/// @param retention how long traces are kept, for tables that are created; zero for ever
/// @param dependencyRetention the same of the figures of services
/// @param extraIndexes whether what lets traces be searched without naming a service is written and
///   asked
/// @param maxInFlight requests that wait for an answer at once
/// @param consistency of every read and write
/// @param requestTimeout of every request
/// @param maxSpan the largest span that is taken in, as OTLP; a row takes about twice as much, and
///   a node takes no row that is larger than half of its `commitlog_segment_size`
public record CassandraConfig(
        List<InetSocketAddress> contactPoints,
        String localDatacenter,
        String keyspace,
        String user,
        String password,
        @Nullable ServerTls tls,
        boolean checkHostNames,
        boolean createSchema,
        Map<String, Integer> replication,
        Duration retention,
        Duration dependencyRetention,
        boolean extraIndexes,
        int maxInFlight,
        Consistency consistency,
        Duration requestTimeout,
        ByteSize maxSpan) {

    /// As Jaeger's samples have it, so that both find each other's traces.
    public static final String DEFAULT_KEYSPACE = "jaeger_v1_dc1";

    public static final Duration DEFAULT_RETENTION = Duration.ofDays(2);

    /// Cassandra keeps nothing for longer, unless for ever.
    private static final Duration MAX_RETENTION = Duration.ofDays(20 * 365);

    public CassandraConfig {
        contactPoints = List.copyOf(contactPoints);
        replication = Map.copyOf(replication);
        if (contactPoints.isEmpty()) {
            throw new IllegalArgumentException(
                    "contact-points: none (expected: at least one host:port)");
        }
        if (localDatacenter.isEmpty()) {
            throw new IllegalArgumentException(
                    "local-datacenter: empty (expected: the name of a datacenter, as `nodetool"
                            + " status` shows it)");
        }
        if (!keyspace.matches("[a-z][a-z0-9_]{0,28}")) {
            throw new IllegalArgumentException(
                    "keyspace: \""
                            + keyspace
                            + "\" (expected: a lower-case letter and up to 28 lower-case letters,"
                            + " digits or '_')");
        }
        if (user.isEmpty() != password.isEmpty()) {
            throw new IllegalArgumentException(
                    "user and password: only one of them (expected: both or none)");
        }
        replication.forEach((datacenter, copies) -> {
            if (datacenter.contains("'") || copies < 1) {
                throw new IllegalArgumentException(
                        "replication: "
                                + datacenter
                                + "="
                                + copies
                                + " (expected: a datacenter and at least 1 copy)");
            }
        });
        if (createSchema && replication.isEmpty()) {
            throw new IllegalArgumentException(
                    "replication: none (expected: copies in at least one datacenter, as the schema"
                            + " is to be created)");
        }
        requireRetention("retention", retention);
        requireRetention("dependency-retention", dependencyRetention);
        if (maxInFlight < 1 || maxInFlight > 100_000) {
            throw new IllegalArgumentException(
                    "max-in-flight: " + maxInFlight + " (expected: 1 to 100000)");
        }
        if (requestTimeout.compareTo(Duration.ofMillis(10)) < 0
                || requestTimeout.compareTo(Duration.ofMinutes(5)) > 0) {
            throw new IllegalArgumentException(
                    "request-timeout: " + requestTimeout + " (expected: PT0.01S to PT5M)");
        }
        if (maxSpan.bytes() < 1024 || maxSpan.bytes() > 64 << 20) {
            throw new IllegalArgumentException(
                    "max-span: " + maxSpan + " (expected: 1KiB to 64MiB)");
        }
    }

    /// Everything but the addresses as recommended, without credentials; the schema is created with
    /// one copy.
    public static CassandraConfig of(
            List<InetSocketAddress> contactPoints, String localDatacenter) {
        return new CassandraConfig(
                contactPoints,
                localDatacenter,
                DEFAULT_KEYSPACE,
                "",
                "",
                null,
                true,
                true,
                Map.of(localDatacenter, 1),
                DEFAULT_RETENTION,
                Duration.ZERO,
                true,
                512,
                Consistency.LOCAL_QUORUM,
                Duration.ofSeconds(5),
                ByteSize.ofMebibytes(4));
    }

    private static void requireRetention(String name, Duration value) {
        if (value.isNegative()
                || (value.isPositive() && value.compareTo(Duration.ofHours(1)) < 0)
                || value.compareTo(MAX_RETENTION) > 0) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: PT1H to 7300 days, or PT0S for ever)");
        }
    }

    @Override
    public String toString() {
        return "CassandraConfig["
                + contactPoints
                + ", datacenter="
                + localDatacenter
                + ", keyspace="
                + keyspace
                + ", user="
                + (user.isEmpty() ? "none" : user)
                + ", password="
                + (password.isEmpty() ? "none" : "***")
                + "]";
    }
}
