package dev.millrace.storage.local;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

/// What embedded stores count and measure, all of one process together.
///
/// Counters and timers know nothing of stores; a gauge is the sum over those that are open. A
/// registry has one of these, however many stores there are: of two gauges of one name it would
/// take the first and leave the others out.
public final class LocalStoreMeters {

    /// A store whose gauges are part of the sums.
    interface Measured {

        /// On disk; NaN when that cannot be told.
        double bytes();

        double windowsWriting();

        double windowsCorrupt();

        double segmentsCorrupt();

        double dependenciesCorrupt();
    }

    private final Set<Measured> open = ConcurrentHashMap.newKeySet();

    final Counter fragmentsWritten;
    final Counter fragmentsRepeated;
    final Counter spansWritten;
    final Counter dependenciesWritten;
    final Counter windowsTooOld;
    final Counter windowsTooMuch;
    final Timer writeTime;
    final Timer searchTime;
    final Timer traceTime;
    final Timer versionTime;

    public LocalStoreMeters(MeterRegistry registry) {
        fragmentsWritten = registry.counter("millrace.store.fragments");
        fragmentsRepeated = registry.counter("millrace.store.fragments.duplicate");
        spansWritten = registry.counter("millrace.store.spans");
        dependenciesWritten = registry.counter("millrace.store.dependencies");
        windowsTooOld = registry.counter("millrace.store.windows.expired", "reason", "age");
        windowsTooMuch = registry.counter("millrace.store.windows.expired", "reason", "size");
        writeTime = registry.timer("millrace.store.write");
        searchTime = registry.timer("millrace.store.search");
        traceTime = registry.timer("millrace.store.trace");
        versionTime = registry.timer("millrace.store.version");
        Gauge.builder("millrace.store.bytes", this, all -> all.sum(Measured::bytes))
                .baseUnit("bytes")
                .register(registry);
        gauge("millrace.store.windows.writing", Measured::windowsWriting, registry);
        gauge("millrace.store.windows.corrupt", Measured::windowsCorrupt, registry);
        gauge("millrace.store.segments.corrupt", Measured::segmentsCorrupt, registry);
        gauge("millrace.store.dependencies.corrupt", Measured::dependenciesCorrupt, registry);
    }

    private void gauge(String name, ToDoubleFunction<Measured> value, MeterRegistry registry) {
        Gauge.builder(name, this, all -> all.sum(value)).register(registry);
    }

    private double sum(ToDoubleFunction<Measured> value) {
        return open.stream().mapToDouble(value).sum();
    }

    void opened(Measured store) {
        open.add(store);
    }

    void closed(Measured store) {
        open.remove(store);
    }
}
