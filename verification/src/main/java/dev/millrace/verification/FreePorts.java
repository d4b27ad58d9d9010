package dev.millrace.verification;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/// Ports for processes to listen on that nobody else is likely to take before they do.
///
/// They lie below those that systems give to clients, and none is given twice by one process.
final class FreePorts {

    private static final int FIRST = 20_000;
    private static final int COUNT = 12_000;
    private static final AtomicInteger NEXT =
            new AtomicInteger(ThreadLocalRandom.current().nextInt(COUNT));

    private FreePorts() {}

    /// @throws IllegalStateException when all are taken
    static int next() {
        for (int tried = 0; tried < COUNT; tried++) {
            int port = FIRST + Math.floorMod(NEXT.getAndIncrement(), COUNT);
            try (var _ = new ServerSocket(port)) {
                return port;
            } catch (IOException _) {
                // Taken; the next may not be.
            }
        }
        throw new IllegalStateException(
                "ports "
                        + FIRST
                        + " to "
                        + (FIRST + COUNT - 1)
                        + ": all taken (expected: a free one)");
    }
}
