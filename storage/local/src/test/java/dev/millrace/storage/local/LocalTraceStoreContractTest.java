package dev.millrace.storage.local;

import dev.millrace.model.ByteSize;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.contract.Capability;
import dev.millrace.storage.contract.StoreContract;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

final class LocalTraceStoreContractTest implements StoreContract {

    private static final Duration WINDOW = Duration.ofHours(1);

    private final LocalStoreConfig config;
    private LocalTraceStore store;

    LocalTraceStoreContractTest(@TempDir Path directory) {
        config = new LocalStoreConfig(directory, WINDOW, Duration.ofDays(7), new ByteSize(0));
        store = new LocalTraceStore(config, new SimpleMeterRegistry());
    }

    @BeforeEach
    void open() {
        store.start();
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Override
    public TraceStore store() {
        return store;
    }

    @Override
    public DependencyStore dependencies() {
        return store;
    }

    @Override
    public TraceStore reopenedStore() {
        store.close();
        store = new LocalTraceStore(config, new SimpleMeterRegistry());
        store.start();
        return store;
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public Duration window() {
        return WINDOW;
    }

    @Override
    public int randomSearches() {
        return 150;
    }
}
