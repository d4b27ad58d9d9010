package dev.millrace.sampling.tail;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/// A trace with the traits that a test asks for, and what a policy says of it.
final class JudgedTrace {

    private JudgedTrace() {}

    static final long MILLISECOND = 1_000_000;
    static final TraceId ID = new TraceId(7, 0x0080_0000_0000_0000L);
    static final RootOperation OPERATION = new RootOperation(Tenant.DEFAULT, "shop", "GET /cart");

    /// A trace of a server, a client below it, and a database that does what it is told.
    static List<Span> trace(Predicate<String> has) {
        var root =
                span(1, 0, "shop", "GET /cart", SpanKind.SERVER)
                        .time(0, 100 * MILLISECOND)
                        .flags(has.test("sampled") ? 1 : 0)
                        .status(has.test("root failed") ? failed() : Status.UNSET);
        var client =
                span(2, 1, "shop", "SELECT", SpanKind.CLIENT)
                        .time(10 * MILLISECOND, 90 * MILLISECOND)
                        .traceState(has.test("vendor") ? "vendor=gold,ot=rv:ffffffffffffff" : "");
        var database =
                span(3, 2, "db", "query", SpanKind.SERVER)
                        .time(20 * MILLISECOND, 80 * MILLISECOND)
                        .attributes(
                                Attributes.of(
                                        new Attribute("db.rows", new AttributeValue.Int(500)),
                                        new Attribute("db.system", new AttributeValue.Text("h2")),
                                        new Attribute("cached", new AttributeValue.Bool(true)),
                                        new Attribute("load", new AttributeValue.Real(0.5))),
                                0)
                        .status(has.test("db failed") ? failed() : Status.UNSET);
        return List.of(root.build(), client.build(), database.build());
    }

    static Status failed() {
        return new Status(Status.Code.ERROR, "");
    }

    static Span.Builder span(long id, long parent, String service, String name, SpanKind kind) {
        return Span.builder(ID, new SpanId(id))
                .parentSpanId(parent == 0 ? null : new SpanId(parent))
                .name(name)
                .kind(kind)
                .resource(
                        new Resource(
                                Attributes.of(
                                        new Attribute(
                                                "service.name", new AttributeValue.Text(service)),
                                        new Attribute("zone", new AttributeValue.Text("eu-1"))),
                                0,
                                ""));
    }

    static Verdict verdict(Version version, List<Span> spans) {
        return verdict(version, spans, spans.size());
    }

    /// @param partSize how many spans are shown at a time
    static Verdict verdict(Version version, List<Span> spans, int partSize) {
        return judged(version, spans, partSize).verdict(facts(spans));
    }

    /// The judge when it has seen everything.
    static Judge judged(Version version, List<Span> spans, int partSize) {
        var judge = new Judge(version);
        judge.begin(ID);
        for (int from = 0; from < spans.size(); from += partSize) {
            var part = spans.subList(from, Math.min(spans.size(), from + partSize));
            var index = new SpanIndex();
            index.add(ID, OtlpEncoder.encode(part));
            judge.observe(index, 0, IntStream.range(0, index.size()).toArray());
        }
        return judge;
    }

    static TraceFacts facts(List<Span> spans) {
        return new TraceFacts(
                OPERATION,
                spans.size(),
                (int) spans.stream().filter(Span::isError).count(),
                100 * MILLISECOND);
    }

    static Version policy(String text) {
        return Version.first(text);
    }

    static Version when(String condition) {
        return policy("rules: [{name: it, when: " + condition + "}]");
    }
}
