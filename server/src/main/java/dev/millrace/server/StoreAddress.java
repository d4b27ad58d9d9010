package dev.millrace.server;

import dev.millrace.server.config.MillraceConfig;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
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
    /// @param prefix of its indices; empty for none
    record Elasticsearch(String host, int port, String prefix) implements StoreAddress {
        private static final int USUAL_PORT = 9_200;

        @Override
        public String toString() {
            return "elasticsearch://" + host + ":" + port + "/" + prefix;
        }
    }

    /// Cassandra.
    record Cassandra(String host, int port, String keyspace) implements StoreAddress {
        private static final int USUAL_PORT = 9_042;

        @Override
        public String toString() {
            return "cassandra://" + host + ":" + port + "/" + keyspace;
        }
    }

    /// The one that the roles of this process use.
    static StoreAddress configured(MillraceConfig config) {
        return switch (config.storage().type()) {
            case LOCAL -> new Local(config.storage().local().directoryBelow(config.dataDir()));
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
            case "elasticsearch" -> {
                if (host.isEmpty()) {
                    throw unusable(url, null);
                }
                yield new Elasticsearch(host, port(uri, Elasticsearch.USUAL_PORT), name);
            }
            case "cassandra" -> {
                if (host.isEmpty() || name.isEmpty()) {
                    throw unusable(url, null);
                }
                yield new Cassandra(host, port(uri, Cassandra.USUAL_PORT), name);
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
