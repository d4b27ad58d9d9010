package dev.millrace.wire.otlp;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.TraceId;
import java.util.List;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Stream;

/// Spans with every kind of content, the same ones for the same seed.
final class RandomSpans {

    static final long NOW = 1_790_000_000_000_000_000L;
    static final long HOUR = 3_600_000_000_000L;

    private static final String[] TEXTS = {
        "",
        "GET",
        "http.request.method",
        "Größe",
        "名前はまだ無い",
        "🜁 🚀",
        "a text that is a little longer than thirty-two bytes",
        "long enough for a length of two bytes: ".repeat(4),
        "\0\u007f\u0080\u07ff\u0800\uffff"
    };

    private final RandomGenerator random;

    RandomSpans(long seed) {
        random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    /// Some spans of a few traces, resources and scopes, mixed.
    List<Span> request(int most) {
        var traces = some(12, this::traceId);
        var resources = some(4, this::resource);
        var scopes = some(3, this::scope);
        return some(most, () -> span(any(traces), any(resources), any(scopes)));
    }

    Span span(TraceId traceId, Resource resource, Scope scope) {
        long start = NOW - random.nextLong(HOUR);
        return Span.builder(traceId, spanId())
                .parentSpanId(random.nextBoolean() ? spanId() : null)
                .traceState(any(TEXTS))
                .flags(random.nextInt())
                .name("GET " + any(TEXTS))
                .kind(any(SpanKind.values()))
                .time(start, start + random.nextLong(1_000_000_000))
                .attributes(attributes(2), count())
                .events(few(this::event), count())
                .links(few(this::link), count())
                .status(new Status(any(Status.Code.values()), any(TEXTS)))
                .resource(resource)
                .scope(scope)
                .build();
    }

    TraceId traceId() {
        return new TraceId(random.nextBoolean() ? 0 : random.nextLong(), random.nextLong() | 1);
    }

    SpanId spanId() {
        return new SpanId(random.nextLong() | 1);
    }

    Resource resource() {
        var service = new Attribute("service.name", new AttributeValue.Text("s" + any(TEXTS)));
        var all = Stream.concat(Stream.of(service), attributes(1).entries().stream()).toList();
        return new Resource(new Attributes(all), count(), any(TEXTS));
    }

    Scope scope() {
        return new Scope(any(TEXTS), any(TEXTS), attributes(1), count(), any(TEXTS));
    }

    private Event event() {
        return new Event(random.nextLong(), any(TEXTS), attributes(1), count());
    }

    private Link link() {
        return new Link(traceId(), spanId(), any(TEXTS), random.nextInt(), attributes(1), count());
    }

    private Attributes attributes(int depth) {
        return new Attributes(few(() -> new Attribute(any(TEXTS), value(depth))));
    }

    private AttributeValue value(int depth) {
        return switch (random.nextInt(depth == 0 ? 6 : 8)) {
            case 0 -> new AttributeValue.Text(any(TEXTS));
            case 1 -> new AttributeValue.Bool(random.nextBoolean());
            case 2 -> new AttributeValue.Int(random.nextLong());
            case 3 -> new AttributeValue.Real(random.nextGaussian());
            case 4 -> new AttributeValue.Empty();
            case 5 -> {
                byte[] bytes = new byte[random.nextInt(40)];
                random.nextBytes(bytes);
                yield new AttributeValue.Bytes(Slice.of(bytes));
            }
            case 6 -> new AttributeValue.Array(few(() -> value(depth - 1)));
            default -> new AttributeValue.Nested(attributes(depth - 1));
        };
    }

    private int count() {
        return random.nextBoolean() ? 0 : random.nextInt();
    }

    private <T> List<T> few(Supplier<T> element) {
        return Stream.generate(element).limit(random.nextInt(4)).toList();
    }

    private <T> List<T> some(int most, Supplier<T> element) {
        return Stream.generate(element).limit(1 + random.nextInt(most)).toList();
    }

    private <T> T any(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    @SafeVarargs // only read
    private <T> T any(T... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
