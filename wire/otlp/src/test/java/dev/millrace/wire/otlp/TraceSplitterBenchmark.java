package dev.millrace.wire.otlp;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.TraceId;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/// Spans per second through [TraceSplitter] on one core: requests of 512 spans of about 420 bytes,
/// of 52 interleaved traces and four services.
///
/// To run it, from the root:
///
/// ```
/// ./mvnw -q -pl wire/otlp -am test-compile dependency:build-classpath \
///     -Dmdep.outputFile=target/classpath
/// java -cp "wire/otlp/target/test-classes:wire/otlp/target/classes:model/target/classes:\
/// $(cat wire/otlp/target/classpath)" org.openjdk.jmh.Main TraceSplitterBenchmark
/// ```
@State(org.openjdk.jmh.annotations.Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@Fork(1)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
public class TraceSplitterBenchmark {

    private static final int SPANS = 512;
    private static final int SPANS_PER_TRACE = 10;
    private static final int SERVICES = 4;
    private static final int REQUESTS = 8;
    private static final Grouping EIGHT =
            Grouping.numbered(8, (high, low) -> (int) (high ^ low) & 7);
    private static final long NOW = 1_790_000_000_000_000_000L;
    private static final long HOUR = 3_600_000_000_000L;

    private final TraceSplitter splitter =
            new TraceSplitter(new SpanLimits(24 * HOUR, HOUR, 64 << 10));
    private List<Slice> requests = List.of();
    private List<List<TraceChunk>> packed = List.of();
    private int next;

    @Setup
    public void fill() {
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        requests = IntStream.range(0, REQUESTS).mapToObj(_ -> request(random)).toList();
        packed =
                requests.stream()
                        .map(request -> splitter.split(request, NOW, EIGHT).chunks())
                        .toList();
    }

    @Benchmark
    @OperationsPerInvocation(SPANS)
    public Split split() {
        next = (next + 1) % REQUESTS;
        return splitter.split(requests.get(next), NOW);
    }

    /// The same into eight chunks.
    @Benchmark
    @OperationsPerInvocation(SPANS)
    public Split pack() {
        next = (next + 1) % REQUESTS;
        return splitter.split(requests.get(next), NOW, EIGHT);
    }

    /// What [#pack] made, by trace again.
    @Benchmark
    @OperationsPerInvocation(SPANS)
    public void unpack(Blackhole hole) {
        next = (next + 1) % REQUESTS;
        for (var chunk : packed.get(next)) {
            hole.consume(PackedSpans.byTrace(chunk.body()));
        }
    }

    private static Slice request(RandomGenerator random) {
        var traces = new ArrayList<TraceId>();
        for (int i = 0; i < (SPANS + SPANS_PER_TRACE - 1) / SPANS_PER_TRACE; i++) {
            traces.add(new TraceId(random.nextLong(), random.nextLong() | 1));
        }
        var spans = new ArrayList<Span>();
        for (int i = 0; i < SPANS; i++) {
            var service = resource(i * SERVICES / SPANS);
            spans.add(span(traces.get(i % traces.size()), service, random));
        }
        return OtlpEncoder.encode(spans);
    }

    private static Resource resource(int service) {
        return new Resource(
                Attributes.of(
                        text("service.name", "checkout-" + service),
                        text("service.version", "2.14.3"),
                        text("deployment.environment.name", "production"),
                        text("k8s.pod.name", "checkout-7c9f8d6b5-x2x" + service),
                        text("telemetry.sdk.language", "java")),
                0,
                "https://opentelemetry.io/schemas/1.37.0");
    }

    private static Span span(TraceId trace, Resource resource, RandomGenerator random) {
        long start = NOW - random.nextLong(HOUR);
        return Span.builder(trace, new SpanId(random.nextLong() | 1))
                .parentSpanId(new SpanId(random.nextLong() | 1))
                .flags(0x101)
                .name("GET /api/v1/products/{id}")
                .kind(SpanKind.SERVER)
                .time(start, start + random.nextLong(100_000_000))
                .attributes(
                        Attributes.of(
                                text("http.request.method", "GET"),
                                text("url.path", "/api/v1/products/" + random.nextInt(100_000)),
                                text("http.route", "/api/v1/products/{id}"),
                                text("server.address", "checkout.prod.svc"),
                                number("server.port", 8080),
                                number("http.response.status_code", 200),
                                text("network.protocol.version", "1.1"),
                                text("user_agent.original", "okhttp/4.12.0 (linux; arm64)"),
                                text("client.address", "10.12." + random.nextInt(256) + ".17")),
                        0)
                .resource(resource)
                .scope(new Scope("io.opentelemetry.netty-4.1", "2.20.0", Attributes.EMPTY, 0, ""))
                .build();
    }

    private static Attribute text(String key, String value) {
        return new Attribute(key, new AttributeValue.Text(value));
    }

    private static Attribute number(String key, long value) {
        return new Attribute(key, new AttributeValue.Int(value));
    }
}
