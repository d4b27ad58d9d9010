package dev.millrace.verification;

import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Instant;

/// The embedded store with its default settings, in this process.
final class LocalUnderMeasurement implements StoreUnderMeasurement {

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final LocalTraceStore store;

    LocalUnderMeasurement(Path directory) {
        store = new LocalTraceStore(LocalStoreConfig.in(directory), meters);
        store.start();
    }

    @Override
    public TraceStore store() {
        return store;
    }

    // The second time nothing has come in since the first, and writers close when their merges are
    // done.
    @Override
    public void settle() {
        store.expire(Instant.EPOCH);
        store.expire(Instant.EPOCH);
    }

    @Override
    public long bytesOnDisk() {
        return (long) meters.get("millrace.store.bytes").gauge().value();
    }

    @Override
    public double cpuSecondsElsewhere() {
        return 0;
    }

    @Override
    public void close() {
        store.close();
    }
}
