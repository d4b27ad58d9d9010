package dev.millrace.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.analysis.SpanRemark.ClockCorrected;
import dev.millrace.analysis.SpanRemark.ClockOff;
import dev.millrace.analysis.SpanRemark.IdTaken;
import dev.millrace.analysis.SpanRemark.ParentMissing;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Event;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceAdjusterTest {

    private static final TraceId ID = new TraceId(0, 1);
    private static final TraceAdjuster ADJUSTER = new TraceAdjuster(Duration.ofNanos(1_000));

    @ParameterizedTest
    @CsvSource({
        // parent from 1000 to 1100; child; where it is shown
        "1010, 1050, 1010, 1050",
        "1000, 1100, 1000, 1100",
        // in the middle, whichever way it is off
        "900, 920, 1040, 1060",
        "1500, 1600, 1000, 1100",
        "1090, 1110, 1040, 1060",
        // longer than its parent: only its beginning is held back
        "950, 1200, 1000, 1250",
        "1050, 1200, 1050, 1200"
    })
    void movesAChildOnAnotherHostIntoItsParent(
            long start, long end, long shownStart, long shownEnd) {
        // Given
        var trace = trace(span(1, 0, "a", 1_000, 1_100), span(2, 1, "b", start, end));

        // When
        var adjusted = ADJUSTER.adjust(trace);

        // Then
        var child = adjusted.trace().spans().get(1);
        assertThat(child.startNanos()).isEqualTo(shownStart);
        assertThat(child.endNanos()).isEqualTo(shownEnd);
        assertThat(adjusted.remarks(1))
                .isEqualTo(
                        start == shownStart
                                ? List.of()
                                : List.of(new ClockCorrected(shownStart - start)));
        assertThat(adjusted.remarks(0)).isEmpty();
    }

    @Test
    void movesAllThatRanOnTheSameHostAlong() {
        // Given
        var event = new Event(915, "e", Attributes.EMPTY, 0);
        var trace =
                trace(
                        span(1, 0, "a", 1_000, 1_100),
                        span(2, 1, "b", 900, 940),
                        span(3, 2, "b", 910, 920).toBuilder().events(List.of(event), 0).build(),
                        span(4, 3, "a", 1_041, 1_042));

        // When
        var adjusted = ADJUSTER.adjust(trace).trace().spans();

        // Then
        assertThat(adjusted.get(2).startNanos()).isEqualTo(1_040);
        assertThat(adjusted.get(2).events().getFirst().timeNanos()).isEqualTo(1_045);
        assertThat(adjusted.get(3).startNanos()).isEqualTo(1_041);
    }

    @Test
    void leavesTimesOfOneHostAlone() {
        // Given
        var trace = trace(span(1, 0, "a", 1_000, 1_100), span(2, 1, "a", 900, 940));

        // When
        var adjusted = ADJUSTER.adjust(trace);

        // Then
        assertThat(adjusted).isEqualTo(AdjustedTrace.untouched(trace));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 139})
    void saysHowFarAClockIsOffThatItMayNotCorrect(long limit) {
        // Given
        var trace = trace(span(1, 0, "a", 1_000, 1_100), span(2, 1, "", 900, 920));

        // When
        var adjusted = new TraceAdjuster(Duration.ofNanos(limit)).adjust(trace);

        // Then
        assertThat(adjusted.trace()).isEqualTo(trace);
        assertThat(adjusted.remarks(1)).containsExactly(new ClockOff(140, limit));
    }

    @Test
    void knowsAHostByItsIdItsFirstAddressOrItsName() {
        // Given
        var addresses =
                new AttributeValue.Array(
                        List.of(
                                new AttributeValue.Text("10.0.0.1"),
                                new AttributeValue.Text("10.0.0.2")));
        var byAddress = on(new Attribute("host.ip", addresses), text("host.name", "web-1"));
        var samePlace = on(text("host.ip", "10.0.0.1"), text("host.name", "web-2"));
        var other = on(text("host.id", "10.0.0.2"), text("host.ip", "10.0.0.1"));
        var trace =
                trace(
                        span(1, 0, "", 1_000, 1_100).toBuilder().resource(byAddress).build(),
                        span(2, 1, "", 900, 920).toBuilder().resource(samePlace).build(),
                        span(3, 1, "", 900, 920).toBuilder().resource(other).build());

        // When
        var adjusted = ADJUSTER.adjust(trace);

        // Then
        assertThat(adjusted.remarks()).containsOnlyKeys(2);
    }

    @Test
    void saysWhichSpansItCannotCompare() {
        // Given
        var circular = span(7, 7, "a", 5, 6);
        var trace =
                trace(
                        span(1, 0, "a", 1_000, 1_100),
                        span(1, 0, "b", 1_000, 1_100),
                        span(2, 9, "b", 900, 920),
                        circular);

        // When
        var adjusted = ADJUSTER.adjust(trace);

        // Then
        assertThat(adjusted.trace()).isEqualTo(trace);
        assertThat(adjusted.remarks(1)).containsExactly(new IdTaken());
        assertThat(adjusted.remarks(2)).containsExactly(new ParentMissing(new SpanId(9)));
        assertThat(adjusted.remarks(3)).isEmpty();
    }

    @Test
    void tellsHalvesOfACallApart() {
        // Given
        var trace =
                trace(
                        of("shop", SpanKind.SERVER, 1, 0),
                        of("bank", SpanKind.SERVER, 5, 1),
                        of("shop", SpanKind.CLIENT, 5, 1),
                        of("bank", SpanKind.INTERNAL, 6, 5),
                        of("shop", SpanKind.INTERNAL, 7, 5),
                        of("ledger", SpanKind.SERVER, 2, 5));

        // When
        var spans = ADJUSTER.adjust(trace).trace().spans();

        // Then
        assertThat(spans)
                .containsExactly(
                        of("shop", SpanKind.SERVER, 1, 0),
                        of("shop", SpanKind.CLIENT, 5, 1),
                        of("bank", SpanKind.SERVER, 3, 5),
                        of("bank", SpanKind.INTERNAL, 6, 3),
                        of("shop", SpanKind.INTERNAL, 7, 5),
                        of("ledger", SpanKind.SERVER, 2, 3));
    }

    @Test
    void putsEventsInOrderAndWritesAddressesOut() {
        // Given
        var span =
                span(1, 0, "a", 5, 6).toBuilder()
                        .attributes(
                                Attributes.of(
                                        new Attribute("ip", new AttributeValue.Int(0x7f000001)),
                                        new Attribute("peer.ipv4", new AttributeValue.Int(-1)),
                                        new Attribute("peer.ipv4", new AttributeValue.Real(1e9)),
                                        new Attribute("ip", new AttributeValue.Int(1L << 40)),
                                        new Attribute("port", new AttributeValue.Int(80))),
                                2)
                        .events(List.of(event(3), event(1), event(2)), 1)
                        .build();

        // When
        var shown = ADJUSTER.adjust(trace(span)).trace().spans().getFirst();

        // Then
        assertThat(shown.events()).containsExactly(event(1), event(2), event(3));
        assertThat(shown.attributes().entries())
                .extracting(attribute -> attribute.value().toString())
                .containsExactly(
                        "127.0.0.1", "255.255.255.255", "59.154.202.0", "1099511627776", "80");
        assertThat(shown.droppedAttributes()).isEqualTo(2);
        assertThat(shown.droppedEvents()).isEqualTo(1);
    }

    @Test
    void leavesAVeryLargeTraceAsItIs() {
        // Given
        var spans = new ArrayList<Span>();
        spans.add(span(1, 0, "a", 1_000, 1_100));
        IntStream.rangeClosed(2, TraceAdjuster.MAX_SPANS + 1)
                .forEach(i -> spans.add(span(i, i - 1, "a", 900, 920)));
        var large = new Trace(ID, spans);
        var fitting = new Trace(ID, spans.subList(0, TraceAdjuster.MAX_SPANS));

        // When
        var untouched = ADJUSTER.adjust(large);
        var adjusted = ADJUSTER.adjust(fitting);

        // Then
        assertThat(untouched).isEqualTo(new AdjustedTrace(large, Map.of(), true));
        assertThat(adjusted.tooLarge()).isFalse();
    }

    @Test
    void refusesALimitThatIsNone() {
        assertThatThrownBy(() -> new TraceAdjuster(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("max clock skew: PT-1S (expected: zero or more)");
    }

    private static Trace trace(Span... spans) {
        return new Trace(ID, List.of(spans));
    }

    private static Span span(long id, long parent, String host, long start, long end) {
        var builder = Span.builder(ID, new SpanId(id)).time(start, end);
        if (parent != 0) {
            builder.parentSpanId(new SpanId(parent));
        }
        return builder.resource(host.isEmpty() ? Resource.EMPTY : on(text("host.name", host)))
                .build();
    }

    private static Span of(String service, SpanKind kind, long id, long parent) {
        return span(id, parent, "", 1, 2).toBuilder()
                .kind(kind)
                .resource(on(text("service.name", service)))
                .build();
    }

    private static Event event(long time) {
        return new Event(time, "e", Attributes.EMPTY, 0);
    }

    private static Resource on(Attribute... attributes) {
        return new Resource(Attributes.of(attributes), 0, "");
    }

    private static Attribute text(String key, String value) {
        return new Attribute(key, new AttributeValue.Text(value));
    }
}
