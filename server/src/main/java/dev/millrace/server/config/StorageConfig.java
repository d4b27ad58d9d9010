package dev.millrace.server.config;

import dev.millrace.model.ByteSize;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Where traces are kept: the kind of store, and the settings of each kind.
public record StorageConfig(
        StorageType type,
        LocalConfig local,
        ElasticsearchConfig elasticsearch,
        CassandraConfig cassandra,
        KafkaStoreConfig kafka) {

    /// Which store keeps traces.
    public enum StorageType {
        /// The embedded store.
        LOCAL,
        /// Elasticsearch or OpenSearch.
        ELASTICSEARCH,
        CASSANDRA,
        /// The topics themselves, with an index of them on every process that answers queries.
        KAFKA
    }

    /// The embedded store. An empty directory means `store` below the data directory.
    public record LocalConfig(
            String directory, Duration window, Duration retention, ByteSize maxSize) {

        public Path directoryBelow(Path dataDir) {
            return directory.isEmpty() ? dataDir.resolve("store") : Path.of(directory);
        }
    }

    /// Elasticsearch or OpenSearch.
    public record ElasticsearchConfig(
            List<String> urls,
            String username,
            String password,
            String passwordFile,
            String apiKey,
            String apiKeyFile,
            String certificateAuthority,
            String certificate,
            String certificateKey,
            Duration requestTimeout,
            String indexPrefix,
            Layout layout,
            String dateSeparator,
            Rotation spanRotation,
            Rotation serviceRotation,
            @Between(min = 1, max = 1_024) int shards,
            @Between(min = 0, max = 100) int replicas,
            boolean createTemplates,
            TagsAsFieldsConfig tagsAsFields,
            Refresh refresh,
            ByteSize bulkBytes,
            Duration retention,
            RollOverConfig rollOver) {

        /// Keeps what is secret to itself.
        @Override
        public String toString() {
            return "ElasticsearchConfig[urls=%s, indexPrefix=%s]".formatted(urls, indexPrefix);
        }
    }

    /// How documents are spread over indices.
    public enum Layout {
        DAILY,
        ROLLOVER
    }

    /// When the next index is begun behind the aliases.
    public record RollOverConfig(
            boolean enabled,
            Duration age,
            @Between(min = 1, max = Integer.MAX_VALUE) int documents,
            Duration interval) {}

    /// The time an index covers.
    public enum Rotation {
        DAY,
        HOUR
    }

    /// When what was written can be found.
    public enum Refresh {
        IMMEDIATE,
        WAIT
    }

    /// Which attributes are fields instead of nested documents.
    public record TagsAsFieldsConfig(boolean all, List<String> keys, String dotReplacement) {}

    /// Cassandra.
    ///
    /// @param replication copies by datacenter
    public record CassandraConfig(
            List<String> contactPoints,
            String localDatacenter,
            String keyspace,
            String username,
            String password,
            String passwordFile,
            boolean tls,
            String certificateAuthority,
            String certificate,
            String certificateKey,
            boolean checkHostNames,
            boolean createSchema,
            Map<String, String> replication,
            Duration retention,
            Duration dependencyRetention,
            boolean extraIndexes,
            @Between(min = 1, max = 100_000) int maxInFlight,
            Consistency consistency,
            Duration requestTimeout,
            ByteSize maxSpan) {

        /// Keeps the password to itself.
        @Override
        public String toString() {
            return "CassandraConfig[contactPoints=%s, keyspace=%s]"
                    .formatted(contactPoints, keyspace);
        }
    }

    /// Kafka's topics as the only store. An empty directory means `kafka-store` below the data
    /// directory.
    public record KafkaStoreConfig(
            StoredTopic source,
            String application,
            String directory,
            Duration window,
            Duration retention,
            Duration dependencyRetention,
            ByteSize maxSize,
            @Between(min = 1, max = 256) int threads,
            @Between(min = 0, max = 10) int standbys,
            String instance,
            PeersConfig peers,
            Duration hedgeAfter,
            Duration deadline) {

        public Path directoryBelow(Path dataDir) {
            return directory.isEmpty() ? dataDir.resolve("kafka-store") : Path.of(directory);
        }
    }

    /// Which topic traces are read from.
    public enum StoredTopic {
        SPANS("spans"),
        TRACES_COMPLETE("traces-complete");

        private final String word;

        StoredTopic(String word) {
            this.word = word;
        }

        @Override
        public String toString() {
            return word;
        }
    }

    /// Where the processes of the store ask one another.
    public record PeersConfig(
            String host,
            @Between(min = 0, max = 65_535) int port,
            String advertisedHost,
            @Between(min = 0, max = 65_535) int advertisedPort,
            String secret,
            String secretFile,
            boolean tls,
            String certificateAuthority) {

        /// Keeps the secret to itself.
        @Override
        public String toString() {
            return "PeersConfig[host=%s, port=%s, advertisedHost=%s, advertisedPort=%s, tls=%s]"
                    .formatted(host, port, advertisedHost, advertisedPort, tls);
        }
    }

    /// How many replicas have to answer.
    public enum Consistency {
        ONE("one"),
        LOCAL_ONE("local-one"),
        QUORUM("quorum"),
        LOCAL_QUORUM("local-quorum"),
        ALL("all");

        private final String word;

        Consistency(String word) {
            this.word = word;
        }

        @Override
        public String toString() {
            return word;
        }
    }
}
