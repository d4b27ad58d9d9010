package dev.millrace.server;

import dev.millrace.query.system.PipelinePicture.Figure;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.DistributionDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What this process counts, as [MetricsText] reads it of the others, without writing it down
/// first.
final class OwnFigures {

    private OwnFigures() {}

    static List<Figure> of(PrometheusMeterRegistry meters) {
        var figures = new ArrayList<Figure>();
        meters.getPrometheusRegistry()
                .scrape(MetricsText::isShown)
                .forEach(snapshot -> add(figures, snapshot));
        return figures;
    }

    private static void add(List<Figure> into, MetricSnapshot snapshot) {
        String name = snapshot.getMetadata().getPrometheusName();
        if (!MetricsText.isShown(name)) {
            return;
        }
        switch (snapshot) {
            case CounterSnapshot counters ->
                    counters.getDataPoints()
                            .forEach(point ->
                                    into.add(
                                            new Figure(
                                                    name + "_total",
                                                    labels(point),
                                                    point.getValue())));
            case GaugeSnapshot gauges ->
                    gauges.getDataPoints()
                            .forEach(point ->
                                    into.add(new Figure(name, labels(point), point.getValue())));
            case HistogramSnapshot histograms ->
                    histograms.getDataPoints().forEach(point -> add(into, name, point));
            case SummarySnapshot summaries ->
                    summaries.getDataPoints().forEach(point -> add(into, name, point));
            case InfoSnapshot infos ->
                    infos.getDataPoints()
                            .forEach(point ->
                                    into.add(new Figure(name + "_info", labels(point), 1)));
            default -> {}
        }
    }

    private static void add(List<Figure> into, String name, DistributionDataPointSnapshot point) {
        if (point.hasCount() && point.hasSum()) {
            into.add(new Figure(name + "_count", labels(point), point.getCount()));
            into.add(new Figure(name + "_sum", labels(point), point.getSum()));
        }
    }

    private static Map<String, String> labels(DataPointSnapshot point) {
        var labels = new HashMap<String, String>();
        point.getLabels().forEach(label -> labels.put(label.getName(), label.getValue()));
        return labels;
    }
}
