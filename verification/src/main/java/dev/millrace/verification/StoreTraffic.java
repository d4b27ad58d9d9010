package dev.millrace.verification;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/// Complete traces of ten spans for a store, made at the least cost.
///
/// A trace is a copy of one of a thousand templates, with values of its own put in: ids, times, the
/// user of the trace, the item of each span. Spans take 420 bytes each, their resources come on top
/// of that. There are 30 services of three instances, 210 operations, ten attributes a span and
/// eight a resource; one trace in a hundred has a span that failed. Everything follows from the
/// seed and a trace's number. Not safe for threads.
final class StoreTraffic {

    static final int TRACE_SPANS = 10;
    static final int SERVICES = 30;
    static final int USERS = 1_000_000;

    /// Midnight, UTC, so that windows begin with the traffic.
    static final long BEGIN_NANOS = 1_788_220_800_000_000_000L;

    private static final int SPAN_BYTES = 420;
    private static final int TEMPLATES = 1_000;
    private static final int OPERATIONS = 7;
    private static final int PARTITIONS = 4;
    private static final long MAGIC = 0xf1a6_d00d_0000_0000L;
    private static final VarHandle BIG_ENDIAN =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LITTLE_ENDIAN =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    // What stands in a template in place of what each trace puts in.
    private static final long TRACE = MAGIC | 0x1000;
    private static final long SPANS = MAGIC | 0x2000;
    private static final long STARTS = MAGIC >>> 8 | 0x3000;
    private static final long ENDS = MAGIC >>> 8 | 0x4000;
    private static final String USER = "@user@";
    private static final String ITEM = "@it%02d@";

    private final long seed;
    private final long nanosPerTrace;
    private final List<Template> templates = new ArrayList<>();
    private long next;

    /// Where in a body values go.
    private record Template(
            Slice body,
            List<Integer> traces,
            List<List<Integer>> ids,
            List<Integer> starts,
            List<Integer> ends,
            List<Integer> users,
            List<List<Integer>> items) {}

    /// @param traces over how many the span of time is spread
    StoreTraffic(long seed, long traces, long nanos) {
        this.seed = seed;
        this.nanosPerTrace = nanos / traces;
        var random = new SplittableRandom(seed);
        for (int i = 0; i < TEMPLATES; i++) {
            templates.add(template(i, random));
        }
    }

    /// The traces that follow, of so many bytes or a little more.
    List<Fragment> batch(long bytes, long lastTrace) {
        var batch = new ArrayList<Fragment>();
        for (long sum = 0; sum < bytes && next < lastTrace; ) {
            var fragment = fragment(next++);
            batch.add(fragment);
            sum += fragment.body().length();
        }
        return batch;
    }

    TraceId traceId(long number) {
        return new TraceId(mix(number * 32), mix(number * 32 + 1) | 1);
    }

    private Fragment fragment(long number) {
        var template = templates.get((int) ((mix(number * 32 + 2) >>> 1) % TEMPLATES));
        byte[] body = template.body().array().clone();
        var traceId = traceId(number);
        for (int at : template.traces()) {
            BIG_ENDIAN.set(body, at, traceId.high());
            BIG_ENDIAN.set(body, at + 8, traceId.low());
        }
        String user = userDigits(number);
        template.users().forEach(at -> put(body, at, user));
        long start = startNanos(number);
        for (int i = 0; i < TRACE_SPANS; i++) {
            long chance = mix(number * 32 + 4 + i);
            long id = chance | 1;
            template.ids().get(i).forEach(at -> BIG_ENDIAN.set(body, at, id));
            String item = digits(chance >>> 7, 900_000);
            template.items().get(i).forEach(at -> put(body, at, item));
            // Half of them within a few milliseconds, one in a thousand longer than seconds.
            double share = ((chance >>> 11) + 1) * 0x1p-53;
            long nanos = (long) (3_000_000 * Math.pow(share, -1.1));
            long begin = start + i * 700_000L + (chance & 0xffff);
            LITTLE_ENDIAN.set(body, template.starts().get(i), begin);
            LITTLE_ENDIAN.set(
                    body, template.ends().get(i), begin + Math.min(nanos, 30_000_000_000L));
        }
        return new Fragment(
                new FragmentId("traces-complete", (int) (number % PARTITIONS), number / PARTITIONS),
                Tenant.DEFAULT,
                traceId,
                Slice.of(body));
    }

    private long startNanos(long number) {
        return BEGIN_NANOS + number * nanosPerTrace;
    }

    // As many digits as its place in the template has characters.
    private static String digits(long chance, int bound) {
        return Long.toString(1_000_000 + (chance >>> 1) % bound).substring(1);
    }

    static String user(long chance) {
        return "u-" + digits(chance, USERS);
    }

    /// Who a trace is of; more than one may be.
    String userOf(long number) {
        return "u-" + userDigits(number);
    }

    private String userDigits(long number) {
        return digits(mix(number * 32 + 3), USERS);
    }

    private long mix(long number) {
        long z = (seed * 0x9e3779b97f4a7c15L + number) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 30)) * 0x94d049bb133111ebL;
        z = (z ^ (z >>> 27)) * 0xbf58476d1ce4e5b9L;
        return z ^ (z >>> 31);
    }

    private static void put(byte[] body, int at, String digits) {
        for (int i = 0; i < digits.length(); i++) {
            body[at + i] = (byte) digits.charAt(i);
        }
    }

    static String service(int number) {
        return "shop-" + number;
    }

    static String operation(int number) {
        return "GET /v1/items/{id}/" + (char) ('a' + number % OPERATIONS);
    }

    static String region(int number) {
        return List.of("eu-west-1", "us-east-1", "ap-south-1").get(number % 3);
    }

    private static Template template(int number, SplittableRandom random) {
        var spans = new ArrayList<Span>();
        int service = random.nextInt(SERVICES);
        int failing = number % 100 == 0 ? random.nextInt(TRACE_SPANS) : -1;
        for (int i = 0; i < TRACE_SPANS; i++) {
            if (i % 3 == 2) {
                service = random.nextInt(SERVICES);
            }
            spans.add(span(i, service, i == failing, random));
        }
        byte[] body = OtlpEncoder.encode(spans).toByteArray();
        var ids = new ArrayList<List<Integer>>();
        var starts = new ArrayList<Integer>();
        var ends = new ArrayList<Integer>();
        var items = new ArrayList<List<Integer>>();
        for (int i = 0; i < TRACE_SPANS; i++) {
            ids.add(places(body, bigEndian(SPANS + i)));
            starts.add(places(body, littleEndian(STARTS + i)).getFirst());
            ends.add(places(body, littleEndian(ENDS + i)).getFirst());
            items.add(places(body, ITEM.formatted(i).getBytes(US_ASCII)));
        }
        return new Template(
                Slice.of(body),
                places(body, bigEndian(TRACE)),
                ids,
                starts,
                ends,
                places(body, USER.getBytes(US_ASCII)),
                items);
    }

    private static byte[] bigEndian(long value) {
        return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
    }

    private static byte[] littleEndian(long value) {
        return bigEndian(Long.reverseBytes(value));
    }

    private static List<Integer> places(byte[] body, byte[] mark) {
        var places = new ArrayList<Integer>();
        for (int i = 0; i + mark.length <= body.length; i++) {
            if (Arrays.equals(body, i, i + mark.length, mark, 0, mark.length)) {
                places.add(i);
            }
        }
        return places;
    }

    // Fills up with the query string, so that every span has the same size.
    private static Span span(int number, int service, boolean failed, SplittableRandom random) {
        var resource = resource(service, random.nextInt(3));
        int operation = random.nextInt(OPERATIONS);
        String client = "10.7." + random.nextInt(100, 250) + ".9";
        String region = region(random.nextInt(3));
        int missing = SPAN_BYTES - size(span(number, operation, failed, client, region, ""));
        // A length takes a byte more from 128 on.
        String query = text(missing, random);
        while (size(span(number, operation, failed, client, region, query)) > SPAN_BYTES) {
            query = query.substring(1);
        }
        return span(number, operation, failed, client, region, query).resource(resource).build();
    }

    // Without its scope, an empty resource, and the tags and lengths around them.
    private static int size(Span.Builder span) {
        return OtlpEncoder.encode(List.of(span.build())).length() - 43;
    }

    private static Span.Builder span(
            int number, int operation, boolean failed, String client, String region, String query) {
        return Span.builder(new TraceId(TRACE, TRACE + 1), new SpanId(SPANS + number))
                .parentSpanId(number == 0 ? null : new SpanId(SPANS + (number - 1) / 2))
                .name(operation(operation))
                .kind(number % 2 == 0 ? SpanKind.SERVER : SpanKind.CLIENT)
                .time(STARTS + number, ENDS + number)
                .status(failed ? new Status(Status.Code.ERROR, "timed out") : Status.UNSET)
                .scope(new Scope("bench.instrumentation", "1.0.0", Attributes.EMPTY, 0, ""))
                .attributes(
                        Attributes.of(
                                text("http.request.method", "GET"),
                                text("url.path", "/v1/items/" + ITEM.formatted(number)),
                                text("http.route", "/v1/items/{id}"),
                                text("server.address", "items.bench.svc"),
                                text("user.id", "u-" + USER),
                                text("user_agent.original", "bench/1.0"),
                                text("client.address", client),
                                text("cloud.region", region),
                                new Attribute(
                                        "http.response.status_code",
                                        new AttributeValue.Int(failed ? 500 : 200)),
                                text("url.query", query)),
                        0);
    }

    private static Resource resource(int service, int instance) {
        return new Resource(
                Attributes.of(
                        text("service.name", service(service)),
                        text("service.version", "1.4." + service),
                        text("service.instance.id", "shop-" + service + "-" + instance),
                        text("deployment.environment.name", "benchmark"),
                        text("telemetry.sdk.name", "opentelemetry"),
                        text("telemetry.sdk.language", "java"),
                        text("k8s.pod.name", "shop-" + service + "-7f9c4d5b6-" + instance),
                        text("k8s.namespace.name", "bench")),
                0,
                "");
    }

    private static String text(int length, SplittableRandom random) {
        var text = new StringBuilder();
        while (text.length() < length) {
            text.append(Character.forDigit(random.nextInt(36), 36));
        }
        return text.toString();
    }

    private static Attribute text(String key, String value) {
        return new Attribute(key, new AttributeValue.Text(value));
    }
}
