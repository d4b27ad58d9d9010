package dev.millrace.verification;

import dev.millrace.storage.api.TraceStore;
import java.io.IOException;

/// A store as `./dev bench store` sees it: open, on what it has kept so far.
interface StoreUnderMeasurement extends AutoCloseable {

    TraceStore store();

    /// Waits until what the store does in the background is done.
    void settle() throws IOException;

    /// What it takes on disk.
    long bytesOnDisk() throws IOException;

    /// The CPU that other processes than this one have taken for it since they began.
    double cpuSecondsElsewhere() throws IOException;

    @Override
    void close() throws IOException;
}
