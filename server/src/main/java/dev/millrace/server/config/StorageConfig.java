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
        CassandraConfig cassandra) {

    /// Which store keeps traces.
    public enum StorageType {
        /// The embedded store.
        LOCAL,
        /// Elasticsearch or OpenSearch.
        ELASTICSEARCH,
        CASSANDRA
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
            String certificateAuthority,
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
