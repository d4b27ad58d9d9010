package dev.millrace.pipeline;

import dev.millrace.analysis.Analysis;
import dev.millrace.analysis.RedTotals;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/// What the aggregator tells about itself.
final class AggregatorMetrics {

    final Counter records;
    final Counter traces;
    final Counter late;
    final Counter spans;
    final Counter duplicates;
    final Counter deadLetters;
    final Counter forwarded;
    final Counter markers;
    final Counter markersRefused;
    final Counter versions;
    final Counter upgrades;
    final Counter upgradesMissed;
    final Counter replayed;
    final Counter letGo;
    final Counter rebuilds;
    final Counter restarts;
    final Timer commits;
    final AtomicLong openTraces = new AtomicLong();
    final AtomicLong openBytes = new AtomicLong();
    final AtomicLong forgottenEarly = new AtomicLong();
    volatile double loadFactor = 1;

    final EnrichmentMeters enrichment;
    final Counter figuresBytes;
    final Counter figuresOverflows;
    final Counter figuresUnlinked;
    final Counter zipkinLeftOut;

    /// What operations and links do, as it is scraped.
    final RedTotals red;

    private final MeterRegistry registry;
    private final Map<String, Counter> decided = new ConcurrentHashMap<>();

    AggregatorMetrics(MeterRegistry registry) {
        this(registry, RedTotals.Bounds.DEFAULT);
    }

    AggregatorMetrics(MeterRegistry registry, RedTotals.Bounds bounds) {
        this.registry = registry;
        enrichment = new EnrichmentMeters(registry);
        red = new RedTotals(bounds);
        records = counter(registry, "records", "Records read from spans");
        traces = counter(registry, "traces.completed", "Traces completed");
        late = counter(registry, "traces.late", "Late fragments completed");
        spans = counter(registry, "spans.completed", "Spans in completed traces");
        duplicates = counter(registry, "spans.duplicate", "Copies of spans left out");
        deadLetters = counter(registry, "dead.letters", "Records put into the dead letters");
        forwarded = counter(registry, "records.forwarded", "Records moved to their partition");
        markers = counter(registry, "markers", "Markers appended to idle partitions");
        markersRefused = counter(registry, "markers.refused", "Markers that name no version");
        versions = counter(registry, "versions", "Times a partition turned to a newer version");
        upgrades = counter(registry, "upgrades", "Dropped traces whose spans were read back");
        upgradesMissed =
                counter(registry, "upgrades.missed", "The same where spans were gone already");
        replayed = counter(registry, "records.replayed", "Records read again for their state only");
        letGo = counter(registry, "let.go", "Times bodies were let go for want of memory");
        rebuilds = counter(registry, "rebuilds", "Times state was rebuilt from the log");
        restarts = counter(registry, "restarts", "Times a loop was started anew after a failure");
        figuresBytes =
                counter(registry, "dependencies.bytes", "Bytes written to the topic dependencies");
        figuresOverflows =
                counter(
                        registry,
                        "dependencies.overflows",
                        "Services, operations and links counted as other for want of room");
        figuresUnlinked =
                counter(
                        registry,
                        "dependencies.unlinked",
                        "Spans of traces too large to look for links among all of them");
        zipkinLeftOut =
                counter(
                        registry,
                        "zipkin.left.out",
                        "Spans of kept traces that are too large for a record in Zipkin's form");
        FunctionCounter.builder("millrace.red.overflows", red, RedTotals::overflows)
                .description("Series counted as other in RED metrics for want of room")
                .register(registry);
        commits =
                Timer.builder("millrace.aggregator.commit")
                        .description("Time to commit effects and positions")
                        .register(registry);
        registry.gauge("millrace.aggregator.open.traces", openTraces);
        registry.gauge("millrace.aggregator.open.bytes", openBytes);
        registry.gauge("millrace.aggregator.forgotten.early", forgottenEarly);
        Gauge.builder("millrace.sampling.tail.load.factor", this, metrics -> metrics.loadFactor)
                .description("What chances are multiplied with because of load")
                .register(registry);
    }

    Clock clock() {
        return registry.config().clock();
    }

    /// Counts the spans of a trace by what became of it and the rule that said so.
    void decided(String rule, boolean kept, int spans) {
        decided.computeIfAbsent(
                        (kept ? "+" : "-") + rule,
                        _ ->
                                Counter.builder("millrace.sampling.tail.spans")
                                        .description("Spans of complete traces by verdict and rule")
                                        .tag("verdict", kept ? "kept" : "dropped")
                                        .tag("rule", rule)
                                        .register(registry))
                .increment(spans);
    }

    void analysed(Analysis analysis) {
        figuresOverflows.increment((double) analysis.takeOverflows());
        figuresUnlinked.increment((double) analysis.takeUnlinked());
    }

    private static Counter counter(MeterRegistry registry, String name, String description) {
        return Counter.builder("millrace.aggregator." + name)
                .description(description)
                .register(registry);
    }
}
