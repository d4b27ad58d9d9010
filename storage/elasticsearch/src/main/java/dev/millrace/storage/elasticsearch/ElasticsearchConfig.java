package dev.millrace.storage.elasticsearch;

import dev.millrace.model.ByteSize;
import dev.millrace.storage.api.ServerTls;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/// How to reach Elasticsearch or OpenSearch, and what the indices there look like.
public record ElasticsearchConfig(
        Connection connection, Indices indices, TagsAsFields tagsAsFields, Writes writes) {

    /// All as recommended but where the servers are.
    public static ElasticsearchConfig at(URI... urls) {
        return new ElasticsearchConfig(
                Connection.to(urls), Indices.DAILY, TagsAsFields.NONE, Writes.DEFAULT);
    }

    /// The same for a store that is only read: neither templates nor indices are made.
    public ElasticsearchConfig withoutTemplates() {
        return new ElasticsearchConfig(
                connection,
                new Indices(
                        indices.prefix(),
                        indices.layout(),
                        indices.dateSeparator(),
                        indices.spanRotation(),
                        indices.serviceRotation(),
                        indices.shards(),
                        indices.replicas(),
                        false),
                tagsAsFields,
                writes);
    }

    /// Where the servers are.
    ///
    /// @param urls of the nodes; the next one is asked when one does not answer
    /// @param tls for those whose URLs begin with `https`
    /// @param requestTimeout how long an answer is waited for
    public record Connection(
            List<URI> urls, Credentials credentials, ServerTls tls, Duration requestTimeout) {

        public Connection {
            urls = List.copyOf(urls);
            if (urls.isEmpty()) {
                throw new IllegalArgumentException("urls: none (expected: at least one)");
            }
            for (var url : urls) {
                boolean ofHttp = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
                if (!ofHttp || url.getHost() == null) {
                    throw new IllegalArgumentException(
                            "urls: " + url + " (expected: http://host:port or https://host:port)");
                }
                if (url.getUserInfo() != null) {
                    throw new IllegalArgumentException(
                            "urls: one of "
                                    + url.getHost()
                                    + " holds a user or password (expected: set apart)");
                }
            }
            requireWithin(
                    "request-timeout",
                    requestTimeout.toMillis(),
                    100,
                    Duration.ofMinutes(10).toMillis());
        }

        /// Without credentials.
        public static Connection to(URI... urls) {
            return new Connection(
                    List.of(urls), Credentials.NONE, ServerTls.USUAL, Duration.ofSeconds(10));
        }
    }

    /// Who we are to the servers: a user with a password, or an API key, or nobody.
    ///
    /// @param apiKey as the server gave it, in base64
    public record Credentials(String username, String password, String apiKey) {

        public static final Credentials NONE = new Credentials("", "", "");

        public Credentials {
            if (!apiKey.isEmpty() && !username.isEmpty()) {
                throw new IllegalArgumentException(
                        "api-key: set beside username (expected: one of the two)");
            }
            if (username.isEmpty() != password.isEmpty()) {
                throw new IllegalArgumentException(
                        username.isEmpty()
                                ? "password: set without username (expected: both)"
                                : "password: empty (expected: one for " + username + ")");
            }
        }

        /// What it means, and what was expected, when a server will not have them.
        String refused() {
            if (!apiKey.isEmpty()) {
                return "the api-key is refused (expected: one that is valid there)";
            }
            return username.isEmpty()
                    ? "it asks who we are (expected: username and password, or api-key)"
                    : "user "
                            + username
                            + " is refused (expected: one that is known there, with its password)";
        }

        /// Shows no secrets.
        @Override
        public String toString() {
            return apiKey.isEmpty()
                    ? "Credentials[" + (username.isEmpty() ? "none" : username + ", ***") + "]"
                    : "Credentials[api key]";
        }
    }

    /// How documents are spread over indices, as Jaeger has it.
    public enum Layout {
        /// An index for each day, or hour, named by it.
        DAILY,
        /// An alias to write through and one to read through; numbered indices behind them.
        ROLLOVER
    }

    /// How long a stretch of time an index of [Layout#DAILY] is for.
    public enum Rotation {
        DAY,
        HOUR
    }

    /// What the indices are called and made of.
    ///
    /// @param prefix before all names, with a `-` after it; empty for none
    /// @param dateSeparator between year, month, day and hour in names
    /// @param shards of each index
    /// @param replicas of each shard
    /// @param templates whether we create and change templates and indices ourselves
    public record Indices(
            String prefix,
            Layout layout,
            String dateSeparator,
            Rotation spanRotation,
            Rotation serviceRotation,
            int shards,
            int replicas,
            boolean templates) {

        public static final Indices DAILY =
                new Indices("", Layout.DAILY, "-", Rotation.DAY, Rotation.DAY, 5, 1, true);

        public Indices {
            if (!prefix.matches("([a-z0-9][a-z0-9._-]{0,29})?") || prefix.endsWith("-")) {
                throw new IllegalArgumentException(
                        "index-prefix: \""
                                + prefix
                                + "\" (expected: at most 30 lower-case letters, digits, '.', '_'"
                                + " or '-', the first a letter or digit, and no '-' at the end)");
            }
            if (!dateSeparator.matches("[._-]?")) {
                throw new IllegalArgumentException(
                        "date-separator: \""
                                + dateSeparator
                                + "\" (expected: '-', '.', '_' or nothing)");
            }
            requireWithin("shards", shards, 1, 1_024);
            requireWithin("replicas", replicas, 0, 100);
        }
    }

    /// Which attributes become fields of their own instead of nested documents: fewer documents for
    /// the server, more fields.
    ///
    /// @param all every attribute that a field can be made of
    /// @param keys of those that do when not all of them do
    /// @param dotReplacement stands for `.` in names of fields
    public record TagsAsFields(boolean all, Set<String> keys, String dotReplacement) {

        public static final TagsAsFields NONE = new TagsAsFields(false, Set.of(), "@");

        public TagsAsFields {
            keys = Set.copyOf(keys);
            if (dotReplacement.isEmpty()
                    || dotReplacement.length() > 8
                    || !dotReplacement.matches("[!-~&&[^.*?\"\\\\]]+")) {
                throw new IllegalArgumentException(
                        "dot-replacement: \""
                                + dotReplacement
                                + "\" (expected: 1 to 8 visible characters of ASCII, none of them"
                                + " '.', '*', '?', '\"' or '\\')");
            }
        }
    }

    /// When what was written can be found.
    public enum Refresh {
        /// As soon as it is written: every write makes the indices it went to searchable.
        IMMEDIATE,
        /// When the servers do it anyway, every second unless told otherwise: writes wait for it.
        WAIT
    }

    /// How spans are written.
    ///
    /// @param bulkBytes about how large a request may be
    public record Writes(Refresh refresh, ByteSize bulkBytes) {

        public static final Writes DEFAULT = new Writes(Refresh.IMMEDIATE, ByteSize.ofMebibytes(5));

        public Writes {
            requireWithin("bulk-bytes", bulkBytes.bytes(), 1_024, ByteSize.ofMebibytes(90).bytes());
        }
    }

    private static void requireWithin(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: " + least + " to " + most + ")");
        }
    }
}
