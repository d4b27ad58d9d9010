package dev.millrace.query;

import dev.millrace.analysis.Analysis;
import dev.millrace.analysis.AnalysisConfig;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.SpanWeight;
import dev.millrace.model.Attributes;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.SpanIndex;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// A store with Jaeger's APIs before it, over HTTP and gRPC, and an archive in memory behind.
final class JaegerFixture implements AutoCloseable {

    static final TraceId SKEWED = new TraceId(0, 0x5e);

    private static final long MILLI = 1_000_000;

    final Map<TraceId, Trace> archived = new ConcurrentHashMap<>();
    final RunningQuery query;
    private final TraceStore store;
    private int offset;

    JaegerFixture(TraceStore store) {
        this.store = store;
        var archive =
                new TraceArchive() {
                    @Override
                    public void keep(Tenant tenant, Trace trace) {
                        archived.put(trace.traceId(), trace);
                    }

                    @Override
                    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
                        return Optional.ofNullable(archived.get(traceId));
                    }
                };
        query = new RunningQuery(store, archive, new JaegerConfig(0, Duration.ofSeconds(1)));
    }

    static TraceStore local(Path directory) {
        var store = new LocalTraceStore(LocalStoreConfig.in(directory), new SimpleMeterRegistry());
        store.start();
        return store;
    }

    /// Keeps traces, in one write.
    ///
    /// @param traces the spans of each
    void keep(List<List<Span>> traces) {
        store.write(traces.stream().map(this::fragment).toList());
    }

    private Fragment fragment(List<Span> spans) {
        return new Fragment(
                new FragmentId("traces-complete", 0, offset++),
                Tenant.DEFAULT,
                spans.getFirst().traceId(),
                OtlpEncoder.encode(spans));
    }

    /// A call from `desk` to `rack` ten minutes ago: both halves share an id, and the clock of
    /// `rack` is 520 ms behind.
    static List<Span> skewed() {
        long start = SampleTraces.NOW_NANOS - Duration.ofMinutes(10).toNanos();
        return List.of(
                span(SKEWED, "desk", SpanKind.SERVER, 1, 0, start, 100),
                span(SKEWED, "desk", SpanKind.CLIENT, 2, 1, start + 10 * MILLI, 80),
                span(SKEWED, "rack", SpanKind.SERVER, 2, 1, start - 490 * MILLI, 40));
    }

    private static Span span(
            TraceId trace,
            String service,
            SpanKind kind,
            long id,
            long parent,
            long start,
            long millis) {
        return Span.builder(trace, new SpanId(id))
                .parentSpanId(parent == 0 ? null : new SpanId(parent))
                .name("look")
                .kind(kind)
                .time(start, start + millis * MILLI)
                .resource(
                        new Resource(
                                Attributes.of(
                                        SampleTraces.text("service.name", service),
                                        SampleTraces.text("host.name", service + "-1")),
                                0,
                                ""))
                .build();
    }

    /// Has the figures of some calls from `till` to `vault` in the store, as an aggregator takes
    /// them: in each minute before now that is told, so many, of a second each, of which the first
    /// failed.
    ///
    /// @param calls by how many minutes they were ago
    void count(Map<Integer, Integer> calls) {
        var figures = new Analysis(AnalysisConfig.DEFAULT, SpanWeight.ONE).partition();
        calls.forEach((ago, count) -> {
            long start = SampleTraces.NOW_NANOS - Duration.ofMinutes(ago).toNanos();
            for (int i = 0; i < count; i++) {
                var id = new TraceId(ago, 1 + i);
                var calling = span(id, "till", SpanKind.CLIENT, 1, 0, start, 1_000);
                var called = span(id, "vault", SpanKind.SERVER, 2, 1, start, 1_000);
                var error = new Status(Status.Code.ERROR, "");
                var spans = List.of(calling, i == 0 ? failed(called, error) : called);
                var index = new SpanIndex();
                index.add(id, OtlpEncoder.encode(spans));
                figures.begin(Tenant.DEFAULT, id);
                figures.observe(index, IntStream.range(0, index.size()).toArray());
                figures.end(true);
            }
        });
        var minutes = new ArrayList<DependencyMinute>();
        for (var delta : figures.take(new DependencyDelta.Origin("spans", 0, 1))) {
            delta.entries().stream()
                    .collect(Collectors.groupingBy(DependencyDelta.Entry::minute))
                    .forEach((minute, entries) ->
                            minutes.add(
                                    new DependencyMinute(Tenant.DEFAULT, minute, 0, 1, entries)));
        }
        ((DependencyStore) store).writeDependencies(minutes);
    }

    private static Span failed(Span span, Status error) {
        return span.toBuilder().name("open").status(error).build();
    }

    @Override
    public void close() {
        query.close();
        store.close();
    }
}
