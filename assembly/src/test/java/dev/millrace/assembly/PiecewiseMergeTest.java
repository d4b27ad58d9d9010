package dev.millrace.assembly;

import static dev.millrace.assembly.Spans.body;
import static dev.millrace.assembly.Spans.span;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PiecewiseMergeTest {

    private static final TraceId TRACE = new TraceId(7, 1);

    @Test
    void leavesSpansWithoutCopiesAsTheyAre() {
        var pieces = List.of(body(span(1, 1, 0, "web")), body(span(1, 2, 1, "web")));

        assertThat(merged(pieces)).containsExactly(span(1, 1, 0, "web"), span(1, 2, 1, "web"));
    }

    @Test
    void leavesNothingOfAPieceThatHoldsOnlyCopies() {
        // Given
        var piece = body(span(1, 1, 0, "web"), span(1, 2, 1, "web"));
        var merge = compared(List.of(piece, piece));

        // When, Then
        assertThat(OtlpDecoder.spans(merge.merge(piece))).hasSize(2);
        assertThat(merge.merge(piece)).isEqualTo(Slice.EMPTY);
    }

    @Test
    void keepsSpansThatShareAnIdButNotTheirKindOrService() {
        // Given
        var client = timed("web", SpanKind.CLIENT, 5, 9);
        var server = timed("web", SpanKind.SERVER, 5, 9);
        var other = timed("db", SpanKind.SERVER, 5, 9);

        // When, Then
        assertThat(merged(List.of(body(client), body(server), body(other))))
                .containsExactly(client, server, other);
    }

    @Test
    void choosesTheSameOfTwoEquallyGoodCopiesWhicheverCameFirst() {
        // Given
        var one = body(named("a"));
        var other = body(named("b"));

        // When, Then
        assertThat(merged(List.of(one, other)))
                .hasSize(1)
                .containsExactlyElementsOf(merged(List.of(other, one)));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 20_261_121})
    void keepsWhatAMergeOfTheWholeKeeps(long seed) {
        var random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            // Given
            var sent = new ArrayList<Span>();
            int size = 1 + random.nextInt(60);
            for (int i = 1; i <= size; i++) {
                String service = "service " + random.nextInt(3);
                for (int copies = random.nextInt(4); copies >= 0; copies--) {
                    sent.add(timed(service, SpanKind.SERVER, i, 100 + random.nextInt(3)));
                }
            }
            Collections.shuffle(sent, random);
            var pieces = new ArrayList<Slice>();
            for (int from = 0; from < sent.size(); ) {
                int to = Math.min(sent.size(), from + 1 + random.nextInt(9));
                pieces.add(body(sent.subList(from, to).toArray(Span[]::new)));
                from = to;
            }

            // When, Then
            assertThat(merged(pieces))
                    .as("seed %s, round %s", seed, round)
                    .containsExactlyInAnyOrderElementsOf(
                            OtlpDecoder.spans(TraceMerge.merge(TRACE, pieces)));
        }
    }

    private static List<Span> merged(List<Slice> pieces) {
        var merge = compared(pieces);
        return pieces.stream()
                .flatMap(each -> OtlpDecoder.spans(merge.merge(each)).stream())
                .toList();
    }

    private static PiecewiseMerge compared(List<Slice> pieces) {
        var merge = new PiecewiseMerge(TRACE);
        pieces.forEach(merge::note);
        if (merge.copies()) {
            pieces.forEach(merge::compare);
        }
        return merge;
    }

    private static Span named(String name) {
        return Span.builder(TRACE, new SpanId(5)).name(name).time(1, 9).build();
    }

    private static Span timed(String service, SpanKind kind, long id, long end) {
        return Span.builder(TRACE, new SpanId(id))
                .kind(kind)
                .time(1, end)
                .resource(Spans.resource(service))
                .build();
    }
}
