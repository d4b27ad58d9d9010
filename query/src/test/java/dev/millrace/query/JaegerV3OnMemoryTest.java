package dev.millrace.query;

import dev.millrace.storage.api.TraceStore;
import java.nio.file.Path;

final class JaegerV3OnMemoryTest extends JaegerV3Contract {

    @Override
    TraceStore open(Path directory) {
        return new MemoryTraceStore();
    }
}
