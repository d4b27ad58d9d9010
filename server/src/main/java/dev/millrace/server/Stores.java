package dev.millrace.server;

import dev.millrace.server.config.MillraceConfig;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import io.micrometer.core.instrument.MeterRegistry;

/// Opens stores, whichever kind they are.
final class Stores {

    private Stores() {}

    /// Opens a store.
    ///
    /// @param config what the address does not say
    /// @return the caller's to close
    /// @throws StartException when this build has no such store
    /// @throws dev.millrace.storage.api.StoreException when it cannot be opened
    static TraceStore open(StoreAddress address, MillraceConfig config, MeterRegistry meters)
            throws StartException {
        return switch (address) {
            case StoreAddress.Local local -> {
                var usual = ComponentConfig.store(config);
                var store =
                        new LocalTraceStore(
                                new LocalStoreConfig(
                                        local.directory(),
                                        usual.window(),
                                        usual.retention(),
                                        usual.maxSize()),
                                meters);
                boolean started = false;
                try {
                    store.start();
                    started = true;
                } finally {
                    if (!started) {
                        store.close();
                    }
                }
                yield store;
            }
            case StoreAddress.Elasticsearch elasticsearch -> throw notBuiltIn(elasticsearch);
            case StoreAddress.Cassandra cassandra -> throw notBuiltIn(cassandra);
        };
    }

    private static StartException notBuiltIn(StoreAddress address) {
        return new StartException(
                "store: " + address + " (expected: local:///path, the only kind in this build)");
    }
}
