package dev.millrace.assembly;

import static dev.millrace.assembly.Spans.body;
import static dev.millrace.assembly.Spans.resource;
import static dev.millrace.assembly.Spans.span;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.assembly.Enrichment.Step;
import dev.millrace.enrichment.api.Enricher;
import dev.millrace.enrichment.rules.RulesFile;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.ProtoWriter;
import dev.millrace.wire.otlp.SpanIndex;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EnrichmentTest {

    private static final AssemblyConfig CONFIG =
            new AssemblyConfig(
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(120),
                    1_000,
                    ByteSize.parse("4KiB"),
                    20);
    private static final String SECRET = "Bearer-zq81";

    private final Recorded recorded = new Recorded();

    @Test
    void thePolicyAndTheStoreSeeWhatTheEnricherMade() {
        // When
        run(
                trace -> trace.spans().forEach(span -> span.attributes().set("team", "payments")),
                body(span(1, 1, 0, "web"), span(1, 2, 1, "db")));

        // Then
        assertThat(recorded.observed).hasSize(2).allMatch(text -> text.contains("payments"));
        assertThat(spans(recorded.parts.getFirst()))
                .allSatisfy(span ->
                        assertThat(span.attributes().find("team"))
                                .contains(new AttributeValue.Text("payments")));
        assertThat(recorded.closed.getFirst().digest().bytes())
                .isEqualTo(recorded.parts.getFirst().length());
    }

    @Test
    void theDigestFollowsTheEnrichedService() {
        // When
        run(
                trace ->
                        trace.resources()
                                .forEach(each -> each.attributes().set("service.name", "shop")),
                body(span(1, 1, 0, "web")));

        // Then
        var digest = recorded.closed.getFirst().digest();
        assertThat(digest.rootService()).isEqualTo("shop");
        assertThat(digest.services()).containsExactly("shop");
    }

    @Test
    void laterEnrichersSeeWhatEarlierOnesDid() {
        // When
        run(
                List.of(
                        new Step(
                                "first",
                                trace -> trace.spans().getFirst().attributes().set("a", "1")),
                        new Step(
                                "second",
                                trace -> trace.spans().getFirst().attributes().rename("a", "b"))),
                CONFIG,
                body(span(1, 1, 0, "web")));

        // Then
        assertThat(spans(recorded.parts.getFirst()).getFirst().attributes()).hasToString("{b=1}");
    }

    @Test
    void changesOneResourceWhereverItsSpansStand() {
        // Given: the resource of 1 and 3 comes in two groups, as parents come first.
        Slice body = body(span(1, 1, 0, "web"), span(1, 2, 1, "db"), span(1, 3, 2, "web"));

        // When
        run(trace -> trace.spans().getLast().resource().attributes().set("region", "eu"), body);

        // Then
        assertThat(spans(recorded.parts.getFirst()))
                .extracting(span -> span.resource().attributes().find("region").isPresent())
                .containsExactly(true, false, true);
    }

    @Test
    void redactionReachesWhereverAttributesStand() {
        // Given
        var attributes =
                Attributes.of(
                        new Attribute("password", new AttributeValue.Text(SECRET)),
                        new Attribute(
                                "http",
                                new AttributeValue.Nested(
                                        Attributes.of(
                                                new Attribute(
                                                        "password",
                                                        new AttributeValue.Text(SECRET))))),
                        new Attribute(
                                "seen",
                                new AttributeValue.Array(
                                        List.of(
                                                new AttributeValue.Text("x" + SECRET),
                                                new AttributeValue.Bytes(
                                                        Slice.of(SECRET.getBytes(UTF_8)))))));
        var id = new TraceId(7, 1);
        var span =
                Span.builder(id, new SpanId(1))
                        .name("login")
                        .attributes(attributes, 0)
                        .events(List.of(new Event(1, "exception", attributes, 0)), 0)
                        .links(List.of(new Link(id, new SpanId(9), "", 0, attributes, 0)), 0)
                        .resource(new Resource(attributes, 0, ""))
                        .scope(new Scope("tests", "1", attributes, 0, ""))
                        .build();
        var rules =
                RulesFile.read(
                        "rules",
                        "rules: [{name: a, redact: '*password'},"
                                + " {name: b, redact: '*', value: '*Bearer*'}]",
                        Optional.empty());

        // When
        run(rules, body(span));

        // Then
        assertThat(text(body(span)).split(SECRET, -1)).hasSize(1 + 5 * 4);
        assertThat(text(recorded.parts.getFirst())).doesNotContain(SECRET).contains("login");
    }

    @Test
    void copiesFieldsTheModelDoesNotKnow() {
        // Given: field 99 in the span, in its resource's group and beside it.
        Slice sent = body(span(1, 1, 0, "web"));
        var strange = new ProtoWriter(64);
        strange.raw(sent.array(), sent.offset(), sent.length());
        strange.bytes(
                1,
                new ProtoWriter(64)
                        .bytes(
                                2,
                                new ProtoWriter(64)
                                        .bytes(
                                                2,
                                                new ProtoWriter(64)
                                                        .bytes(1, Slice.of(id(1)))
                                                        .bytes(2, Slice.of(spanId(5)))
                                                        .text(99, "unheard-of")
                                                        .finish())
                                        .finish())
                        .text(98, "beside")
                        .finish());

        // When
        run(
                trace -> {
                    trace.spans().getLast().attributes().set("new", 1);
                    trace.spans().getLast().resource().attributes().set("new", 2.5);
                    trace.spans().getLast().scope().attributes().set("new", true);
                },
                strange.finish());

        // Then
        assertThat(text(recorded.parts.getFirst())).contains("unheard-of", "beside");
        var last = spans(recorded.parts.getFirst()).getLast();
        assertThat(last.attributes()).hasToString("{new=1}");
        assertThat(last.resource().attributes()).hasToString("{new=2.5}");
        assertThat(last.scope().attributes()).hasToString("{new=true}");
    }

    @Test
    void leavesATraceThatIsNotChangedAsItWas() {
        // Given
        Slice sent = body(span(1, 1, 0, "web"), span(1, 2, 1, "db"));

        // When
        run(
                trace -> {
                    trace.spans().getFirst().attributes().set("a", "1");
                    trace.spans().getFirst().attributes().remove("a");
                },
                sent);

        // Then
        assertThat(recorded.parts).containsExactly(sent);
    }

    @Test
    void aFailingEnricherPutsAllRecordsOfItsTraceAsideAndNoOther() {
        // Given
        Slice bad = body(span(1, 1, 0, "web"));
        Slice more = body(span(1, 2, 1, "web"));
        Slice good = body(span(2, 1, 0, "web"));

        // When
        run(failingOn(1), bad, more, good);

        // Then
        assertThat(recorded.aside).isEqualTo(Map.of(0L, bad, 1L, more));
        assertThat(recorded.refusals)
                .containsExactly(
                        new Refusal("test", "java.lang.IllegalStateException: not this one"));
        assertThat(recorded.fates).containsExactly(Fate.REFUSED, Fate.KEPT);
        assertThat(recorded.parts).hasSize(1);
        assertThat(recorded.closed.getFirst().digest().spans()).isEqualTo(2);
    }

    @Test
    void lateSpansOfARefusedTraceArePutAsideUntouched() {
        // Given: what the enricher would take by itself.
        try (var assembler = assembler(List.of(new Step("test", failingOnRoots())), CONFIG)) {
            Slice late = body(span(1, 2, 1, "web"));
            accept(assembler, 0, 0, body(span(1, 1, 0, "web")));
            assembler.mark(1, 20_000);

            // When
            accept(assembler, 2, 20_001, late);
            assembler.mark(3, 40_000);

            // Then
            assertThat(recorded.aside).containsEntry(2L, late);
            assertThat(recorded.fates).containsExactly(Fate.REFUSED, Fate.REFUSED);
            assertThat(recorded.judged).isZero();
        }
    }

    @Test
    void whatIsReadBackIsEnrichedToo() {
        // Given
        try (var assembler =
                assembler(
                        List.of(
                                new Step(
                                        "test",
                                        trace ->
                                                trace.spans()
                                                        .forEach(span ->
                                                                span.attributes().set("a", "1")))),
                        CONFIG)) {
            accept(assembler, 0, 0, body(span(1, 1, 0, "web")));
            assembler.mark(1, 20_000);
            recorded.parts.clear();

            // When
            var record = new LogRecord(0, List.of(body(span(1, 1, 0, "web"))));
            assembler.giveBack(recorded.closed.getFirst(), new TreeMap<>(Map.of(0L, record)));

            // Then
            assertThat(spans(recorded.parts.getFirst()).getFirst().attributes())
                    .hasToString("{a=1}");
        }
    }

    @Test
    void whatIsReadBackAndCannotBeEnrichedIsPutAside() {
        // Given
        try (var assembler = assembler(List.of(new Step("test", failingOnRoots())), CONFIG)) {
            accept(assembler, 0, 0, body(span(1, 2, 1, "web")));
            assembler.mark(1, 20_000);

            // When
            var record = new LogRecord(0, List.of(body(span(1, 1, 0, "web"))));
            assembler.giveBack(recorded.closed.getFirst(), new TreeMap<>(Map.of(0L, record)));

            // Then
            assertThat(recorded.fates).containsExactly(Fate.KEPT, Fate.REFUSED);
            assertThat(recorded.aside).containsOnlyKeys(0L);
        }
    }

    @Test
    void poisonInARefusedTraceIsToldOnce() {
        // Given
        Slice poison = Slice.of(new byte[] {1, 2, 3});
        Slice bad = body(span(1, 1, 0, "web"));

        // When
        try (var assembler = assembler(List.of(new Step("test", failingOn(1))), CONFIG)) {
            assembler.accept(0, 0, Tenant.DEFAULT, new TraceId(7, 1), poison);
            accept(assembler, 1, 0, bad);
            assembler.mark(2, 20_000);
        }

        // Then
        assertThat(recorded.poisoned).isEqualTo(1);
        assertThat(recorded.aside).isEqualTo(Map.of(1L, bad));
    }

    @Test
    void anEnricherWithoutEndOrWithoutItsClassesFailsItsTraceOnly() {
        // When
        run(_ -> forever(1), body(span(1, 1, 0, "web")));
        run(
                _ -> {
                    throw new NoClassDefFoundError("org/example/Missing");
                },
                body(span(1, 1, 0, "web")));

        // Then
        assertThat(recorded.refusals)
                .extracting(Refusal::reason)
                .containsExactly(
                        "java.lang.StackOverflowError",
                        "java.lang.NoClassDefFoundError: org/example/Missing");
    }

    private static long forever(long depth) {
        return depth < 0 ? 0 : forever(depth + 1) + 1;
    }

    @Test
    void refusesWhatIsTooLargeAfterwards() {
        // When
        run(
                trace -> trace.spans().getFirst().attributes().set("a", "x".repeat(9 << 20)),
                body(span(1, 1, 0, "web")));

        // Then
        assertThat(recorded.refusals)
                .singleElement()
                .satisfies(refusal ->
                        assertThat(refusal.toString())
                                .startsWith("enrichment: size: 9437")
                                .contains("(expected: at most 8388544)"));
        assertThat(recorded.aside).hasSize(1);
    }

    @Test
    void enrichesALargeTracePartByPart() {
        // Given
        var all = new Span[50];
        for (int i = 0; i < all.length; i++) {
            all[i] = span(1, 1 + i, i == 0 ? 0 : 1, "web");
        }

        // When
        run(trace -> trace.spans().forEach(span -> span.attributes().set("a", "1")), body(all));

        // Then
        assertThat(recorded.parts).hasSize(3);
        assertThat(recorded.parts.stream().flatMap(part -> spans(part).stream()))
                .hasSize(50)
                .allSatisfy(span -> assertThat(span.attributes()).hasToString("{a=1}"));
    }

    @Test
    void aLargeTraceOfWhichOnePartFailsIsPutAsideAsAWhole() {
        // Given
        var all = new Span[50];
        for (int i = 0; i < all.length; i++) {
            all[i] = span(1, 1 + i, i == 0 ? 0 : 1, "web");
        }

        // When
        run(
                trace -> {
                    if (trace.spans().size() < 20) {
                        throw new IllegalStateException("the last part");
                    }
                },
                body(all));

        // Then
        assertThat(recorded.parts).isEmpty();
        assertThat(recorded.aside).containsOnlyKeys(0L);
        assertThat(recorded.closed.getFirst().digest().spans()).isEqualTo(50);
    }

    @Test
    void aPartThatFailsTheSecondTimeOnlyIsPutAsideAndTheRestStored() {
        // Given: an enricher that is not what it must be.
        var all = new Span[50];
        for (int i = 0; i < all.length; i++) {
            all[i] = span(1, 1 + i, i == 0 ? 0 : 1, "web");
        }
        int[] calls = new int[1];

        // When
        run(
                _ -> {
                    calls[0]++;
                    if (calls[0] == 5) {
                        throw new IllegalStateException("moody");
                    }
                },
                body(all));

        // Then
        assertThat(recorded.parts).hasSize(2);
        assertThat(recorded.partsAside)
                .singleElement()
                .satisfies(part -> assertThat(spans(part)).hasSize(20));
        assertThat(recorded.minutesAside)
                .singleElement()
                .satisfies(minute -> assertThat(minute.spans()).isEqualTo(20));
        assertThat(recorded.fates).containsExactly(Fate.KEPT);
    }

    @Test
    void theSameRecordsGiveTheSameBytesAgain() {
        // Given
        var rules =
                RulesFile.read(
                        "rules",
                        "rules: [{name: a, redact: '*', hash: true}, {name: b, set: {x: 1, y: 2}}]",
                        Optional.of(Slice.of("0123456789abcdef".getBytes(UTF_8))));
        var sent =
                Span.builder(new TraceId(7, 1), new SpanId(1))
                        .attributes(
                                Attributes.of(
                                        new Attribute("user", new AttributeValue.Text("ann")),
                                        new Attribute("age", new AttributeValue.Int(7))),
                                0)
                        .resource(resource("web"))
                        .build();

        // When
        run(rules, body(sent));
        run(rules, body(sent));

        // Then
        assertThat(recorded.parts).hasSize(2);
        assertThat(recorded.parts.getFirst()).isEqualTo(recorded.parts.getLast());
    }

    private static Enricher failingOn(long trace) {
        return draft -> {
            if (draft.traceId().low() == trace) {
                throw new IllegalStateException("not this one");
            }
        };
    }

    private static Enricher failingOnRoots() {
        return draft -> {
            if (draft.root().isPresent()) {
                throw new IllegalStateException("no roots");
            }
        };
    }

    private void run(Enricher enricher, Slice... bodies) {
        run(List.of(new Step("test", enricher)), CONFIG, bodies);
    }

    private void run(List<Step> steps, AssemblyConfig config, Slice... bodies) {
        try (var assembler = assembler(steps, config)) {
            long offset = 0;
            for (var body : bodies) {
                accept(assembler, offset, 0, body);
                offset++;
            }
            assembler.mark(offset, 20_000);
        }
    }

    private PartitionAssembler assembler(List<Step> steps, AssemblyConfig config) {
        return new PartitionAssembler(
                config.with(new Enrichment(steps)),
                Resumption.fresh(0),
                new ClosedTraces(config, TableSpace.memory()),
                (_, _) -> {
                    throw new AssertionError("nothing is let go");
                },
                recorded);
    }

    private static void accept(PartitionAssembler assembler, long offset, long time, Slice body) {
        var traceId = spans(body).getFirst().traceId();
        assembler.accept(offset, time, Tenant.DEFAULT, traceId, body);
    }

    private static List<Span> spans(Slice body) {
        return OtlpDecoder.spans(body);
    }

    private static String text(Slice body) {
        return new String(body.toByteArray(), ISO_8859_1);
    }

    private static byte[] id(int low) {
        byte[] id = new byte[16];
        id[7] = 7;
        id[15] = (byte) low;
        return id;
    }

    private static byte[] spanId(int value) {
        byte[] id = new byte[8];
        id[7] = (byte) value;
        return id;
    }

    private static final class Recorded implements TraceSink {
        final List<String> observed = new ArrayList<>();
        final List<Slice> parts = new ArrayList<>();
        final List<ClosedTrace> closed = new ArrayList<>();
        final List<Fate> fates = new ArrayList<>();
        final List<Refusal> refusals = new ArrayList<>();
        final Map<Long, Slice> aside = new TreeMap<>();
        final List<Slice> partsAside = new ArrayList<>();
        final List<LogMinute> minutesAside = new ArrayList<>();
        int poisoned;
        int judged;

        @Override
        public void begin(Tenant tenant, TraceId traceId) {}

        @Override
        public void observe(SpanIndex index, int from, int[] spans) {
            for (int span : spans) {
                observed.add(text(index.span(span)));
            }
        }

        @Override
        public Fate judge(ClosedTrace trace, ClosedTraces.@Nullable Entry earlier) {
            judged++;
            return Fate.KEPT;
        }

        @Override
        public Slice traceState(Slice before, Fate fate) {
            return before;
        }

        @Override
        public void part(ClosedTrace trace, int part, Slice body, List<LogMinute> minutes) {
            parts.add(body);
        }

        @Override
        public void poison(
                Tenant tenant,
                TraceId traceId,
                long offset,
                long minute,
                Slice body,
                String reason) {
            poisoned++;
        }

        @Override
        public void refused(ClosedTrace trace, Refusal refusal) {
            refusals.add(refusal);
        }

        @Override
        public void putAside(ClosedTrace trace, long offset, Slice body, Refusal refusal) {
            aside.put(offset, body);
        }

        @Override
        public void partPutAside(
                ClosedTrace trace, Slice body, List<LogMinute> minutes, Refusal refusal) {
            partsAside.add(body);
            minutesAside.addAll(minutes);
        }

        @Override
        public void committable() {}

        @Override
        public void closed(ClosedTrace trace, Fate fate) {
            closed.add(trace);
            fates.add(fate);
        }
    }
}
