package dev.millrace.pipeline;

import dev.millrace.storage.api.StoreException;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// What the ingester of figures counts.
final class DependencyMeters {

    private final MeterRegistry registry;
    private final Counter stored;
    private final Counter refused;
    private final Counter restarts;
    private final Timer write;
    private final AtomicInteger held = new AtomicInteger();

    DependencyMeters(MeterRegistry registry) {
        this.registry = registry;
        stored =
                Counter.builder("millrace.dependencies.minutes.stored")
                        .description("Minutes of figures written to the store, each time anew")
                        .register(registry);
        refused =
                Counter.builder("millrace.dependencies.minutes.refused")
                        .description("Minutes of figures that the store refused for good")
                        .register(registry);
        restarts =
                Counter.builder("millrace.dependencies.restarts")
                        .description("Times the loop of figures failed and began anew")
                        .register(registry);
        write =
                Timer.builder("millrace.dependencies.write.latency")
                        .description("One write of figures, failed ones included")
                        .register(registry);
        Gauge.builder("millrace.dependencies.minutes.held", held, AtomicInteger::doubleValue)
                .description("Minutes of figures in memory")
                .register(registry);
    }

    Clock clock() {
        return registry.config().clock();
    }

    void stored(int minutes) {
        stored.increment(minutes);
    }

    void refused() {
        refused.increment();
    }

    void restarted() {
        restarts.increment();
    }

    void writeTook(long nanos) {
        write.record(nanos, TimeUnit.NANOSECONDS);
    }

    void failed(StoreException failure) {
        Counter.builder("millrace.dependencies.failures")
                .description("Times the store did not take or give figures; tried again")
                .tag("kind", failure.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .register(registry)
                .increment();
    }

    void held(int minutes) {
        held.set(minutes);
    }
}
