package dev.millrace.storage.local;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// Fragments like those of a busy shop: 30 services, 200 operations, twelve attributes a span.
final class Workload {

    static final int SPANS_PER_FRAGMENT = 10;
    static final long BEGIN_NANOS = 1_790_000_000_000_000_000L;

    private static final List<String> METHODS = List.of("GET", "POST", "PUT", "DELETE");
    private static final List<String> REGIONS = List.of("eu-west-1", "us-east-1", "ap-south-1");
    private static final Scope SCOPE =
            new Scope("io.opentelemetry.http", "2.11.0", Attributes.EMPTY, 0, "");

    private final SplittableRandom random;
    private final int partitions;
    private final long nanosPerFragment;
    private long written;

    Workload(long seed, int partitions, long nanosPerFragment) {
        this.random = new SplittableRandom(seed);
        this.partitions = partitions;
        this.nanosPerFragment = nanosPerFragment;
    }

    List<Fragment> next(int fragments) {
        var batch = new ArrayList<Fragment>(fragments);
        for (int i = 0; i < fragments; i++) {
            batch.add(next());
        }
        return batch;
    }

    Fragment next() {
        long number = written++;
        var traceId = new TraceId(random.nextLong() | 1, random.nextLong());
        long start = BEGIN_NANOS + number * nanosPerFragment;
        var spans = new ArrayList<Span>();
        int first = random.nextInt(30);
        for (int i = 0; i < SPANS_PER_FRAGMENT; i++) {
            spans.add(span(traceId, (first + i / 4) % 30, start + i * 1_000_000L, i));
        }
        return new Fragment(
                new FragmentId("spans", (int) (number % partitions), number / partitions),
                Tenant.DEFAULT,
                traceId,
                OtlpEncoder.encode(spans));
    }

    private Span span(TraceId traceId, int service, long start, int depth) {
        int operation = service * 7 + random.nextInt(7);
        int pod = random.nextInt(5);
        var resource =
                new Resource(
                        Attributes.of(
                                text("service.name", service(service)),
                                text("k8s.namespace.name", "shop"),
                                text("service.version", "1." + service + ".0")),
                        0,
                        "");
        var attributes =
                Attributes.of(
                        text("k8s.pod.name", service(service) + "-7d9f6c5b4-" + pod),
                        text("cloud.region", REGIONS.get(random.nextInt(3))),
                        text("http.request.method", METHODS.get(operation % 4)),
                        number("http.response.status_code", random.nextInt(50) == 0 ? 500 : 200),
                        number("user.id", random.nextInt(1_000_000)),
                        text("tenant.name", "customer-" + random.nextInt(40)),
                        text(
                                "url.full",
                                "https://shop.example.com/api/"
                                        + operation
                                        + "?session="
                                        + Integer.toHexString(random.nextInt())),
                        text("http.route", "/api/v1/resource/" + operation + "/{id}"),
                        text("db.system.name", "postgresql"),
                        text("db.query.summary", "SELECT orders_" + operation % 20),
                        text("client.address", "10.0." + random.nextInt(64) + "." + pod),
                        text("thread.name", "worker-" + random.nextInt(64)));
        boolean failed = random.nextInt(50) == 0;
        return Span.builder(traceId, new SpanId(random.nextLong() | 1))
                .parentSpanId(depth == 0 ? null : new SpanId(random.nextLong() | 1))
                .name("GET /api/v1/resource/" + operation)
                .kind(depth % 2 == 0 ? SpanKind.SERVER : SpanKind.CLIENT)
                .time(start, start + 100_000 + random.nextInt(200_000_000))
                .attributes(attributes, 0)
                .status(failed ? new Status(Status.Code.ERROR, "timed out") : Status.UNSET)
                .resource(resource)
                .scope(SCOPE)
                .build();
    }

    static String service(int number) {
        return "service-" + number;
    }

    private static Attribute text(String key, String value) {
        return new Attribute(key, new AttributeValue.Text(value));
    }

    private static Attribute number(String key, long value) {
        return new Attribute(key, new AttributeValue.Int(value));
    }
}
