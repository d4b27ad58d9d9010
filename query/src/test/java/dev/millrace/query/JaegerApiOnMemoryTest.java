package dev.millrace.query;

import dev.millrace.storage.api.TraceStore;
import java.nio.file.Path;

final class JaegerApiOnMemoryTest extends JaegerApiContract {

    @Override
    TraceStore open(Path directory) {
        return new MemoryTraceStore();
    }
}
