package dev.millrace.sampling;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGeneratorFactory;
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

/// Spans per second through [HeadSampler] on one core, at 1 %: 5,120 spans of ten per trace.
///
/// Run as `./dev bench codecs` does.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@Fork(1)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 2)
public class HeadSamplerBenchmark {

    private static final int TRACES = 512;
    private static final int SPANS_PER_TRACE = 10;

    private final HeadSampler sampler = new HeadSampler(HeadConfig.HEAD);
    private List<TraceChunk> chunks = List.of();

    @Setup
    public void fill() {
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        var filled = new ArrayList<TraceChunk>();
        for (int i = 0; i < TRACES; i++) {
            var id = new TraceId(random.nextLong(), random.nextLong() | 1);
            var spans = new ArrayList<Span>();
            for (int j = 0; j < SPANS_PER_TRACE; j++) {
                spans.add(span(id, random.nextLong() | 1, "checkout-" + j / 3));
            }
            filled.add(new TraceChunk(id, OtlpEncoder.encode(spans), spans.size()));
        }
        chunks = filled;
    }

    @Benchmark
    @OperationsPerInvocation(TRACES * SPANS_PER_TRACE)
    public HeadSample sample() {
        return sampler.sample(Tenant.DEFAULT, chunks, 0);
    }

    private static Span span(TraceId traceId, long id, String service) {
        var attributes = new ArrayList<Attribute>();
        for (int i = 0; i < 9; i++) {
            attributes.add(text("http.request.header." + i, "a value of middling length"));
        }
        return Span.builder(traceId, new SpanId(id))
                .name("GET /api/v1/products/{id}")
                .time(1, 2)
                .attributes(new Attributes(attributes), 0)
                .resource(new Resource(Attributes.of(text("service.name", service)), 0, ""))
                .build();
    }

    private static Attribute text(String key, String value) {
        return new Attribute(key, new AttributeValue.Text(value));
    }
}
