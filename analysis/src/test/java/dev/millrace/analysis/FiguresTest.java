package dev.millrace.analysis;

import static dev.millrace.analysis.Traces.ERROR;
import static dev.millrace.analysis.Traces.MILLI;
import static dev.millrace.analysis.Traces.MINUTE;
import static dev.millrace.analysis.Traces.START;
import static dev.millrace.analysis.Traces.attributes;
import static dev.millrace.analysis.Traces.built;
import static dev.millrace.analysis.Traces.links;
import static dev.millrace.analysis.Traces.origin;
import static dev.millrace.analysis.Traces.show;
import static dev.millrace.analysis.Traces.span;
import static dev.millrace.model.SpanKind.CLIENT;
import static dev.millrace.model.SpanKind.INTERNAL;
import static dev.millrace.model.SpanKind.SERVER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Slice;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// What is counted, for whom, and how it is written.
class FiguresTest {

    private static final Operation STEP = new Operation("shop", "step", INTERNAL);

    @Test
    void countsCallsErrorsAndDurationsOfEveryOperation() {
        // Given
        var figures = Traces.analysis().partition();

        // When
        show(figures, span("shop", INTERNAL, 1, 0), span("shop", INTERNAL, 2, 1).status(ERROR));

        // Then
        var step = Traces.take(figures).getOrDefault(STEP, Traces.NONE);
        assertThat(step.seen()).isEqualTo(2);
        assertThat(step.calls()).isEqualTo(2);
        assertThat(step.errors()).isEqualTo(1);
        assertThat(step.durations().quantile(0.5)).isBetween(9_840_000L, 10_160_000L);
    }

    @Test
    void aLinkHasOneEntryOfACommitHoweverManyTracesHaveIt() {
        // Given
        var figures = Traces.analysis().partition();

        // When
        for (int i = 0; i < 500; i++) {
            show(figures, span("web", CLIENT, 1, 0), span("shop", SERVER, 2, 1));
        }

        // Then
        var deltas = figures.take(origin(1));
        assertThat(deltas).hasSize(1);
        assertThat(deltas.getFirst().entries())
                .filteredOn(entry -> entry.series() instanceof Dependency)
                .singleElement()
                .satisfies(entry -> assertThat(entry.figures().seen()).isEqualTo(500));
    }

    @Test
    void countsACallOnceThatIsReportedInPieces() {
        // Given: a call whose late tags came without a time, a span of which nothing else came, and
        // two halves that share an id
        var absent =
                Attributes.of(
                        new Attribute(
                                "otel.zipkin.absentField.startTime",
                                new AttributeValue.Bool(true)));
        var call = span("shop", CLIENT, 1, 0);
        var late = span("shop", CLIENT, 1, 0).name("late").attributes(absent, 0);
        var lone = span("shop", INTERNAL, 2, 1).attributes(absent, 0);
        var half = span("bank", SERVER, 1, 0);
        for (var order : List.of(List.of(call, late), List.of(late, call))) {
            var figures = Traces.analysis().partition();

            // When
            show(figures, order.getFirst(), lone, order.getLast(), half);

            // Then
            var all = Traces.take(figures);
            assertThat(all.getOrDefault(new Operation("shop", "step", CLIENT), Traces.NONE).seen())
                    .isOne();
            assertThat(all).doesNotContainKey(new Operation("shop", "late", CLIENT));
            assertThat(all.getOrDefault(STEP, Traces.NONE).seen()).isOne();
            assertThat(links(all)).hasSize(1);
            assertThat(links(all).values()).allMatch(link -> link.seen() == 1);
        }
    }

    @Test
    void countsASpanInTheMinuteItBegins() {
        // Given
        var figures = Traces.analysis().partition();
        var totals = new DependencyTotals(100);

        // When
        show(
                figures,
                span("shop", INTERNAL, 1, 0).time(START - 1, START + MINUTE),
                span("shop", INTERNAL, 2, 1).time(START, START + 1),
                span("shop", INTERNAL, 3, 1).time(START + MINUTE - 1, START + MINUTE));
        figures.take(origin(1)).forEach(totals::add);

        // Then
        long minute = START / MINUTE;
        assertThat(
                        totals.between(Tenant.DEFAULT, minute - 1, minute)
                                .getOrDefault(STEP, Traces.NONE)
                                .seen())
                .isOne();
        assertThat(
                        totals.between(Tenant.DEFAULT, minute, minute + 1)
                                .getOrDefault(STEP, Traces.NONE)
                                .seen())
                .isEqualTo(2);
    }

    @Test
    void spansOfTooManyMinutesCountInNoneInParticular() {
        // Given
        var figures = Traces.analysis().partition();
        var totals = new DependencyTotals(100);

        // When
        for (int i = 0; i < 100; i++) {
            show(
                    figures,
                    span("shop", INTERNAL, 1, 0).time(START + i * MINUTE, START + i * MINUTE));
        }
        figures.take(origin(1)).forEach(totals::add);

        // Then
        assertThat(totals.between(Tenant.DEFAULT, 0, 1).getOrDefault(STEP, Traces.NONE).seen())
                .isEqualTo(36);
        assertThat(
                        totals.between(Tenant.DEFAULT, 1, Long.MAX_VALUE)
                                .getOrDefault(STEP, Traces.NONE)
                                .seen())
                .isEqualTo(64);
    }

    @Test
    void aSpanBehindAHeadSamplerCountsForAllItStandsFor() {
        // Given
        var figures =
                new Analysis(AnalysisConfig.DEFAULT, state -> Double.parseDouble(state.toText()))
                        .partition();

        // When
        show(
                figures,
                span("shop", CLIENT, 1, 9).traceState("4"),
                span("stock", SERVER, 2, 1).traceState("2.5").status(ERROR),
                span("stock", INTERNAL, 3, 2));

        // Then: both halves of a call were only seen where the rarer one was.
        var all = Traces.take(figures);
        var call = all.getOrDefault(new Dependency("shop", "stock", Connection.PLAIN), Traces.NONE);
        assertThat(call.calls()).isEqualTo(4);
        assertThat(call.errors()).isEqualTo(4);
        assertThat(call.seen()).isOne();
        assertThat(all.getOrDefault(new Operation("stock", "step", SERVER), Traces.NONE).calls())
                .isEqualTo(2.5);
        assertThat(all.getOrDefault(new Operation("stock", "step", SERVER), Traces.NONE).errors())
                .isEqualTo(2.5);
        assertThat(all.getOrDefault(new Operation("stock", "step", INTERNAL), Traces.NONE).calls())
                .isEqualTo(1);
    }

    @Test
    void keepsTenantsApart() {
        // Given
        var figures = Traces.analysis().partition();
        var other = new Tenant("other-tenant");

        // When
        show(figures, Tenant.DEFAULT, false, built(span("shop", INTERNAL, 1, 0)));
        show(figures, other, false, built(span("shop", INTERNAL, 1, 0)));

        // Then
        assertThat(figures.take(origin(1)))
                .extracting(DependencyDelta::tenant)
                .containsExactly(Tenant.DEFAULT, other);
        assertThat(figures.take(origin(2))).isEmpty();
    }

    @Test
    void whatIsBeyondABoundCountsAsOther() {
        // Given: two services, three operations of each, two links.
        var analysis = new Analysis(new AnalysisConfig(2, 3, 2, 100, false), SpanWeight.ONE);
        var figures = analysis.partition();

        // When
        for (int i = 0; i < 10; i++) {
            show(
                    figures,
                    span("shop", INTERNAL, 1, 0).name("op-" + i),
                    span("service-" + i, SERVER, 2, 1));
        }

        // Then
        var all = Traces.take(figures);
        assertThat(all)
                .extractingByKey(new Operation("shop", "other", INTERNAL))
                .extracting(Figures::seen)
                .isEqualTo(7L);
        assertThat(all)
                .extractingByKey(new Operation("other", "other", SERVER))
                .extracting(Figures::seen)
                .isEqualTo(9L);
        assertThat(links(all))
                .containsOnlyKeys(
                        new Dependency("shop", "service-0", Connection.PLAIN),
                        new Dependency("shop", "other", Connection.PLAIN));
        assertThat(all.values().stream().mapToLong(Figures::seen).sum()).isEqualTo(30);
        assertThat(analysis.takeOverflows()).isEqualTo(7 + 9 + 9);
        assertThat(analysis.takeOverflows()).isZero();
    }

    @Test
    void linksBeyondTheBoundCountAsOther() {
        // Given
        var analysis = new Analysis(new AnalysisConfig(100, 3, 2, 100, false), SpanWeight.ONE);
        var figures = analysis.partition();

        // When
        for (int i = 0; i < 10; i++) {
            show(
                    figures,
                    span("shop", CLIENT, 1, 9)
                            .attributes(attributes("server.address", "host-" + i), 0));
        }

        // Then
        var links = links(Traces.take(figures));
        assertThat(links).hasSize(3);
        assertThat(
                        links.getOrDefault(
                                        new Dependency("other", "other", Connection.VIRTUAL),
                                        Traces.NONE)
                                .seen())
                .isEqualTo(8);
    }

    @Test
    void aTraceCountsOnceThoughFiguresAreTakenInTheMiddleOfIt() {
        // Given: only one span of a trace may be linked.
        var config = new AnalysisConfig(9, 9, 9, 1, false);
        var figures = new Analysis(config, SpanWeight.ONE).partition();
        var totals = new DependencyTotals(1_000);
        var spans = Traces.built(span("shop", INTERNAL, 1, 0), span("shop", INTERNAL, 2, 1));
        show(figures, span("shop", INTERNAL, 3, 0));

        // When: it is begun twice, as after a crash.
        Traces.showPart(figures, spans);
        figures.take(origin(1)).forEach(totals::add);
        Traces.showPart(figures, spans);
        figures.take(origin(2)).forEach(totals::add);
        figures.end(true);
        figures.take(origin(3)).forEach(totals::add);

        // Then
        assertThat(totals.between(Tenant.DEFAULT, 0, Long.MAX_VALUE).values())
                .singleElement()
                .extracting(Figures::calls)
                .isEqualTo(3.0);
    }

    @Test
    void whatWasNotSeenForAWhileMakesRoom() {
        // Given
        var analysis = new Analysis(new AnalysisConfig(2, 1, 2, 100, false), SpanWeight.ONE);
        var figures = analysis.partition();
        analysis.tidy(1);
        show(figures, span("old", INTERNAL, 1, 0).name("a"));

        // When
        for (int minute = 1; minute <= 7; minute++) {
            show(figures, span("shop", INTERNAL, 1, 0).name("b"));
            show(figures, span("new", INTERNAL, 1, 0).name("c"));
            figures.take(origin(minute + 1));
            analysis.tidy(minute * MINUTE + 2);
        }
        show(figures, span("shop", INTERNAL, 1, 0).name("b"));
        show(figures, span("new", INTERNAL, 1, 0).name("c"));

        // Then
        assertThat(Traces.take(figures))
                .containsOnlyKeys(
                        new Operation("shop", "b", INTERNAL), new Operation("new", "c", INTERNAL));
    }

    @Test
    void readsBackWhatItWrites() {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        var figures =
                new Analysis(AnalysisConfig.DEFAULT, state -> Double.parseDouble(state.toText()))
                        .partition();
        for (int i = 0; i < 200; i++) {
            long start = START + random.nextLong(3 * MINUTE);
            show(
                    figures,
                    new Tenant("t"),
                    false,
                    built(
                            span("s" + random.nextInt(5), SpanKind.of(random.nextInt(6)), 1, 0)
                                    .name("opération " + random.nextInt(20))
                                    .traceState(
                                            random.nextBoolean() ? "" : "1." + random.nextInt(9))
                                    .status(
                                            random.nextBoolean()
                                                    ? ERROR
                                                    : built(span("", INTERNAL, 1, 0))
                                                            .getFirst()
                                                            .status())
                                    .time(start, start + random.nextLong(1L << random.nextInt(50))),
                            span("s" + random.nextInt(5), SERVER, 2, 1)));
        }

        // When
        var written = figures.take(origin(1L << 40)).getFirst();

        // Then
        assertThat(DependencyDelta.decode(written.encode())).as("seed %s", seed).isEqualTo(written);
    }

    @Test
    void refusesWhatIsNoDelta() {
        assertThatThrownBy(() -> DependencyDelta.decode(Slice.of(new byte[] {58, 99})))
                .isInstanceOf(MalformedSpansException.class);
    }

    @Test
    void aSingleCallTakesFewBytesBesidesItsNames() {
        // Given
        var figures = Traces.analysis().partition();
        show(figures, span("a", INTERNAL, 1, 0));
        int one = figures.take(origin(1)).getFirst().encode().length();

        // When
        show(figures, span("a", INTERNAL, 1, 0), span("a", CLIENT, 2, 1).name("b"));
        int two = figures.take(origin(1)).getFirst().encode().length();

        // Then: the name takes 3.
        assertThat(two - one).isBetween(4, 20);
    }

    @Test
    void addsUpToTheSameInAnyOrderOfPartitions() {
        // Given
        long seed = new Random().nextLong();
        var random = new Random(seed);
        var deltas = new ArrayList<DependencyDelta>();
        for (int partition = 0; partition < 20; partition++) {
            var figures =
                    new Analysis(
                                    AnalysisConfig.DEFAULT,
                                    state -> Double.parseDouble(state.toText()))
                            .partition();
            for (int i = 0; i < 10; i++) {
                show(
                        figures,
                        span("shop", INTERNAL, 1, 0).traceState("" + (1 + random.nextDouble())));
            }
            deltas.addAll(figures.take(new DependencyDelta.Origin("spans", partition, 10)));
        }
        var inOrder = new DependencyTotals(100);
        deltas.forEach(inOrder::add);

        // When
        Collections.shuffle(deltas, random);
        var shuffled = new DependencyTotals(100);
        deltas.forEach(shuffled::add);

        // Then
        assertThat(shuffled.between(Tenant.DEFAULT, 0, Long.MAX_VALUE))
                .as("seed %s", seed)
                .isEqualTo(inOrder.between(Tenant.DEFAULT, 0, Long.MAX_VALUE));
    }

    @Test
    void passesOverADeltaThatItHasAdded() {
        // Given
        var figures = Traces.analysis().partition();
        show(figures, span("shop", INTERNAL, 1, 0));
        var first = figures.take(origin(5)).getFirst();
        show(figures, span("shop", INTERNAL, 1, 0));
        var second = figures.take(origin(9)).getFirst();
        var totals = new DependencyTotals(100);

        // When, then
        assertThat(totals.add(first)).isTrue();
        assertThat(totals.add(second)).isTrue();
        assertThat(totals.add(first)).isFalse();
        assertThat(totals.add(second)).isFalse();
        assertThat(
                        totals.between(Tenant.DEFAULT, 0, Long.MAX_VALUE)
                                .getOrDefault(STEP, Traces.NONE)
                                .seen())
                .isEqualTo(2);
    }

    @Test
    void totalsTellNoMoreApartThanTheyMay() {
        // Given
        var figures = Traces.analysis().partition();
        for (int i = 0; i < 10; i++) {
            show(figures, span("shop", INTERNAL, 1, 0).name("op-" + i));
        }
        var totals = new DependencyTotals(4);

        // When
        figures.take(origin(1)).forEach(totals::add);

        // Then
        var all = totals.between(Tenant.DEFAULT, 0, Long.MAX_VALUE);
        assertThat(all).hasSize(5);
        assertThat(
                        all.getOrDefault(
                                        new Operation("other", "other", SpanKind.UNSPECIFIED),
                                        Traces.NONE)
                                .seen())
                .isEqualTo(6);
    }

    @Test
    void forgetsWhatIsOld() {
        // Given
        var figures = Traces.analysis().partition();
        show(figures, span("shop", INTERNAL, 1, 0));
        var totals = new DependencyTotals(4);
        figures.take(origin(1)).forEach(totals::add);

        // When
        totals.forgetBefore(START / MINUTE + 1);

        // Then
        assertThat(totals.between(Tenant.DEFAULT, 0, Long.MAX_VALUE)).isEmpty();
    }

    @Test
    void percentilesAreWithinSixteenPerMille() {
        // Given
        long seed = new Random().nextLong();
        var random = new Random(seed);
        var sketch = new DurationSketch();
        var values = new long[10_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (long) Math.exp(random.nextDouble() * 30);
            sketch.add(values[i], Figures.UNIT);
        }
        Arrays.sort(values);

        // When, then
        for (double share : new double[] {0.01, 0.5, 0.95, 0.99, 1}) {
            long true_ = values[(int) Math.ceil(share * values.length) - 1];
            assertThat(sketch.quantile(share))
                    .as("seed %s, share %s", seed, share)
                    .isCloseTo(true_, within((long) (true_ * 0.016)));
        }
    }

    @Test
    void exemplarsPointToKeptTracesOnly() {
        // Given
        var figures = Traces.analysis().partition();
        var dropped = new TraceId(1, 1);
        var kept = new TraceId(2, 2);
        show(figures, Tenant.DEFAULT, false, built(span(dropped, "shop", SERVER, 1, 0)));
        show(figures, Tenant.DEFAULT, true, built(span(kept, "shop", SERVER, 5, 0)));
        var red = new RedTotals(RedTotals.Bounds.DEFAULT);

        // When
        figures.take(origin(1)).forEach(red::add);

        // Then
        for (var total : List.of(red.totals(Operation.class), red.totals(Dependency.class))) {
            assertThat(total)
                    .singleElement()
                    .satisfies(one -> {
                        assertThat(one.calls()).isEqualTo(2);
                        assertThat(one.histogram().counts().get(2)).isEqualTo(2);
                        assertThat(one.histogram().sumSeconds()).isCloseTo(0.02, within(1e-9));
                        assertThat(one.histogram().exemplar(2))
                                .isNotNull()
                                .extracting(Exemplar::traceId, Exemplar::durationNanos)
                                .containsExactly(kept, 10 * MILLI);
                        assertThat(one.histogram().exemplar(1)).isNull();
                    });
        }
    }

    @Test
    void whatIsScrapedIsBoundedToo() {
        // Given
        var figures = Traces.analysis().partition();
        for (int i = 0; i < 10; i++) {
            show(figures, span("shop", INTERNAL, 1, 0).name("op-" + i));
        }
        var red = new RedTotals(new RedTotals.Bounds(3, 3));

        // When
        figures.take(origin(1)).forEach(red::add);

        // Then
        assertThat(red.totals(Operation.class)).hasSize(4);
        assertThat(red.overflows()).isEqualTo(7);
        assertThat(red.totals(Operation.class).stream().mapToDouble(RedTotals.Total::calls).sum())
                .isEqualTo(10);
    }
}
