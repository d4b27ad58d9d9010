package dev.millrace.server;

import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.Exemplar;
import dev.millrace.analysis.Histogram;
import dev.millrace.analysis.Operation;
import dev.millrace.analysis.RedTotals;
import dev.millrace.analysis.RedTotals.Total;
import dev.millrace.analysis.Series;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Unit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/// Rate, errors and durations of operations and links, as Prometheus takes them, with exemplars for
/// those that ask for OpenMetrics.
///
/// No meters of Micrometer, which take exemplars only from the thread that measures.
final class RedMetrics implements MultiCollector {

    private static final List<String> NAMES =
            List.of(
                    "millrace_operation_duration_seconds",
                    "millrace_operation_errors",
                    "millrace_link_duration_seconds",
                    "millrace_link_errors");

    private static final double[] BOUNDS = bounds();

    private final RedTotals totals;

    RedMetrics(RedTotals totals) {
        this.totals = totals;
    }

    private static double[] bounds() {
        var bounds = Histogram.bounds();
        double[] all =
                Arrays.copyOf(
                        bounds.stream().mapToDouble(Double::doubleValue).toArray(),
                        bounds.size() + 1);
        all[bounds.size()] = Double.POSITIVE_INFINITY;
        return all;
    }

    /// So that who wants others is not kept waiting for these.
    @Override
    public MetricSnapshots collect(Predicate<String> wanted) {
        return NAMES.stream().anyMatch(wanted)
                ? MultiCollector.super.collect(wanted)
                : new MetricSnapshots();
    }

    @Override
    public MetricSnapshots collect() {
        var snapshots = new ArrayList<MetricSnapshot>(4);
        add(snapshots, "millrace_operation", "spans", totals.totals(Operation.class));
        add(snapshots, "millrace_link", "calls", totals.totals(Dependency.class));
        return new MetricSnapshots(snapshots);
    }

    private static void add(
            List<MetricSnapshot> snapshots, String name, String what, List<Total> totals) {
        var durations =
                HistogramSnapshot.builder()
                        .name(name + "_duration_seconds")
                        .unit(Unit.SECONDS)
                        .help("How long " + what + " took, whether they are stored or not");
        var errors =
                CounterSnapshot.builder()
                        .name(name + "_errors")
                        .help("How many " + what + " failed, whether they are stored or not");
        for (var total : totals) {
            var labels = labels(total);
            durations.dataPoint(
                    HistogramDataPointSnapshot.builder()
                            .classicHistogramBuckets(
                                    ClassicHistogramBuckets.of(BOUNDS, counts(total.histogram())))
                            .sum(total.histogram().sumSeconds())
                            .exemplars(exemplars(total.histogram()))
                            .labels(labels)
                            .build());
            errors.dataPoint(
                    CounterDataPointSnapshot.builder()
                            .value(total.errors())
                            .labels(labels)
                            .build());
        }
        snapshots.add(durations.build());
        snapshots.add(errors.build());
    }

    private static Labels labels(Total total) {
        String tenant = total.tenant().name();
        Series series = total.series();
        return switch (series) {
            case Operation operation ->
                    Labels.of(
                            "tenant",
                            tenant,
                            "service",
                            operation.service(),
                            "operation",
                            operation.name(),
                            "kind",
                            operation.kind().name().toLowerCase(Locale.ROOT));
            case Dependency link ->
                    Labels.of(
                            "tenant",
                            tenant,
                            "caller",
                            link.caller(),
                            "callee",
                            link.callee(),
                            "connection",
                            link.connection().word());
        };
    }

    /// Whole numbers: a span behind a head sampler may count for a broken one.
    private static long[] counts(Histogram histogram) {
        return histogram.counts().stream().mapToLong(Math::round).toArray();
    }

    private static Exemplars exemplars(Histogram histogram) {
        var all = Exemplars.builder();
        IntStream.range(0, BOUNDS.length)
                .forEach(bucket -> {
                    var exemplar = histogram.exemplar(bucket);
                    if (exemplar != null) {
                        all.exemplar(exemplar(exemplar));
                    }
                });
        return all.build();
    }

    private static io.prometheus.metrics.model.snapshots.Exemplar exemplar(Exemplar exemplar) {
        return io.prometheus.metrics.model.snapshots.Exemplar.builder()
                .value(exemplar.durationNanos() / 1e9)
                .traceId(exemplar.traceId().toString())
                .spanId(exemplar.spanId().toString())
                .timestampMillis(exemplar.endNanos() / 1_000_000)
                .build();
    }
}
