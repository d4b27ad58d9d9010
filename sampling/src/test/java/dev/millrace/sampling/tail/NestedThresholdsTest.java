package dev.millrace.sampling.tail;

import static dev.millrace.sampling.tail.JudgedTrace.policy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.sampling.Threshold;
import dev.millrace.sampling.TraceState;
import dev.millrace.sampling.Weight;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// How thresholds that spans come with and those of verdicts go together. The randomness of the
/// trace is a half, which is `8` as a threshold.
class NestedThresholdsTest {

    /// Shop, its client span, and db, with these trace states.
    private static List<Span> trace(String... traceStates) {
        var spans = JudgedTrace.trace("nothing"::equals);
        return IntStream.range(0, spans.size())
                .mapToObj(i -> with(spans.get(i), traceStates[i], Attributes.EMPTY))
                .toList();
    }

    private static Span with(Span span, String traceState, Attributes attributes) {
        return Span.builder(span.traceId(), span.spanId())
                .parentSpanId(span.parentSpanId())
                .name(span.name())
                .kind(span.kind())
                .resource(span.resource())
                .attributes(attributes, 0)
                .time(span.startNanos(), span.endNanos())
                .traceState(traceState)
                .build();
    }

    private static Verdict verdict(String policy, List<Span> spans) {
        var atOnce = JudgedTrace.verdict(policy(policy), spans);
        assertThat(JudgedTrace.verdict(policy(policy), spans, 1)).isEqualTo(atOnce);
        return atOnce;
    }

    private static long threshold(String hex) {
        return Threshold.parse(hex).value();
    }

    private static Slice state(String text) {
        return Slice.of(text.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource(
            textBlock =
                    """
                    '',                8, ot=th:8
                    ot=th:4,           8, ot=th:8
                    ot=th:c,           8, ot=th:c
                    ot=th:8,           0, ot=th:8
                    '',                0, ot=th:0
                    'ot=rv:ffffffffffffff,x=1', 8, 'ot=th:8;rv:ffffffffffffff,x=1'
                    """)
    void aSpanGoesOutWithTheGreaterOfItsOwnThresholdAndTheVerdicts(
            String before, String verdict, String after) {
        assertThat(TraceState.kept(state(before), threshold(verdict)).toText()).isEqualTo(after);
    }

    @Test
    void aTraceWeighsWhatTheLeastThresholdOfItsSpansSays() {
        assertThat(Weight.ofSpan(state(""))).isEqualTo(1);
        assertThat(Weight.ofSpan(state("ot=th:c"))).isEqualTo(4);
        assertThat(Weight.ofTrace(List.of(state("ot=th:c"), state("ot=th:8")))).isEqualTo(2);
        assertThat(Weight.ofTrace(List.of(state("ot=th:c"), state("vendor=1")))).isEqualTo(1);
        assertThat(Weight.ofTrace(List.of())).isZero();
    }

    @Test
    void tellsTheLeastThresholdThatSpansCameWith() {
        // Given
        var judge =
                JudgedTrace.judged(
                        policy("preset: keep-all"), trace("ot=th:4", "ot=th:2", "ot=th:3"), 1);

        // Then
        assertThat(judge.leastThreshold()).isEqualTo(threshold("2"));
        assertThat(judge.mayBeIncomplete()).isFalse();
    }

    @Test
    void takesAThresholdThatTheTraceDoesNotPassForNone() {
        assertThat(
                        JudgedTrace.judged(
                                        policy("preset: keep-all"),
                                        trace("ot=th:c", "ot=th:4", "ot=th:4"),
                                        3)
                                .leastThreshold())
                .isZero();
    }

    @Test
    void aRuleThatHoldsForAllSpansAlikeIsCertainWhateverTheyCameWith() {
        assertThat(
                        verdict(
                                "rules: [{name: db, when: {service: db}}]",
                                trace("ot=th:4", "ot=th:4", "ot=th:4")))
                .isEqualTo(new Verdict(true, "db", 0, 0));
    }

    @Test
    void aRuleThatHoldsForASpanWhichCameByChanceIsNoMoreCertainThanThat() {
        // Given: with less randomness than 4 there would be no db, and the rest asks for more.
        String policy =
                """
                rules:
                  - {name: db, when: {service: db}}
                  - {name: rest, keep: 60%}
                """;

        // When, then
        assertThat(verdict(policy, trace("", "", "ot=th:4")))
                .isEqualTo(new Verdict(true, "db", threshold("4"), threshold("4")));
        assertThat(verdict(policy, trace("", "", "ot=th:7")))
                .as("from 60 %% on it is kept with db and without it")
                .isEqualTo(
                        new Verdict(
                                true,
                                "db",
                                Threshold.ofProbability(0.6).value(),
                                Threshold.ofProbability(0.6).value()));
        assertThat(verdict(policy, trace("", "", ""))).isEqualTo(new Verdict(true, "db", 0, 0));
    }

    @Test
    void countsSpansAndErrorsAndTimeAsTheyWouldBeWithLessRandomness() {
        String threeSpans = "rules: [{name: wide, when: {span-count: {at-least: 3}}}]";
        String slow = "rules: [{name: slow, when: {slower-than: 75ms}}]";

        assertThat(verdict(threeSpans, trace("", "ot=th:2", "ot=th:4")).threshold())
                .isEqualTo(threshold("4"));
        assertThat(verdict(slow, trace("ot=th:4", "ot=th:2", "")).threshold())
                .as("the client's span takes 80 ms")
                .isEqualTo(threshold("2"));
    }

    @Test
    void aBudgetLowersTheShareThatTheHeadHasLeft() {
        // Given: a head that keeps a half, and a budget that has room for a half of that.
        String text = "rules: [{name: errors, when: {error: any}}, {name: rest, keep: 75%}]";
        var version =
                new Version(
                        1,
                        text,
                        policy(text).policy(),
                        SlowBounds.NONE,
                        new Shares(1, Map.of(), 0.5),
                        1);

        // When
        var verdict = JudgedTrace.verdict(version, trace("ot=th:8", "ot=th:8", "ot=th:8"));

        // Then
        assertThat(verdict.ruleThreshold()).isEqualTo(threshold("4"));
        assertThat(verdict.threshold()).isEqualTo(threshold("c"));
    }

    @Test
    void aTraceOfWhichTheHeadKeptSpansForAnErrorMayBeIncomplete() {
        // Given
        var mark = new Attribute("millrace.head", new AttributeValue.Text("error"));
        var other = new Attribute("peer", new AttributeValue.Text("error"));
        var spans = trace("ot=th:0", "ot=th:0", "");
        var marked =
                Stream.of(Attributes.of(mark), Attributes.of(mark, other))
                        .map(attributes ->
                                List.of(
                                        with(spans.get(0), "ot=th:0", Attributes.of(other)),
                                        with(spans.get(1), "ot=th:0", attributes),
                                        spans.get(2)))
                        .toList();

        // Then: whoever rewrote the span on its way.
        assertThat(marked)
                .allMatch(trace ->
                        JudgedTrace.judged(policy("preset: hybrid"), trace, 3).mayBeIncomplete());
        assertThat(JudgedTrace.judged(policy("preset: hybrid"), spans, 3).mayBeIncomplete())
                .isFalse();
    }

    @Test
    void tellsNoMoreThanSixteenThresholdsApart() {
        // Given
        var spans = JudgedTrace.trace("nothing"::equals);
        var many =
                IntStream.range(0, 60)
                        .mapToObj(i ->
                                with(
                                        spans.get(i % 3),
                                        "ot=th:" + Integer.toHexString(0x100 + i),
                                        Attributes.EMPTY))
                        .toList();

        // When
        var verdict = verdict("rules: [{name: wide, when: {span-count: {at-least: 60}}}]", many);

        // Then: what is not told apart counts as the highest.
        assertThat(verdict.threshold()).isEqualTo(threshold(Integer.toHexString(0x100 + 59)));
    }
}
