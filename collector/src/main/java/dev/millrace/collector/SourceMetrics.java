package dev.millrace.collector;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicInteger;

/// What one source counts besides its messages and spans, which the intake does.
final class SourceMetrics {

    private final Clock clock;
    private final AtomicInteger connected = new AtomicInteger();
    private final AtomicInteger held = new AtomicInteger();
    private final Counter failures;

    /// @param source the name of it among those of its transport
    SourceMetrics(MeterRegistry registry, Transport transport, String source) {
        clock = registry.config().clock();
        Gauge.builder("millrace.source.connected", connected, AtomicInteger::get)
                .description("Consumers of a source that are connected")
                .tag("transport", transport.word())
                .tag("source", source)
                .register(registry);
        Gauge.builder("millrace.source.held", held, AtomicInteger::get)
                .description("Messages that were read and are not acknowledged yet")
                .tag("transport", transport.word())
                .tag("source", source)
                .register(registry);
        failures =
                Counter.builder("millrace.source.failures")
                        .description("Connections that failed or could not be made")
                        .tag("transport", transport.word())
                        .tag("source", source)
                        .register(registry);
    }

    Clock clock() {
        return clock;
    }

    void connected(int change) {
        connected.addAndGet(change);
    }

    int connected() {
        return connected.get();
    }

    void held(int change) {
        held.addAndGet(change);
    }

    void failed() {
        failures.increment();
    }
}
