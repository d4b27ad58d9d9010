package dev.millrace.pipeline;

import dev.millrace.analysis.Analysis;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.analysis.PartitionFigures;
import dev.millrace.analysis.SpanWeight;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.sampling.Threshold;
import dev.millrace.sampling.TraceState;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.List;
import org.apache.kafka.common.TopicPartition;

/// The figures of one partition on their way out: written with the commit that they belong to, and
/// scraped once it has succeeded.
final class FiguresOutput {

    /// A span stands for as many as its threshold says.
    private static final SpanWeight BY_THRESHOLD =
            state -> {
                var threshold = TraceState.parse(state).threshold();
                return threshold.isPresent()
                        ? new Threshold(threshold.getAsLong()).adjustedCount()
                        : 1;
            };

    private final PartitionFigures figures;
    private final FiguresConfig config;
    private final AggregatorOutput output;
    private final AggregatorMetrics metrics;
    private List<DependencyDelta> uncommitted = List.of();

    /// Whether the trace at hand counts.
    private boolean counting;

    FiguresOutput(
            PartitionFigures figures,
            FiguresConfig config,
            AggregatorOutput output,
            AggregatorMetrics metrics) {
        this.figures = figures;
        this.config = config;
        this.output = output;
        this.metrics = metrics;
    }

    static Analysis analysis(FiguresConfig config) {
        return new Analysis(config.analysis(), BY_THRESHOLD);
    }

    /// @param counts whether it was not counted before
    void begin(Tenant tenant, TraceId traceId, boolean counts) {
        counting = counts && (config.wanted() || output.wantsLinks());
        if (counting) {
            figures.begin(tenant, traceId);
        }
    }

    void observe(SpanIndex index, int[] spans) {
        if (counting) {
            figures.observe(index, spans);
        }
    }

    void end(boolean stored) {
        if (counting) {
            figures.end(stored);
        }
    }

    /// @param commit its number among those of the partition
    /// @param logTime up to which the partition is read
    void write(TopicPartition source, long commit, long logTime) {
        uncommitted = figures.take(new Origin(source.topic(), source.partition(), commit));
        if (config.written()) {
            for (var delta : uncommitted) {
                metrics.figuresBytes.increment(output.dependencies(delta));
            }
        }
        if (output.wantsLinks()) {
            uncommitted.forEach(delta -> output.links(delta, logTime));
        }
    }

    void committed() {
        if (config.analysis().histograms()) {
            uncommitted.forEach(metrics.red::add);
        }
        uncommitted = List.of();
    }
}
