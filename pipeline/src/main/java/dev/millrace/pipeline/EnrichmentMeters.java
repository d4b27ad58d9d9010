package dev.millrace.pipeline;

import dev.millrace.assembly.ClosedTrace;
import dev.millrace.assembly.LogMinute;
import dev.millrace.assembly.Refusal;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Counts and tells what could not be enriched.
final class EnrichmentMeters {

    private static final Logger LOG = LoggerFactory.getLogger(EnrichmentMeters.class);

    private final MeterRegistry registry;
    private final LogGate gate;

    EnrichmentMeters(MeterRegistry registry) {
        this.registry = registry;
        this.gate = new LogGate(registry.config().clock());
    }

    /// All copies of the spans are counted.
    void refused(ClosedTrace trace, Refusal refusal) {
        counter(refusal, "traces", "Traces and late fragments that could not be enriched")
                .increment();
        spans(refusal, trace.digest().spans() + trace.digest().duplicates());
        if (gate.open()) {
            LOG.atError()
                    .addKeyValue("traceId", trace.traceId())
                    .addKeyValue("error", refusal)
                    .log("A trace cannot be enriched and is refused; those like it are counted");
        }
    }

    /// A part could be enriched when its trace was judged, but not when it was to be written.
    ///
    /// @param minutes in which its spans came
    void partRefused(ClosedTrace trace, List<LogMinute> minutes, Refusal refusal) {
        spans(refusal, minutes.stream().mapToInt(LogMinute::spans).sum());
        if (gate.open()) {
            LOG.atError()
                    .addKeyValue("traceId", trace.traceId())
                    .addKeyValue("error", refusal)
                    .log(
                            "A part of a trace cannot be enriched a second time and is put aside;"
                                    + " those like it are counted");
        }
    }

    private void spans(Refusal refusal, int copies) {
        counter(refusal, "spans", "Spans that could not be enriched, every copy").increment(copies);
    }

    private Counter counter(Refusal refusal, String what, String description) {
        return Counter.builder("millrace.enrichment.refused." + what)
                .description(description)
                .tag("enricher", refusal.enricher())
                .register(registry);
    }
}
