package dev.millrace.assembly;

import static dev.millrace.assembly.Spans.body;
import static dev.millrace.assembly.Spans.ids;
import static dev.millrace.assembly.Spans.span;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceMergeTest {

    private static final TraceId TRACE = new TraceId(7, 1);

    @Test
    void leavesOneBodyAsItIs() {
        Slice body = body(span(1, 1, 0, "web"), span(1, 2, 1, "web"), span(1, 3, 2, "db"));

        assertThat(TraceMerge.merge(TRACE, List.of(body))).isEqualTo(body);
    }

    @Test
    void putsParentsBeforeChildren() {
        Slice late = body(span(1, 1, 0, "web"));
        Slice early = body(span(1, 3, 2, "db"), span(1, 2, 1, "web"));

        assertThat(ids(TraceMerge.merge(TRACE, List.of(early, late)))).containsExactly(1L, 2L, 3L);
    }

    @Test
    void keepsClientAndServerHalfThatShareAnId() {
        Span client = half(SpanKind.CLIENT, "web");
        Span server = half(SpanKind.SERVER, "db");

        var merged =
                OtlpDecoder.spans(TraceMerge.merge(TRACE, List.of(body(client), body(server))));

        assertThat(merged).containsExactly(client, server);
    }

    @Test
    void putsChildrenAfterBothHalvesOfASharedId() {
        Slice child = body(span(1, 9, 5, "db"));
        Slice halves = body(half(SpanKind.CLIENT, "web"), half(SpanKind.SERVER, "db"));

        assertThat(ids(TraceMerge.merge(TRACE, List.of(child, halves))))
                .containsExactly(5L, 5L, 9L);
    }

    @Test
    void keepsTheDuplicateThatEndsLaterWhicheverCameFirst() {
        Span short_ = timed(100);
        Span long_ = timed(200);

        assertThat(OtlpDecoder.spans(TraceMerge.merge(TRACE, List.of(body(short_), body(long_)))))
                .containsExactly(long_);
        assertThat(OtlpDecoder.spans(TraceMerge.merge(TRACE, List.of(body(long_), body(short_)))))
                .containsExactly(long_);
    }

    @Test
    void takesWhatDiffersInItsNameForNoDuplicate() {
        Span one = timed("get", 100);
        Span other = timed("get /", 200);

        var merged =
                OtlpDecoder.spans(TraceMerge.merge(TRACE, List.of(body(one), body(other, one))));

        assertThat(merged).containsExactlyInAnyOrder(one, other);
    }

    @Test
    void keepsAPieceWithoutATimeBesideItsSpanWhicheverCameFirst() {
        // Given: what was received later has a later time made up for it
        Span span = timed(200);
        Span piece = untimed(900, "late");

        // When
        var one = OtlpDecoder.spans(TraceMerge.merge(TRACE, List.of(body(span), body(piece))));
        var other = OtlpDecoder.spans(TraceMerge.merge(TRACE, List.of(body(piece), body(span))));

        // Then
        assertThat(one).containsExactlyInAnyOrder(span, piece);
        assertThat(other).containsExactlyInAnyOrder(span, piece);
    }

    @Test
    void keepsOneOfSeveralPiecesWithoutATime() {
        // Given
        Span first = untimed(700, "once");
        Span again = untimed(900, "once");
        Span span = timed(200);

        // When
        var merged =
                OtlpDecoder.spans(
                        TraceMerge.merge(TRACE, List.of(body(again), body(span), body(first))));

        // Then
        assertThat(merged).containsExactlyInAnyOrder(again, span);
    }

    @Test
    void keepsEverySpanOfACircleOfParents() {
        Slice circle = body(span(1, 1, 2, "a"), span(1, 2, 1, "b"), span(1, 3, 2, "a"));

        assertThat(ids(TraceMerge.merge(TRACE, List.of(circle, circle))))
                .containsExactlyInAnyOrder(1L, 2L, 3L);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 20_261_121})
    void keepsEachIdentityOnceAndParentsFirstForAnyArrival(long seed) {
        var random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            // Given
            List<Span> spans = randomTrace(random);
            List<Span> sent = new ArrayList<>(spans);
            sent.addAll(spans.subList(0, random.nextInt(spans.size() + 1)));
            Collections.shuffle(sent, random);

            // When
            var merged = OtlpDecoder.spans(TraceMerge.merge(TRACE, cut(sent, random)));

            // Then
            assertThat(merged).as("seed %s", seed).containsExactlyInAnyOrderElementsOf(spans);
            Set<SpanId> present = new HashSet<>();
            spans.forEach(span -> present.add(span.spanId()));
            Set<SpanId> seen = new HashSet<>();
            for (var span : merged) {
                var parent = span.parentSpanId();
                assertThat(parent == null || seen.contains(parent) || !present.contains(parent))
                        .as("seed %s: parent of %s first", seed, span.spanId())
                        .isTrue();
                seen.add(span.spanId());
            }
        }
    }

    private static List<Span> randomTrace(Random random) {
        int size = 1 + random.nextInt(60);
        List<Span> spans = new ArrayList<>();
        for (int i = 1; i <= size; i++) {
            int parent = random.nextInt(10) == 0 ? 1_000 + i : random.nextInt(i);
            spans.add(span(1, i, parent, "service " + random.nextInt(5)));
        }
        return spans;
    }

    private static List<Slice> cut(List<Span> spans, Random random) {
        List<Slice> bodies = new ArrayList<>();
        int from = 0;
        while (from < spans.size()) {
            int to = Math.min(spans.size(), from + 1 + random.nextInt(8));
            bodies.add(body(spans.subList(from, to).toArray(Span[]::new)));
            from = to;
        }
        return bodies;
    }

    private static Span half(SpanKind kind, String service) {
        return Span.builder(span(1, 5, 0, service).traceId(), new SpanId(5))
                .kind(kind)
                .resource(Spans.resource(service))
                .build();
    }

    private static Span untimed(long received, String note) {
        return Span.builder(span(1, 5, 0, "web").traceId(), new SpanId(5))
                .time(received, received)
                .attributes(
                        Attributes.of(
                                new Attributes.Attribute("note", new AttributeValue.Text(note)),
                                new Attributes.Attribute(
                                        "otel.zipkin.absentField.startTime",
                                        new AttributeValue.Bool(true))),
                        0)
                .resource(Spans.resource("web"))
                .build();
    }

    private static Span timed(long end) {
        return timed("get", end);
    }

    private static Span timed(String name, long end) {
        return Span.builder(span(1, 5, 0, "web").traceId(), new SpanId(5))
                .name(name)
                .time(1, end)
                .resource(Spans.resource("web"))
                .build();
    }
}
