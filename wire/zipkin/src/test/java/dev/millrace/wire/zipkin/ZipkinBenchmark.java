package dev.millrace.wire.zipkin;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
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
import zipkin2.Endpoint;
import zipkin2.Span;
import zipkin2.codec.SpanBytesEncoder;

/// Spans per second through [ZipkinDecoder] and [ZipkinEncoder] on one core: lists of 512 spans as
/// Zipkin's encoders write them, with eight tags and one annotation each.
///
/// Run as `./dev bench codecs` does.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class ZipkinBenchmark {

    private static final int SPANS = 512;
    private static final int LISTS = 8;
    private static final long NOW_MICROS = 1_790_000_000_000_000L;
    private static final long NOW = NOW_MICROS * 1_000;

    private final ZipkinDecoder decoder = new ZipkinDecoder(16 << 20);
    private List<Slice> json = List.of();
    private List<Slice> protobuf = List.of();
    private List<Slice> thrift = List.of();
    private List<Slice> otlp = List.of();
    private int next;

    @Setup
    public void fill() {
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        var lists = new ArrayList<List<Span>>();
        for (int i = 0; i < LISTS; i++) {
            lists.add(list(random));
        }
        json = encoded(lists, SpanBytesEncoder.JSON_V2);
        protobuf = encoded(lists, SpanBytesEncoder.PROTO3);
        thrift = encoded(lists, SpanBytesEncoder.THRIFT);
        requireAll(ZipkinFormat.JSON_V2, json);
        requireAll(ZipkinFormat.PROTOBUF, protobuf);
        requireAll(ZipkinFormat.THRIFT, thrift);
        otlp = json.stream().map(list -> decoder.traces(ZipkinFormat.JSON_V2, list, NOW)).toList();
    }

    @Benchmark
    @OperationsPerInvocation(SPANS)
    public Slice decodeJson() {
        return decoder.traces(ZipkinFormat.JSON_V2, next(json), NOW);
    }

    @Benchmark
    @OperationsPerInvocation(SPANS)
    public Slice decodeProtobuf() {
        return decoder.traces(ZipkinFormat.PROTOBUF, next(protobuf), NOW);
    }

    @Benchmark
    @OperationsPerInvocation(SPANS)
    public Slice decodeThrift() {
        return decoder.traces(ZipkinFormat.THRIFT, next(thrift), NOW);
    }

    @Benchmark
    @OperationsPerInvocation(SPANS)
    public Slice encodeJson() {
        return ZipkinEncoder.json(next(otlp));
    }

    private Slice next(List<Slice> lists) {
        next = (next + 1) % LISTS;
        return lists.get(next);
    }

    private void requireAll(ZipkinFormat format, List<Slice> lists) {
        for (var list : lists) {
            int spans = OtlpDecoder.spans(decoder.traces(format, list, NOW)).size();
            if (spans != SPANS) {
                throw new IllegalStateException(
                        format + ": " + spans + " spans (expected: " + SPANS + ")");
            }
        }
    }

    private static List<Slice> encoded(List<List<Span>> lists, SpanBytesEncoder encoder) {
        return lists.stream().map(list -> Slice.of(encoder.encodeList(list))).toList();
    }

    private static List<Span> list(RandomGenerator random) {
        var spans = new ArrayList<Span>();
        for (int i = 0; i < SPANS; i++) {
            long start = NOW_MICROS - random.nextInt(1_000_000);
            spans.add(
                    Span.newBuilder()
                            .traceId(random.nextLong(), random.nextLong() | 1)
                            .parentId(random.nextLong() | 1)
                            .id(random.nextLong() | 1)
                            .kind(Span.Kind.SERVER)
                            .name("get /api/v1/products/{id}")
                            .timestamp(start)
                            .duration(random.nextInt(1, 100_000))
                            .localEndpoint(
                                    Endpoint.newBuilder()
                                            .serviceName("checkout-" + i * 4 / SPANS)
                                            .ip("10.1.2.3")
                                            .port(8080)
                                            .build())
                            .remoteEndpoint(
                                    Endpoint.newBuilder()
                                            .ip("10.12." + random.nextInt(256) + ".17")
                                            .build())
                            .addAnnotation(start + 10, "ws")
                            .putTag("http.method", "GET")
                            .putTag("http.path", "/api/v1/products/" + random.nextInt(100_000))
                            .putTag("http.route", "/api/v1/products/{id}")
                            .putTag("http.status_code", "200")
                            .putTag("server.address", "checkout.prod.svc")
                            .putTag("network.protocol.version", "1.1")
                            .putTag("user_agent.original", "okhttp/4.12.0 (linux; arm64)")
                            .putTag("deployment.environment.name", "production")
                            .build());
        }
        return spans;
    }
}
