package dev.millrace.load.traffic;

import com.google.protobuf.ByteString;
import dev.millrace.model.Slice;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// The bytes of a benchmark request and where in them ids and times belong.
///
/// There is one for each way the traces of ten can fall into requests of 512.
final class BenchmarkTemplate {

    static final int SPAN_BYTES = 420;

    private static final int SERVICES = 5;
    private static final int INSTANCES = 2;
    private static final long NANOS_PER_MILLI = 1_000_000;

    /// How long the first span of a trace takes; the others start later and end earlier.
    private static final long ROOT_NANOS = 50 * NANOS_PER_MILLI;

    private final byte[] body;
    private final Slots marks;
    private final int[] slots = new int[BenchmarkWorkload.REQUEST_SPANS];
    private final int[] roles = new int[BenchmarkWorkload.REQUEST_SPANS];

    /// @param offset how many spans of the first trace went into the request before
    private BenchmarkTemplate(int offset, Encoding encoding, SplittableRandom random) {
        var data = TracesData.newBuilder();
        int span = 0;
        for (int group = 0; group < SERVICES * INSTANCES; group++) {
            int service = group / INSTANCES;
            var spans = ScopeSpans.newBuilder().setScope(scope(service));
            for (int role = service; role < BenchmarkWorkload.TRACE_SPANS; role += SERVICES) {
                for (int slot = group % INSTANCES; slot <= 52; slot += INSTANCES) {
                    int inRequest = slot * BenchmarkWorkload.TRACE_SPANS + role - offset;
                    if (inRequest >= 0 && inRequest < BenchmarkWorkload.REQUEST_SPANS) {
                        slots[span] = slot;
                        roles[span] = role;
                        spans.addSpans(span(span, role, random));
                        span++;
                    }
                }
            }
            data.addResourceSpans(
                    ResourceSpans.newBuilder()
                            .setResource(resource(service, group % INSTANCES))
                            .addScopeSpans(spans));
        }
        this.body = encoding.of(Slice.of(data.build().toByteArray())).toByteArray();
        this.marks = new Slots(body, span);
    }

    /// One template for each request of a cycle.
    static List<BenchmarkTemplate> all(long seed, Encoding encoding) {
        var random = new SplittableRandom(seed);
        var templates = new ArrayList<BenchmarkTemplate>();
        int offset = 0;
        do {
            templates.add(new BenchmarkTemplate(offset, encoding, random));
            offset = (offset + BenchmarkWorkload.REQUEST_SPANS) % BenchmarkWorkload.TRACE_SPANS;
        } while (offset != 0);
        return templates;
    }

    /// A trace is a tree in which each span but the leaves has two children.
    static int parentOf(int role) {
        return (role - 1) / 2;
    }

    /// A request with ids and times of its own.
    ///
    /// @param values by [Slots#index]
    Slice filled(long[] values) {
        byte[] copy = body.clone();
        marks.fill(copy, values);
        return Slice.of(copy);
    }

    /// Which of the request's traces a span belongs to, counted from the first.
    int slot(int span) {
        return slots[span];
    }

    /// Which span of its trace it is; 0 is the root.
    int role(int span) {
        return roles[span];
    }

    static long startNanos(int role, long nowNanos) {
        return nowNanos - ROOT_NANOS + 2 * NANOS_PER_MILLI * role;
    }

    static long endNanos(int role, long nowNanos) {
        return nowNanos - NANOS_PER_MILLI * role;
    }

    private static Resource resource(int service, int instance) {
        return Resource.newBuilder()
                .addAttributes(text("service.name", "bench-" + (char) ('a' + service)))
                .addAttributes(text("service.version", "1.4." + service))
                .addAttributes(text("service.instance.id", "bench-" + service + "-" + instance))
                .addAttributes(text("deployment.environment.name", "benchmark"))
                .addAttributes(text("telemetry.sdk.name", "opentelemetry"))
                .addAttributes(text("telemetry.sdk.language", "java"))
                .addAttributes(text("k8s.pod.name", "bench-" + service + "-7f9c4d5b6-" + instance))
                .addAttributes(text("k8s.namespace.name", "bench"))
                .build();
    }

    private static InstrumentationScope scope(int service) {
        return InstrumentationScope.newBuilder()
                .setName("bench.instrumentation." + service)
                .setVersion("1.0.0")
                .build();
    }

    // Fills up with the query string, so that every span has the same size.
    private static Span span(int number, int role, SplittableRandom random) {
        long start = Slots.sampleStart(number);
        var span =
                Span.newBuilder()
                        .setTraceId(
                                id(number, Slots.TRACE_HIGH).concat(id(number, Slots.TRACE_LOW)))
                        .setSpanId(id(number, Slots.SPAN))
                        .setName("GET /v1/items/{id}/" + (char) ('a' + role))
                        .setKind(
                                role % 2 == 0
                                        ? Span.SpanKind.SPAN_KIND_SERVER
                                        : Span.SpanKind.SPAN_KIND_CLIENT)
                        .setStartTimeUnixNano(start)
                        .setEndTimeUnixNano(start + endNanos(role, 0) - startNanos(role, 0))
                        .setFlags(0x101)
                        .addAttributes(text("http.request.method", "GET"))
                        .addAttributes(text("url.path", "/v1/items/" + number(random)))
                        .addAttributes(text("http.route", "/v1/items/{id}"))
                        .addAttributes(text("server.address", "items.bench.svc"))
                        .addAttributes(text("user.id", "u-" + number(random)))
                        .addAttributes(text("user_agent.original", "bench/1.0"))
                        .addAttributes(
                                text("client.address", "10.7." + random.nextInt(100, 250) + ".9"))
                        .addAttributes(
                                KeyValue.newBuilder()
                                        .setKey("http.response.status_code")
                                        .setValue(AnyValue.newBuilder().setIntValue(200)));
        if (role != 0) {
            span.setParentSpanId(id(number, Slots.PARENT));
        }
        int length = SPAN_BYTES - span.build().getSerializedSize();
        // The text's own tags and lengths take some of the room.
        while (size(span, length, random) > SPAN_BYTES) {
            length--;
        }
        return span.addAttributes(query(length, random)).build();
    }

    private static ByteString id(int number, int what) {
        var bytes = ByteBuffer.allocate(Long.BYTES).putLong(Slots.sampleId(what, number));
        return ByteString.copyFrom(bytes.flip());
    }

    private static int size(Span.Builder span, int length, SplittableRandom random) {
        return span.clone().addAttributes(query(length, random)).build().getSerializedSize();
    }

    private static KeyValue query(int length, SplittableRandom random) {
        var text = new StringBuilder(length);
        while (text.length() < length) {
            text.append(Character.forDigit(random.nextInt(36), 36));
        }
        return text("url.query", text.toString());
    }

    private static int number(SplittableRandom random) {
        return random.nextInt(100_000, 1_000_000);
    }

    private static KeyValue text(String key, String value) {
        return KeyValue.newBuilder()
                .setKey(key)
                .setValue(AnyValue.newBuilder().setStringValue(value))
                .build();
    }
}
