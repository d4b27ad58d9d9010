package dev.millrace.wire.jaeger;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.ProtoWriter;
import io.jaegertracing.thriftjava.Batch;
import io.jaegertracing.thriftjava.Log;
import io.jaegertracing.thriftjava.Process;
import io.jaegertracing.thriftjava.Span;
import io.jaegertracing.thriftjava.SpanRef;
import io.jaegertracing.thriftjava.SpanRefType;
import io.jaegertracing.thriftjava.Tag;
import io.jaegertracing.thriftjava.TagType;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.apache.thrift.TException;
import org.apache.thrift.TSerializer;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.protocol.TCompactProtocol;
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

/// Spans per second through [JaegerDecoder] and [JaegerEncoder] on one core: batches of 512 spans
/// of one process, as Jaeger's client writes them, with nine tags and one log each.
///
/// Run as `./dev bench codecs` does.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class JaegerBenchmark {

    private static final int SPANS = 512;
    private static final int BATCHES = 8;
    private static final int MAX_BYTES = 16 << 20;
    private static final long NOW_MICROS = 1_790_000_000_000_000L;
    private static final long NOW = NOW_MICROS * 1_000;

    private final JaegerDecoder decoder = new JaegerDecoder(MAX_BYTES);
    private final List<Slice> binary = new ArrayList<>();
    private final List<Slice> compact = new ArrayList<>();
    private final List<Slice> posted = new ArrayList<>();
    private final List<Slice> otlp = new ArrayList<>();
    private int next;

    @Setup
    public void fill() throws TException {
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        for (int i = 0; i < BATCHES; i++) {
            var batch = batch(random, "checkout-" + i % 4);
            binary.add(Slice.of(new TSerializer(new TBinaryProtocol.Factory()).serialize(batch)));
            compact.add(Slice.of(new TSerializer(new TCompactProtocol.Factory()).serialize(batch)));
            var traces = decoder.traces(JaegerFormat.BATCH_BINARY, binary.getLast(), NOW);
            otlp.add(traces);
            posted.add(postSpans(traces));
            requireAll(JaegerFormat.BATCH_BINARY, binary.getLast());
            requireAll(JaegerFormat.BATCH_COMPACT, compact.getLast());
            requireAll(JaegerFormat.POST_SPANS, posted.getLast());
        }
    }

    @Benchmark
    @OperationsPerInvocation(SPANS)
    public Slice decodeBinary() {
        return decoder.traces(JaegerFormat.BATCH_BINARY, next(binary), NOW);
    }

    @Benchmark
    @OperationsPerInvocation(SPANS)
    public Slice decodeCompact() {
        return decoder.traces(JaegerFormat.BATCH_COMPACT, next(compact), NOW);
    }

    @Benchmark
    @OperationsPerInvocation(SPANS)
    public Slice decodePostSpans() {
        return decoder.traces(JaegerFormat.POST_SPANS, next(posted), NOW);
    }

    @Benchmark
    @OperationsPerInvocation(SPANS)
    public List<byte[]> encodeProtobuf() {
        return JaegerEncoder.protobuf(next(otlp));
    }

    private Slice next(List<Slice> bodies) {
        next = (next + 1) % BATCHES;
        return bodies.get(next);
    }

    private void requireAll(JaegerFormat format, Slice body) {
        int spans = OtlpDecoder.spans(decoder.traces(format, body, NOW)).size();
        if (spans != SPANS) {
            throw new IllegalStateException(
                    format + ": " + spans + " spans (expected: " + SPANS + ")");
        }
    }

    /// A `PostSpansRequest` with a batch of spans that each bring their process.
    private static Slice postSpans(Slice traces) {
        var request = new ProtoWriter(2 * traces.length(), MAX_BYTES);
        int batch = request.open(1);
        for (byte[] span : JaegerEncoder.protobuf(traces)) {
            request.bytes(1, Slice.of(span));
        }
        request.close(batch);
        return request.finish();
    }

    private static Batch batch(RandomGenerator random, String service) {
        var process = new Process(service);
        process.addToTags(text("hostname", "checkout-7c9f8d6b5-x2x1"));
        process.addToTags(text("jaeger.version", "Java-1.8.1"));
        var spans = new ArrayList<Span>();
        for (int i = 0; i < SPANS; i++) {
            spans.add(span(random));
        }
        return new Batch(process, spans);
    }

    private static Span span(RandomGenerator random) {
        long start = NOW_MICROS - random.nextInt(1_000_000);
        long low = random.nextLong() | 1;
        long high = random.nextLong();
        long parent = random.nextLong() | 1;
        var span =
                new Span(
                        low,
                        high,
                        random.nextLong() | 1,
                        parent,
                        "GET /api/v1/products/{id}",
                        1,
                        start,
                        random.nextInt(1, 100_000));
        span.addToReferences(new SpanRef(SpanRefType.CHILD_OF, low, high, parent));
        span.addToTags(text("span.kind", "server"));
        span.addToTags(text("http.method", "GET"));
        span.addToTags(text("http.url", "/api/v1/products/" + random.nextInt(100_000)));
        span.addToTags(text("http.route", "/api/v1/products/{id}"));
        span.addToTags(text("component", "java-web-servlet"));
        span.addToTags(text("peer.address", "10.12." + random.nextInt(256) + ".17"));
        span.addToTags(text("user_agent.original", "okhttp/4.12.0 (linux; arm64)"));
        span.addToTags(new Tag("http.status_code", TagType.LONG).setVLong(200));
        span.addToTags(new Tag("cached", TagType.BOOL).setVBool(true));
        span.addToLogs(new Log(start + 10, List.of(text("event", "written"))));
        return span;
    }

    private static Tag text(String key, String value) {
        return new Tag(key, TagType.STRING).setVStr(value);
    }
}
