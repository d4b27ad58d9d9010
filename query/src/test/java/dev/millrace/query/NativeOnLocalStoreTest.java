package dev.millrace.query;

import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.List;

final class NativeOnLocalStoreTest extends NativeApiContract {

    @Override
    TraceStore open(Path directory, List<Fragment> fragments, List<DependencyMinute> minutes) {
        var store = new LocalTraceStore(LocalStoreConfig.in(directory), new SimpleMeterRegistry());
        store.start();
        store.write(fragments);
        store.writeDependencies(minutes);
        return store;
    }
}
