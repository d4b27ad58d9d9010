package dev.millrace.query;

import dev.millrace.storage.api.TraceStore;
import java.nio.file.Path;

final class JaegerGrpcOnMemoryTest extends JaegerGrpcContract {

    @Override
    TraceStore open(Path directory) {
        return new MemoryTraceStore();
    }
}
