package dev.millrace.verification;

import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.cassandra.CassandraConfig;
import dev.millrace.storage.cassandra.CassandraTraceStore;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig;
import dev.millrace.storage.elasticsearch.ElasticsearchStore;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.testkit.CassandraServer;
import dev.millrace.testkit.search.SearchServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// The stores that `./dev bench store` can measure; a further one is a constant here.
enum StoresUnderMeasurement {
    LOCAL {
        @Override
        StoreHost launch(Path directory) {
            return new StoreHost.Directory(directory);
        }

        @Override
        TraceStore open(String place) {
            var store =
                    new LocalTraceStore(
                            LocalStoreConfig.in(Path.of(place)), new SimpleMeterRegistry());
            store.start();
            return store;
        }
    },
    OPENSEARCH {
        @Override
        StoreHost launch(Path directory) {
            return StoreHost.Search.launch(SearchServer.Kind.OPENSEARCH, directory);
        }

        @Override
        TraceStore open(String place) {
            return search(place);
        }
    },
    ELASTICSEARCH {
        @Override
        StoreHost launch(Path directory) {
            return StoreHost.Search.launch(SearchServer.Kind.ELASTICSEARCH, directory);
        }

        @Override
        TraceStore open(String place) {
            return search(place);
        }
    },
    CASSANDRA {
        @Override
        StoreHost launch(Path directory) {
            return StoreHost.Cassandra.launch(directory);
        }

        @Override
        TraceStore open(String place) {
            var address = URI.create(place);
            var store =
                    new CassandraTraceStore(
                            CassandraConfig.of(
                                    List.of(
                                            new InetSocketAddress(
                                                    address.getHost(), address.getPort())),
                                    CassandraServer.DATACENTER),
                            new SimpleMeterRegistry());
            store.start();
            return store;
        }
    };

    /// Makes ready what the store needs before it can be opened.
    ///
    /// @param directory for what it keeps
    abstract StoreHost launch(Path directory);

    /// Opens it with its default settings.
    ///
    /// @param place as its host says
    abstract TraceStore open(String place);

    private static TraceStore search(String place) {
        var store =
                new ElasticsearchStore(
                        ElasticsearchConfig.at(URI.create(place)), new SimpleMeterRegistry());
        store.start();
        return store;
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Those named, separated by commas; all for an empty text.
    static List<StoresUnderMeasurement> named(String words) {
        return words.isEmpty()
                ? List.of(values())
                : List.of(words.split(",")).stream()
                        .map(word -> valueOf(word.toUpperCase(Locale.ROOT)))
                        .toList();
    }
}
