package dev.millrace.query;

import dev.millrace.storage.api.TraceStore;
import java.nio.file.Path;

final class JaegerGrpcOnLocalStoreTest extends JaegerGrpcContract {

    @Override
    TraceStore open(Path directory) {
        return JaegerFixture.local(directory);
    }
}
