package dev.millrace.server;

import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.StorageConfig;
import dev.millrace.server.config.StorageConfig.Layout;
import dev.millrace.server.config.StorageConfig.StorageType;
import dev.millrace.storage.api.ServerTls;
import dev.millrace.storage.cassandra.CassandraConfig;
import dev.millrace.storage.cassandra.Consistency;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig;
import dev.millrace.storage.elasticsearch.RolloverLimits;
import dev.millrace.storage.local.LocalStoreConfig;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the settings of `storage` come to for each kind of store.
final class StoreConfigs {

    private static final int CASSANDRA_PORT = 9_042;

    private StoreConfigs() {}

    static LocalStoreConfig local(MillraceConfig config) {
        var local = config.storage().local();
        return new LocalStoreConfig(
                local.directoryBelow(config.dataDir()),
                local.window(),
                local.retention(),
                local.maxSize());
    }

    /// @throws IllegalArgumentException when a setting is of no use, or a secret cannot be read
    static ElasticsearchConfig elasticsearch(MillraceConfig config) {
        var wanted = config.storage().elasticsearch();
        var fields = wanted.tagsAsFields();
        return new ElasticsearchConfig(
                new ElasticsearchConfig.Connection(
                        wanted.urls().stream().map(StoreConfigs::url).toList(),
                        new ElasticsearchConfig.Credentials(
                                wanted.username(),
                                Secrets.password(wanted.password(), wanted.passwordFile()),
                                Secrets.secret("api-key", wanted.apiKey(), wanted.apiKeyFile())),
                        tls(
                                wanted.certificateAuthority(),
                                wanted.certificate(),
                                wanted.certificateKey()),
                        wanted.requestTimeout()),
                new ElasticsearchConfig.Indices(
                        wanted.indexPrefix(),
                        switch (wanted.layout()) {
                            case DAILY -> ElasticsearchConfig.Layout.DAILY;
                            case ROLLOVER -> ElasticsearchConfig.Layout.ROLLOVER;
                        },
                        wanted.dateSeparator(),
                        ElasticsearchConfig.Rotation.valueOf(wanted.spanRotation().name()),
                        ElasticsearchConfig.Rotation.valueOf(wanted.serviceRotation().name()),
                        wanted.shards(),
                        wanted.replicas(),
                        wanted.createTemplates()),
                new ElasticsearchConfig.TagsAsFields(
                        fields.all(), Set.copyOf(fields.keys()), fields.dotReplacement()),
                new ElasticsearchConfig.Writes(
                        switch (wanted.refresh()) {
                            case IMMEDIATE -> ElasticsearchConfig.Refresh.IMMEDIATE;
                            case WAIT -> ElasticsearchConfig.Refresh.WAIT;
                        },
                        wanted.bulkBytes()));
    }

    /// The same, of other servers.
    static ElasticsearchConfig elasticsearch(
            MillraceConfig config, StoreAddress.Elasticsearch address) {
        var usual = elasticsearch(config);
        var connection = usual.connection();
        var indices = usual.indices();
        return new ElasticsearchConfig(
                new ElasticsearchConfig.Connection(
                        address.urls(),
                        connection.credentials(),
                        connection.tls(),
                        connection.requestTimeout()),
                new ElasticsearchConfig.Indices(
                        address.prefix(),
                        indices.layout(),
                        indices.dateSeparator(),
                        indices.spanRotation(),
                        indices.serviceRotation(),
                        indices.shards(),
                        indices.replicas(),
                        indices.templates()),
                usual.tagsAsFields(),
                usual.writes());
    }

    /// @throws IllegalArgumentException when a setting is of no use, or a secret cannot be read
    static CassandraConfig cassandra(MillraceConfig config) {
        var wanted = config.storage().cassandra();
        return cassandra(
                config,
                wanted.contactPoints().stream().map(StoreConfigs::contactPoint).toList(),
                wanted.keyspace(),
                wanted.retention());
    }

    /// The same, of other nodes.
    static CassandraConfig cassandra(MillraceConfig config, StoreAddress.Cassandra address) {
        var retention = config.storage().cassandra().retention();
        return cassandra(config, address.contactPoints(), address.keyspace(), retention);
    }

    /// The same, with tables in which nothing expires.
    static CassandraConfig archive(MillraceConfig config, StoreAddress.Cassandra address) {
        return cassandra(config, address.contactPoints(), address.keyspace(), Duration.ZERO);
    }

    private static CassandraConfig cassandra(
            MillraceConfig config,
            List<InetSocketAddress> contactPoints,
            String keyspace,
            Duration retention) {
        var wanted = config.storage().cassandra();
        return new CassandraConfig(
                contactPoints,
                wanted.localDatacenter(),
                keyspace,
                wanted.username(),
                Secrets.password(wanted.password(), wanted.passwordFile()),
                tls(wanted),
                wanted.checkHostNames(),
                wanted.createSchema(),
                replication(wanted.replication(), wanted.localDatacenter()),
                retention,
                wanted.dependencyRetention(),
                wanted.extraIndexes(),
                wanted.maxInFlight(),
                Consistency.valueOf(wanted.consistency().name()),
                wanted.requestTimeout(),
                wanted.maxSpan());
    }

    // Whoever names a file of it wants it.
    private static @Nullable ServerTls tls(StorageConfig.CassandraConfig wanted) {
        var tls = tls(wanted.certificateAuthority(), wanted.certificate(), wanted.certificateKey());
        return wanted.tls() || !tls.equals(ServerTls.USUAL) ? tls : null;
    }

    private static ServerTls tls(String authority, String certificate, String key) {
        return new ServerTls(file(authority), file(certificate), file(key));
    }

    private static Map<String, Integer> replication(
            Map<String, String> wanted, String localDatacenter) {
        if (wanted.isEmpty()) {
            return Map.of(localDatacenter, 1);
        }
        var copies = new HashMap<String, Integer>();
        wanted.forEach((datacenter, number) -> {
            try {
                copies.put(datacenter, Integer.valueOf(number));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        "replication.%s: \"%s\" (expected: a number of copies)"
                                .formatted(datacenter, number),
                        e);
            }
        });
        return copies;
    }

    /// How long the configured store keeps traces, for a process with those roles to see to; empty
    /// where the store sees to that itself, or others do: who only reads has nothing to delete, and
    /// may not be allowed to. The embedded store has no others.
    static Optional<Duration> retention(MillraceConfig config, Set<Role> roles) {
        var storage = config.storage();
        return switch (storage.type()) {
            case LOCAL -> Optional.of(storage.local().retention());
            case ELASTICSEARCH ->
                    Optional.of(storage.elasticsearch().retention())
                            .filter(_ -> roles.contains(Role.INGESTER));
            case CASSANDRA, KAFKA -> Optional.empty();
        };
    }

    /// How often and when the next indices are begun; empty where the configured store has none, or
    /// somebody else begins them.
    ///
    /// @throws IllegalArgumentException when a setting is of no use
    static Optional<RolloverSchedule> rollover(MillraceConfig config) {
        var storage = config.storage();
        var wanted = storage.elasticsearch().rollOver();
        var schedule =
                new RolloverSchedule(
                        new RolloverLimits(wanted.age(), wanted.documents()), wanted.interval());
        return storage.type() == StorageType.ELASTICSEARCH
                        && storage.elasticsearch().layout() == Layout.ROLLOVER
                        && wanted.enabled()
                ? Optional.of(schedule)
                : Optional.empty();
    }

    /// When indices are looked at and rolled over.
    record RolloverSchedule(RolloverLimits limits, Duration interval) {

        private static final Duration LEAST = Duration.ofSeconds(1);
        private static final Duration MOST = Duration.ofDays(1);

        RolloverSchedule {
            if (interval.compareTo(LEAST) < 0 || interval.compareTo(MOST) > 0) {
                throw new IllegalArgumentException(
                        "interval: " + interval + " (expected: 1s to 1d)");
            }
            if (limits.age().compareTo(interval) < 0) {
                throw new IllegalArgumentException(
                        "age: "
                                + limits.age()
                                + " (expected: at least the interval, "
                                + interval
                                + ")");
            }
        }
    }

    private static URI url(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(
                    "urls: \"" + text + "\" (expected: http://host:port or https://host:port)", e);
        }
    }

    private static InetSocketAddress contactPoint(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? text : text.substring(0, colon);
        try {
            int port =
                    colon < 0
                            ? CASSANDRA_PORT
                            : Integer.parseInt(text, colon + 1, text.length(), 10);
            if (!host.isEmpty()) {
                return new InetSocketAddress(host, port);
            }
        } catch (IllegalArgumentException _) {
            // Told below.
        }
        throw new IllegalArgumentException(
                "contact-points: \"" + text + "\" (expected: host:port)");
    }

    private static @Nullable Path file(String name) {
        return name.isEmpty() ? null : Path.of(name);
    }
}
