package dev.millrace.storage.local;

import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.Fragment;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// Writes until it is killed, and prints the number of fragments each time more are acknowledged.
final class CrashingWriter {

    private static final PrintStream OUT = System.out;
    private static final int FRAGMENTS_PER_WRITE = 7;

    private CrashingWriter() {}

    static LocalStoreConfig config(Path directory) {
        return new LocalStoreConfig(
                directory, Duration.ofMinutes(1), Duration.ofDays(1), new ByteSize(0));
    }

    /// The fragments in the order they are written; a window holds a few dozen.
    static Workload workload() {
        return new Workload(11, 2, Duration.ofSeconds(2).toNanos());
    }

    /// What is kept with that many fragments.
    static DependencyMinute dependencies(int written) {
        return new DependencyMinute(Tenant.DEFAULT, 1, 0, written, List.of());
    }

    public static void main(String[] args) {
        try (var store = new LocalTraceStore(config(Path.of(args[0])), new SimpleMeterRegistry())) {
            store.start();
            var workload = workload();
            for (int written = FRAGMENTS_PER_WRITE; ; written += FRAGMENTS_PER_WRITE) {
                List<Fragment> next = workload.next(FRAGMENTS_PER_WRITE);
                store.write(next);
                store.writeDependencies(List.of(dependencies(written)));
                OUT.println(written);
                OUT.flush();
            }
        }
    }
}
