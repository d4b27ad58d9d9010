package dev.millrace.query;

import dev.millrace.analysis.Analysis;
import dev.millrace.analysis.AnalysisConfig;
import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.analysis.SpanWeight;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.SpanIndex;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/// Who calls whom, from the figures that the aggregator took of all traces; where there are none,
/// from the newest of those that are stored.
final class JaegerDependencies {

    /// How often one service calls another.
    ///
    /// @param calls at least one
    record Link(String parent, String child, long calls) {

        boolean concerns(String service) {
            return parent.equals(service) || child.equals(service);
        }
    }

    private record Pair(String parent, String child) {}

    // How many traces are looked at where nobody counted, and how many at once.
    private static final int MAX_TRACES = 10_000;
    private static final int PAGE = 200;

    private static final long MINUTE = Duration.ofMinutes(1).toMillis();
    private static final Comparator<Pair> BY_NAME =
            Comparator.comparing(Pair::parent).thenComparing(Pair::child);

    private final TraceStore store;

    JaegerDependencies(TraceStore store) {
        this.store = store;
    }

    /// The links of the minutes that some time touches, by name.
    ///
    /// @param startMillis since the epoch
    /// @param endMillis not before the start
    List<Link> between(Tenant tenant, long startMillis, long endMillis) {
        long from = Math.max(0, startMillis);
        Map<Pair, Double> calls = new TreeMap<>(BY_NAME);
        if (store instanceof DependencyStore kept) {
            kept.dependencies(tenant, from / MINUTE, endMillis / MINUTE + 1)
                    .forEach(minute -> add(minute.entries(), calls));
        }
        if (calls.isEmpty() && SwitchedStore.answered(store).search()) {
            addTraces(tenant, from, endMillis, calls);
        }
        var links = new ArrayList<Link>(calls.size());
        calls.forEach((pair, count) ->
                links.add(new Link(pair.parent(), pair.child(), Math.max(1, Math.round(count)))));
        return links;
    }

    private void addTraces(Tenant tenant, long from, long to, Map<Pair, Double> calls) {
        var figures = new Analysis(AnalysisConfig.DEFAULT, SpanWeight.ONE).partition();
        Cursor after = null;
        int seen = 0;
        do {
            var page =
                    store.search(
                            tenant,
                            TraceSearch.builder()
                                    .start(nanos(from), nanos(to))
                                    .limit(PAGE)
                                    .after(after)
                                    .build());
            for (var trace : page.traces()) {
                var index = new SpanIndex();
                index.add(trace.traceId(), OtlpEncoder.encode(trace.spans()));
                figures.begin(tenant, trace.traceId());
                figures.observe(index, IntStream.range(0, index.size()).toArray());
                figures.end(true);
            }
            seen += page.traces().size();
            after = page.next().orElse(null);
        } while (after != null && seen < MAX_TRACES);
        figures.take(new Origin("", 0, 0)).forEach(delta -> add(delta.entries(), calls));
    }

    private static long nanos(long millis) {
        return millis >= Long.MAX_VALUE / 1_000_000 ? Long.MAX_VALUE : millis * 1_000_000;
    }

    private static void add(List<DependencyDelta.Entry> entries, Map<Pair, Double> calls) {
        for (var entry : entries) {
            if (entry.series() instanceof Dependency link && isCall(link)) {
                calls.merge(
                        new Pair(link.caller(), link.callee()),
                        entry.figures().calls(),
                        Double::sum);
            }
        }
    }

    // Jaeger has nobody for a caller that nobody knows.
    private static boolean isCall(Dependency link) {
        return link.connection() != Connection.VIRTUAL || !link.caller().equals(Dependency.USER);
    }
}
