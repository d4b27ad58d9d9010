package dev.millrace.analysis;

import dev.millrace.load.traffic.Encoding;
import dev.millrace.load.traffic.ShopWorkload;
import dev.millrace.load.traffic.TrafficShape;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.SpanIndex;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Spans of a shop's traces per second on one core: indexed, as assembly does, and indexed and
/// counted.
///
/// Run as `./dev bench codecs` does.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 3, time = 2)
public class FiguresBenchmark {

    private static final int SPANS = 10_000;

    private record Trace(TraceId id, Slice body) {}

    private final List<Trace> traces = new ArrayList<>();
    private final Analysis analysis = new Analysis(AnalysisConfig.DEFAULT, SpanWeight.ONE);
    private final PartitionFigures figures = analysis.partition();
    private final List<int[]> numbers = new ArrayList<>();

    @Setup
    public void fill() {
        var shape = new TrafficShape(SPANS, 0, Duration.ZERO, 0, 0, 1);
        var workload = new ShopWorkload(1, shape, Encoding.OTLP);
        var byTrace = new LinkedHashMap<TraceId, List<Span>>();
        for (var request : workload.next(Traces.START)) {
            for (var span : OtlpDecoder.spans(request.body())) {
                byTrace.computeIfAbsent(span.traceId(), _ -> new ArrayList<>()).add(span);
            }
        }
        int spans = 0;
        for (var of : byTrace.values()) {
            // The last trace is cut, so that the sum is known.
            var taken = of.subList(0, Math.min(of.size(), SPANS - spans));
            if (!taken.isEmpty()) {
                traces.add(new Trace(of.getFirst().traceId(), OtlpEncoder.encode(taken)));
                spans += taken.size();
            }
        }
        int most = byTrace.values().stream().mapToInt(List::size).max().orElse(0);
        for (int size = 0; size <= most; size++) {
            numbers.add(IntStream.range(0, size).toArray());
        }
    }

    @Benchmark
    @OperationsPerInvocation(SPANS)
    public int index() {
        int size = 0;
        for (var trace : traces) {
            size += indexed(trace).size();
        }
        return size;
    }

    @Benchmark
    @OperationsPerInvocation(SPANS)
    public int indexAndAnalyse() {
        for (var trace : traces) {
            show(trace, indexed(trace));
        }
        return written();
    }

    private static SpanIndex indexed(Trace trace) {
        var index = new SpanIndex();
        index.add(trace.id(), trace.body());
        return index;
    }

    private void show(Trace trace, SpanIndex index) {
        figures.begin(Tenant.DEFAULT, trace.id());
        figures.observe(index, numbers.get(index.size()));
        figures.end(true);
    }

    private int written() {
        int bytes = 0;
        for (var delta : figures.take(Traces.origin(1))) {
            bytes += delta.encode().length();
        }
        return bytes;
    }
}
