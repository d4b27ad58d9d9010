package dev.millrace.server;

import dev.millrace.server.config.MillraceConfig;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.cassandra.CassandraConfig;
import dev.millrace.storage.cassandra.CassandraTraceStore;
import dev.millrace.storage.elasticsearch.ElasticsearchStore;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Optional;

/// Opens stores, whichever kind they are.
final class Stores {

    private Stores() {}

    /// Opens a store.
    ///
    /// @param config what the address does not say
    /// @return the caller's to close
    /// @throws dev.millrace.storage.api.StoreException when it cannot be opened
    static TraceStore open(StoreAddress address, MillraceConfig config, MeterRegistry meters) {
        return switch (address) {
            case StoreAddress.Local(var directory) -> {
                var usual = StoreConfigs.local(config);
                var settings =
                        new LocalStoreConfig(
                                directory, usual.window(), usual.retention(), usual.maxSize());
                var store = new LocalTraceStore(settings, meters);
                yield started(store, store::start);
            }
            case StoreAddress.Elasticsearch elasticsearch -> {
                var settings = StoreConfigs.elasticsearch(config, elasticsearch);
                var store = new ElasticsearchStore(settings, meters);
                yield started(store, store::start);
            }
            case StoreAddress.Cassandra cassandra ->
                    cassandra(StoreConfigs.cassandra(config, cassandra), meters);
            case StoreAddress.Kafka kafka -> throw onlyBesideQuery(kafka);
        };
    }

    private static StoreException onlyBesideQuery(StoreAddress.Kafka address) {
        return new StoreException(
                StoreException.Kind.NOT_SUPPORTED,
                address + " (expected: another store; this one is held by processes that query)");
    }

    /// Opens a store that is only read: nothing is made ready in it that is not there.
    ///
    /// @return the caller's to close
    /// @throws dev.millrace.storage.api.StoreException when it cannot be opened
    static TraceStore openToRead(StoreAddress address, MillraceConfig config) {
        // Its meters would be taken for those of the store that is written.
        var meters = new SimpleMeterRegistry();
        return switch (address) {
            case StoreAddress.Elasticsearch elasticsearch -> {
                var settings = StoreConfigs.elasticsearch(config, elasticsearch);
                var store = new ElasticsearchStore(settings.withoutTemplates(), meters);
                yield started(store, store::start);
            }
            case StoreAddress.Local _, StoreAddress.Cassandra _, StoreAddress.Kafka _ ->
                    open(address, config, meters);
        };
    }

    /// Opens a store in which nothing expires by itself, and nobody is to have it expire.
    ///
    /// @return the caller's to close
    /// @throws dev.millrace.storage.api.StoreException when it cannot be opened
    static TraceStore openArchive(
            StoreAddress address, MillraceConfig config, MeterRegistry meters) {
        return switch (address) {
            case StoreAddress.Local _, StoreAddress.Elasticsearch _, StoreAddress.Kafka _ ->
                    open(address, config, meters);
            case StoreAddress.Cassandra cassandra ->
                    cassandra(StoreConfigs.archive(config, cassandra), meters);
        };
    }

    /// Whether a store has been reached since it was opened. It is asked no question for this: what
    /// becomes of its servers later, those tell who ask it.
    static PartState state(TraceStore store) {
        var away =
                store instanceof CassandraTraceStore cassandra
                        ? cassandra.away()
                        : Optional.<String>empty();
        return away.map(PartState::down).orElseGet(PartState::up);
    }

    private static TraceStore cassandra(CassandraConfig settings, MeterRegistry meters) {
        var store = new CassandraTraceStore(settings, meters);
        return started(store, store::start);
    }

    private static TraceStore started(TraceStore store, Runnable start) {
        boolean started = false;
        try {
            start.run();
            started = true;
            return store;
        } finally {
            if (!started) {
                store.close();
            }
        }
    }
}
