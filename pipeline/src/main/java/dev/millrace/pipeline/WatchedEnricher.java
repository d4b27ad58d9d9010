package dev.millrace.pipeline;

import dev.millrace.enrichment.api.Enricher;
import dev.millrace.enrichment.api.TraceDraft;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Another enricher, and how long it takes.
public final class WatchedEnricher implements Enricher {

    private static final Logger LOG = LoggerFactory.getLogger(WatchedEnricher.class);
    private static final long SLOW_NANOS = Duration.ofSeconds(1).toNanos();

    private final String name;
    private final Enricher enricher;
    private final Clock clock;
    private final Timer timer;
    private final LogGate gate;

    /// @param name of the enricher, for log and metrics
    public WatchedEnricher(String name, Enricher enricher, MeterRegistry registry) {
        this.name = name;
        this.enricher = enricher;
        this.clock = registry.config().clock();
        this.gate = new LogGate(clock);
        this.timer =
                Timer.builder("millrace.enrichment")
                        .description("Time an enricher takes for a trace, or a part of a large one")
                        .tag("enricher", name)
                        .register(registry);
    }

    @Override
    public void enrich(TraceDraft trace) {
        long began = clock.monotonicTime();
        try {
            enricher.enrich(trace);
        } finally {
            long took = clock.monotonicTime() - began;
            timer.record(took, TimeUnit.NANOSECONDS);
            if (took > SLOW_NANOS && gate.open()) {
                LOG.atWarn()
                        .addKeyValue("enricher", name)
                        .addKeyValue("traceId", trace.traceId())
                        .addKeyValue("spans", trace.spans().size())
                        .addKeyValue("millis", took / 1_000_000)
                        .log("An enricher is slow; its partition waits for it");
            }
        }
    }
}
