package dev.millrace.server;

import dev.millrace.server.config.MillraceConfig;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Which store is meant.
///
/// To add a kind: a record here, its scheme in [#parse(String)], its settings in
/// [#configured(MillraceConfig)] and a case in [Stores], which the compiler asks for.
sealed interface StoreAddress {

    /// Words of schemes, for those who wrote another one.
    String EXPECTED =
            "local:///path, elasticsearch://host:9200/prefix or cassandra://host:9042/keyspace";

    /// The embedded one in a directory.
    record Local(Path directory) implements StoreAddress {
        @Override
        public String toString() {
            return "local://" + directory.toAbsolutePath();
        }
    }

    /// Elasticsearch or OpenSearch.
    ///
    /// @param urls of its nodes
    /// @param prefix of its indices; empty for none
    record Elasticsearch(List<URI> urls, String prefix) implements StoreAddress {
        private static final int USUAL_PORT = 9_200;

        public Elasticsearch {
            urls = List.copyOf(urls);
        }

        @Override
        public String toString() {
            return urls.stream()
                    .map(url -> scheme(url) + "://" + url.getAuthority())
                    .collect(Collectors.joining(",", "", "/" + prefix));
        }

        private static String scheme(URI url) {
            return "https".equals(url.getScheme()) ? "elasticsearch+https" : "elasticsearch";
        }
    }

    /// Cassandra.
    record Cassandra(List<InetSocketAddress> contactPoints, String keyspace)
            implements StoreAddress {
        private static final int USUAL_PORT = 9_042;

        public Cassandra {
            contactPoints = List.copyOf(contactPoints);
        }

        @Override
        public String toString() {
            return contactPoints.stream()
                    .map(point -> point.getHostString() + ":" + point.getPort())
                    .collect(Collectors.joining(",", "cassandra://", "/" + keyspace));
        }
    }

    /// The topics themselves. Nobody can name another one: whoever holds them says so by its role.
    ///
    /// @param servers where Kafka is reached
    /// @param topic that traces are read from
    record Kafka(String servers, String topic) implements StoreAddress {
        @Override
        public String toString() {
            return "kafka://" + servers + "/" + topic;
        }
    }

    /// The one that the roles of this process use.
    static StoreAddress configured(MillraceConfig config) {
        return switch (config.storage().type()) {
            case LOCAL -> new Local(config.storage().local().directoryBelow(config.dataDir()));
            case ELASTICSEARCH -> {
                var elasticsearch = StoreConfigs.elasticsearch(config);
                yield new Elasticsearch(
                        elasticsearch.connection().urls(), elasticsearch.indices().prefix());
            }
            case CASSANDRA -> {
                var cassandra = StoreConfigs.cassandra(config);
                yield new Cassandra(cassandra.contactPoints(), cassandra.keyspace());
            }
            case KAFKA ->
                    new Kafka(
                            PipelineConfigs.kafkaAddress(config), KafkaStoreConfigs.topic(config));
        };
    }

    /// @throws IllegalArgumentException when the URL names no store
    static StoreAddress parse(String url) {
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            throw unusable(url, e);
        }
        String scheme = uri.getScheme();
        String path = uri.getPath() == null ? "" : uri.getPath();
        String name = path.startsWith("/") ? path.substring(1) : path;
        String host = uri.getHost() == null ? "" : uri.getHost();
        return switch (scheme == null ? "" : scheme) {
            case "local" -> {
                // Anything between the second and third slash would be a host.
                if (path.isEmpty() || uri.getAuthority() != null) {
                    throw unusable(url, null);
                }
                yield new Local(Path.of(path));
            }
            case "elasticsearch", "elasticsearch+https" -> {
                if (host.isEmpty()) {
                    throw unusable(url, null);
                }
                String protocol = scheme.endsWith("https") ? "https" : "http";
                int port = port(uri, Elasticsearch.USUAL_PORT);
                yield new Elasticsearch(
                        List.of(URI.create(protocol + "://" + host + ":" + port)), name);
            }
            case "cassandra" -> {
                if (host.isEmpty() || name.isEmpty()) {
                    throw unusable(url, null);
                }
                int port = port(uri, Cassandra.USUAL_PORT);
                yield new Cassandra(List.of(new InetSocketAddress(host, port)), name);
            }
            default -> throw unusable(url, null);
        };
    }

    private static int port(URI uri, int usual) {
        return uri.getPort() < 0 ? usual : uri.getPort();
    }

    private static IllegalArgumentException unusable(String url, @Nullable Exception cause) {
        return new IllegalArgumentException(
                "store: \"" + url + "\" (expected: " + EXPECTED + ")", cause);
    }
}
