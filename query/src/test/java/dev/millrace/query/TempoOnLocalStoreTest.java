package dev.millrace.query;

import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;

final class TempoOnLocalStoreTest extends TempoApiContract {

    @Override
    TraceStore open(Path directory) {
        var store = new LocalTraceStore(LocalStoreConfig.in(directory), new SimpleMeterRegistry());
        store.start();
        return store;
    }
}
