package dev.millrace.cache;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/// Counts what becomes of bytes that are to be kept, wherever that is.
final class BytesMeters {

    private final Counter kept;
    private final Counter overtaken;
    private final Counter failed;
    private final Counter forgotten;
    private final Counter remembered;

    BytesMeters(MeterRegistry registry) {
        kept = registry.counter("millrace.cache.puts", "outcome", "kept");
        overtaken = registry.counter("millrace.cache.puts", "outcome", "overtaken");
        failed = registry.counter("millrace.cache.puts", "outcome", "failed");
        forgotten = registry.counter("millrace.cache.forgotten", "outcome", "done");
        remembered = registry.counter("millrace.cache.forgotten", "outcome", "failed");
    }

    void put(boolean claimHeld) {
        (claimHeld ? kept : overtaken).increment();
    }

    void putFailed() {
        failed.increment();
    }

    void forgotten(int names) {
        forgotten.increment(names);
    }

    void forgettingFailed(int names) {
        remembered.increment(names);
    }
}
