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
import java.util.concurrent.atomic.AtomicLong;

/// What the ingester counts.
final class IngesterMeters {

    private final MeterRegistry registry;
    private final Counter spans;
    private final Counter fragments;
    private final Timer write;
    private final Counter restarts;
    private final AtomicInteger paused = new AtomicInteger();
    private final AtomicLong inFlight = new AtomicLong();

    IngesterMeters(MeterRegistry registry) {
        this.registry = registry;
        spans =
                Counter.builder("millrace.spans.stored")
                        .description("Spans the store has made durable")
                        .register(registry);
        fragments =
                Counter.builder("millrace.fragments.stored")
                        .description(
                                "Spans of one trace in one record that the store has made durable")
                        .register(registry);
        write =
                Timer.builder("millrace.store.write.latency")
                        .description("One write of a batch, failed ones included")
                        .register(registry);
        restarts =
                Counter.builder("millrace.ingester.restarts")
                        .description("Times the ingester's loop failed and began anew")
                        .register(registry);
        Gauge.builder("millrace.ingester.paused", paused, AtomicInteger::doubleValue)
                .description("1 while the store fails and nothing more is read, else 0")
                .register(registry);
        Gauge.builder("millrace.ingester.inflight", inFlight, AtomicLong::doubleValue)
                .baseUnit("bytes")
                .description("Spans that are being written to the store or tried again")
                .register(registry);
    }

    Clock clock() {
        return registry.config().clock();
    }

    void stored(int storedSpans, int storedFragments) {
        spans.increment(storedSpans);
        fragments.increment(storedFragments);
    }

    void writeTook(long nanos) {
        write.record(nanos, TimeUnit.NANOSECONDS);
    }

    void failed(RuntimeException failure) {
        String kind =
                failure instanceof StoreException store
                        ? store.kind().name().toLowerCase(Locale.ROOT).replace('_', '-')
                        : "other";
        Counter.builder("millrace.store.failures")
                .description("Batches that could not be stored or put aside, and are tried again")
                .tag("kind", kind)
                .register(registry)
                .increment();
    }

    void restarted() {
        restarts.increment();
    }

    void inFlight(long bytes) {
        inFlight.set(bytes);
    }

    void paused(boolean now) {
        paused.set(now ? 1 : 0);
    }
}
