package dev.millrace.query;

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
import java.time.Instant;
import java.util.List;

/// Traces to ask for: a rich one with everything a span can hold, and plain ones.
final class SampleTraces {

    static final Instant NOW = Instant.parse("2026-11-21T03:00:00Z");
    static final long NOW_NANOS = NOW.getEpochSecond() * 1_000_000_000L;
    static final TraceId RICH = TraceId.parse("4bf92f3577b34da6a3ce929d0e0e4736");
    static final TraceId OTHER = TraceId.parse("00000000000000007");

    private static final Resource SHOP =
            new Resource(
                    new Attributes(
                            List.of(
                                    text("service.name", "shop"),
                                    new Attribute("process.pid", new AttributeValue.Int(4242)),
                                    new Attribute("canary", new AttributeValue.Bool(true)),
                                    new Attribute(
                                            "process.command_args",
                                            new AttributeValue.Array(
                                                    List.of(
                                                            new AttributeValue.Text("shop"),
                                                            new AttributeValue.Int(8)))))),
                    1,
                    "https://opentelemetry.io/schemas/1.30.0");
    private static final Resource BANK = service("bank/eu");
    private static final Scope TRACER =
            new Scope("shop.tracer", "1.2.3", Attributes.of(text("flavour", "plain")), 2, "");

    private SampleTraces() {}

    /// A failed order with a payment in a second service; the root takes 250 ms.
    static List<Span> rich() {
        long start = NOW_NANOS - 3_600_000_000_000L;
        return List.of(
                Span.builder(RICH, new SpanId(0x1L))
                        .name("POST /orders")
                        .kind(SpanKind.SERVER)
                        .flags(0x301)
                        .traceState("ot=th:8")
                        .time(start, start + 250_000_000L)
                        .attributes(everyKind(), 3)
                        .events(
                                List.of(
                                        new Event(
                                                start + 1_000L,
                                                "cache miss",
                                                Attributes.of(text("key", "cart")),
                                                4),
                                        new Event(
                                                start + 2_000L,
                                                "named below",
                                                Attributes.of(text("event", "own name")),
                                                0)),
                                5)
                        .links(
                                List.of(
                                        new Link(
                                                OTHER,
                                                new SpanId(0xabcL),
                                                "a=b",
                                                1,
                                                Attributes.of(text("why", "batch")),
                                                6),
                                        new Link(
                                                OTHER,
                                                new SpanId(0xabdL),
                                                "",
                                                0,
                                                Attributes.of(
                                                        text("opentracing.ref_type", "child_of")),
                                                0)),
                                7)
                        .status(new Status(Status.Code.ERROR, "payment refused"))
                        .resource(SHOP)
                        .scope(TRACER)
                        .build(),
                Span.builder(RICH, new SpanId(0x2L))
                        .parentSpanId(new SpanId(0x1L))
                        .name("pay \"now\"")
                        .kind(SpanKind.CLIENT)
                        .time(start + 10_000_500L, start + 210_001_499L)
                        .status(new Status(Status.Code.OK, ""))
                        .resource(BANK)
                        .build(),
                Span.builder(RICH, new SpanId(0x3L))
                        .parentSpanId(new SpanId(0x2L))
                        .name("step back")
                        .time(start + 20_000_000L, start + 19_000_000L)
                        .resource(SHOP)
                        .scope(TRACER)
                        .build());
    }

    /// One span of 10 ms whose trace id, service and start are told.
    static List<Span> plain(TraceId id, String service, long startNanos) {
        return List.of(
                Span.builder(id, new SpanId(id.low()))
                        .name("tick")
                        .kind(SpanKind.INTERNAL)
                        .time(startNanos, startNanos + 10_000_000L)
                        .resource(service(service))
                        .build());
    }

    /// One span whose parent is unknown.
    static List<Span> orphan(TraceId id, String service) {
        return List.of(
                Span.builder(id, new SpanId(2))
                        .parentSpanId(new SpanId(1))
                        .name("lost")
                        .time(NOW_NANOS, NOW_NANOS)
                        .resource(service(service))
                        .build());
    }

    static Attribute text(String key, String value) {
        return new Attribute(key, new AttributeValue.Text(value));
    }

    static Resource service(String name) {
        return new Resource(Attributes.of(text("service.name", name)), 0, "");
    }

    private static Attributes everyKind() {
        var bytes = new AttributeValue.Bytes(Slice.of(new byte[] {0, 1, (byte) 0xff}));
        var nested = Attributes.of(text("city", "Köln"), new Attribute("raw", bytes));
        return Attributes.of(
                text("http.request.method", "POST"),
                new Attribute("retry", new AttributeValue.Bool(false)),
                new Attribute("cart.size", new AttributeValue.Int(-3)),
                new Attribute("exact", new AttributeValue.Int((1L << 53) - 1)),
                new Attribute("beyond", new AttributeValue.Int(1L << 53)),
                new Attribute("total", new AttributeValue.Real(12.5)),
                new Attribute("ratio", new AttributeValue.Real(Double.NaN)),
                new Attribute("signature", bytes),
                new Attribute(
                        "items",
                        new AttributeValue.Array(
                                List.of(
                                        new AttributeValue.Text("a\"b"),
                                        new AttributeValue.Real(0.5),
                                        new AttributeValue.Bool(true),
                                        new AttributeValue.Empty()))),
                new Attribute("address", new AttributeValue.Nested(nested)),
                new Attribute("nothing", new AttributeValue.Empty()));
    }
}
