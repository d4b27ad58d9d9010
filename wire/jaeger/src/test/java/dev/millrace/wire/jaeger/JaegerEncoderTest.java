package dev.millrace.wire.jaeger;

import static org.assertj.core.api.Assertions.assertThat;

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
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What Jaeger's Kafka formats can carry of a span comes back as it was.
final class JaegerEncoderTest {

    private static final long NOW = 1_790_000_000_123_456_789L;
    private static final int SPANS = 300;

    /// One way there and back.
    enum Way {
        PROTOBUF(JaegerFormat.SPAN_PROTO) {
            @Override
            List<byte[]> encode(Slice traces) {
                return JaegerEncoder.protobuf(traces);
            }
        },
        JSON(JaegerFormat.SPAN_JSON) {
            @Override
            List<byte[]> encode(Slice traces) {
                return JaegerEncoder.json(traces);
            }
        };

        private final JaegerFormat format;

        Way(JaegerFormat format) {
            this.format = format;
        }

        abstract List<byte[]> encode(Slice traces);

        Span backAndForth(Span span) {
            var messages = encode(OtlpEncoder.encode(List.of(span)));
            assertThat(messages).hasSize(1);
            var otlp =
                    new JaegerDecoder(1 << 20).traces(format, Slice.of(messages.getFirst()), NOW);
            var spans = OtlpDecoder.spans(otlp);
            assertThat(spans).hasSize(1);
            return spans.getFirst();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatTheFormatCarriesComesBack(Way way) {
        for (long seed = 0; seed < SPANS; seed++) {
            var span = span(new Random(seed));
            assertThat(way.backAndForth(span)).as("seed %s", seed).isEqualTo(span);
        }
    }

    @ParameterizedTest
    @EnumSource
    void listsAndMapsBecomeText(Way way) {
        // Given
        var span =
                builder(new Random(1))
                        .attributes(
                                Attributes.of(
                                        new Attribute(
                                                "list",
                                                new AttributeValue.Array(
                                                        List.of(
                                                                new AttributeValue.Int(1),
                                                                new AttributeValue.Text("ä"))))),
                                0)
                        .build();

        // When
        var back = way.backAndForth(span);

        // Then
        assertThat(back.attributes().find("list")).contains(new AttributeValue.Text("[1,\"ä\"]"));
    }

    private static Span.Builder builder(Random random) {
        return Span.builder(
                        new TraceId(random.nextLong(), random.nextLong() | 1),
                        new SpanId(random.nextLong() | 1))
                .flags(1)
                .name("GET /ü" + random.nextInt())
                .time(NOW + random.nextInt(1_000), NOW + 5_000 + random.nextInt(1_000_000_000))
                .resource(
                        new Resource(
                                Attributes.of(
                                        new Attribute(
                                                "service.name", new AttributeValue.Text("shop")),
                                        new Attribute(
                                                "host.name", new AttributeValue.Text("web-1")),
                                        new Attribute("cpus", new AttributeValue.Int(4))),
                                0,
                                ""));
    }

    private static Span span(Random random) {
        var builder = builder(random);
        var kinds = SpanKind.values();
        builder.kind(kinds[random.nextInt(kinds.length)]);
        if (random.nextBoolean()) {
            builder.parentSpanId(new SpanId(random.nextLong() | 1));
        }
        if (random.nextBoolean()) {
            builder.traceState("ot=th:8,vendor=x");
        }
        builder.attributes(attributes(random), 0);
        var events = new ArrayList<Event>();
        for (int i = random.nextInt(3); i > 0; i--) {
            events.add(new Event(NOW + i, "event " + i, attributes(random), 0));
        }
        builder.events(events, 0);
        var links = new ArrayList<Link>();
        for (int i = random.nextInt(3); i > 0; i--) {
            links.add(
                    new Link(
                            new TraceId(random.nextLong(), random.nextLong() | 1),
                            new SpanId(random.nextLong() | 1),
                            "",
                            0,
                            Attributes.of(
                                    new Attribute(
                                            "opentracing.ref_type",
                                            new AttributeValue.Text("follows_from"))),
                            0));
        }
        builder.links(links, 0);
        builder.status(
                switch (random.nextInt(3)) {
                    case 0 -> Status.UNSET;
                    case 1 -> new Status(Status.Code.OK, "");
                    default -> new Status(Status.Code.ERROR, "no " + random.nextInt());
                });
        if (random.nextBoolean()) {
            builder.scope(new Scope("lib", "1.2", Attributes.EMPTY, 0, ""));
        }
        return builder.build();
    }

    private static Attributes attributes(Random random) {
        var attributes = new ArrayList<Attribute>();
        for (int i = random.nextInt(6); i > 0; i--) {
            attributes.add(new Attribute("key" + i, value(random)));
        }
        return new Attributes(attributes);
    }

    private static AttributeValue value(Random random) {
        return switch (random.nextInt(5)) {
            case 0 -> new AttributeValue.Text("text 世界 \"" + random.nextInt());
            case 1 -> new AttributeValue.Bool(random.nextBoolean());
            case 2 -> new AttributeValue.Int(random.nextLong());
            case 3 -> new AttributeValue.Real(random.nextGaussian());
            default -> {
                byte[] bytes = new byte[random.nextInt(20)];
                random.nextBytes(bytes);
                yield new AttributeValue.Bytes(Slice.of(bytes));
            }
        };
    }
}
