package dev.millrace.pipeline;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// What the span sink counts.
final class SinkMeters {

    private final Clock clock;
    private final Counter produced;
    private final Timer latency;
    private final Map<SinkException.Kind, Counter> failures =
            new EnumMap<>(SinkException.Kind.class);

    SinkMeters(MeterRegistry registry) {
        clock = registry.config().clock();
        produced =
                Counter.builder("millrace.spans.produced")
                        .description("Spans that Kafka acknowledged")
                        .register(registry);
        latency =
                Timer.builder("millrace.produce.latency")
                        .description("From taking a request over to its acknowledgement")
                        .register(registry);
        for (SinkException.Kind kind : SinkException.Kind.values()) {
            failures.put(
                    kind,
                    Counter.builder("millrace.produce.failures")
                            .description("Requests that were refused or not acknowledged")
                            .tag("reason", kind.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                            .register(registry));
        }
    }

    Clock clock() {
        return clock;
    }

    void acknowledged(int spans, long nanos) {
        produced.increment(spans);
        latency.record(nanos, TimeUnit.NANOSECONDS);
    }

    void failed(SinkException.Kind kind) {
        var counter = failures.get(kind);
        if (counter != null) {
            counter.increment();
        }
    }
}
