package dev.millrace.analysis;

import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Makes traces, and shows them to the analysis as an assembler would.
final class Traces {

    static final TraceId ID = new TraceId(7, 9);
    static final long MILLI = 1_000_000;
    static final long MINUTE = 60_000 * MILLI;

    /// The time at which spans begin unless told otherwise.
    static final long START = 1_000 * MINUTE;

    /// Of what there is nothing.
    static final Figures NONE = new Figures(false);

    static final Status ERROR = new Status(Status.Code.ERROR, "");

    private Traces() {}

    /// A span of 10 ms.
    static Span.Builder span(String service, SpanKind kind, long id, long parent) {
        return span(ID, service, kind, id, parent);
    }

    static Span.Builder span(TraceId traceId, String service, SpanKind kind, long id, long parent) {
        return Span.builder(traceId, new SpanId(id))
                .parentSpanId(parent == 0 ? null : new SpanId(parent))
                .name("step")
                .kind(kind)
                .time(START, START + 10 * MILLI)
                .resource(new Resource(attributes("service.name", service), 0, ""));
    }

    static Attributes attributes(String... keysAndValues) {
        var attributes = new ArrayList<Attribute>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            attributes.add(
                    new Attribute(keysAndValues[i], new AttributeValue.Text(keysAndValues[i + 1])));
        }
        return new Attributes(attributes);
    }

    static Analysis analysis() {
        return new Analysis(AnalysisConfig.DEFAULT, SpanWeight.ONE);
    }

    /// Shows one trace whose parts are these.
    @SafeVarargs
    @SuppressWarnings("varargs") // only read
    static void show(PartitionFigures figures, Tenant tenant, boolean kept, List<Span>... parts) {
        var id = parts[0].getFirst().traceId();
        figures.begin(tenant, id);
        for (var part : parts) {
            var index = new SpanIndex();
            index.add(id, OtlpEncoder.encode(part));
            figures.observe(index, IntStream.range(0, index.size()).toArray());
        }
        figures.end(kept);
    }

    /// Shows a trace's first part, and no more of it.
    static void showPart(PartitionFigures figures, List<Span> part) {
        var id = part.getFirst().traceId();
        figures.begin(Tenant.DEFAULT, id);
        var index = new SpanIndex();
        index.add(id, OtlpEncoder.encode(part));
        figures.observe(index, IntStream.range(0, index.size()).toArray());
    }

    static void show(PartitionFigures figures, Span.Builder... spans) {
        show(figures, Tenant.DEFAULT, false, built(spans));
    }

    static List<Span> built(Span.Builder... spans) {
        return List.of(spans).stream().map(Span.Builder::build).toList();
    }

    static Map<Series, Figures> take(PartitionFigures figures) {
        var totals = new DependencyTotals(1_000_000);
        figures.take(origin(1)).forEach(totals::add);
        return totals.between(Tenant.DEFAULT, 0, Long.MAX_VALUE);
    }

    static Origin origin(long commit) {
        return new Origin("spans", 3, commit);
    }

    /// The links of one trace.
    static Map<Dependency, Figures> links(Span.Builder... spans) {
        var figures = analysis().partition();
        show(figures, spans);
        return links(take(figures));
    }

    static Map<Dependency, Figures> links(Map<Series, Figures> all) {
        var links = new java.util.HashMap<Dependency, Figures>();
        all.forEach((series, figures) -> {
            if (series instanceof Dependency link) {
                links.put(link, figures);
            }
        });
        return links;
    }
}
