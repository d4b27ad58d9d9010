package dev.millrace.wire.otlp;

import static dev.millrace.wire.otlp.ForeignSpans.nested;
import static dev.millrace.wire.otlp.ForeignSpans.parse;
import static dev.millrace.wire.otlp.ForeignSpans.request;
import static dev.millrace.wire.otlp.ForeignSpans.span;
import static dev.millrace.wire.otlp.ForeignSpans.spanOf;
import static dev.millrace.wire.otlp.ForeignSpans.text;
import static dev.millrace.wire.otlp.ForeignSpans.truncated;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Slice;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Limits in number and depth, and the repairs of what every span should have.
class TraceSplitterAdmissionTest {

    private static final long NOW = RandomSpans.NOW;
    private static final long HOUR = RandomSpans.HOUR;
    private static final int ATTRIBUTES = 3;
    private static final int DEPTH = 4;
    private static final int SPANS = 5;

    private final TraceSplitter splitter =
            new TraceSplitter(new SpanLimits(24 * HOUR, HOUR, 100, ATTRIBUTES, DEPTH, SPANS));

    @Test
    void refusesARequestWithMoreSpansThanAllowed() {
        // Given
        var most = new Span.Builder[SPANS];
        for (int i = 0; i < SPANS; i++) {
            most[i] = span(i + 1, 1);
        }
        var data = request(most);
        var more = data.toBuilder().addResourceSpans(data.getResourceSpans(0)).build();

        // When Then
        assertThat(split(data).accepted()).isEqualTo(SPANS);
        assertThatThrownBy(() -> split(more))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessage("request: more than 5 spans (expected: at most that many)");
    }

    @Test
    void dropsTheAttributesAfterTheLastAllowedOneAndCountsThem() throws Exception {
        // Given
        var span = span(1, 1).setDroppedAttributesCount(4);
        for (int i = 0; i < ATTRIBUTES + 2; i++) {
            span.addAttributes(text("key " + i, "value"));
        }
        var event = span.addEventsBuilder().setName("event");
        for (int i = 0; i < ATTRIBUTES + 1; i++) {
            event.addAttributes(text("key " + i, "value"));
        }

        // When
        var split = split(request(span));

        // Then
        var out = spanOf(split);
        assertThat(out.getAttributesList())
                .containsExactly(
                        text("key 0", "value"), text("key 1", "value"), text("key 2", "value"));
        assertThat(out.getDroppedAttributesCount()).isEqualTo(6);
        assertThat(out.getEvents(0).getAttributesCount()).isEqualTo(ATTRIBUTES);
        assertThat(out.getEvents(0).getDroppedAttributesCount()).isEqualTo(1);
        assertThat(split.repaired()).isEqualTo(Map.of(Repair.ATTRIBUTE_DROPPED, 3));
        repairsNothingTwice(split);
    }

    @Test
    void keepsTheServiceNameHoweverManyAttributesComeBeforeIt() throws Exception {
        // Given
        var resource = Resource.newBuilder();
        for (int i = 0; i < ATTRIBUTES + 2; i++) {
            resource.addAttributes(text("key " + i, "value"));
        }
        resource.addAttributes(text("service.name", "shop"));

        // When
        var split = split(of(resource));

        // Then
        var out = parse(split, 0).getResourceSpans(0).getResource();
        assertThat(out.getAttributesList())
                .hasSize(ATTRIBUTES + 1)
                .endsWith(text("service.name", "shop"));
        assertThat(out.getDroppedAttributesCount()).isEqualTo(2);
        assertThat(split.repaired()).isEqualTo(Map.of(Repair.ATTRIBUTE_DROPPED, 2));
    }

    @Test
    void leavesOutWhatIsNestedTooDeepAndNamesTheAttribute() throws Exception {
        // Given
        var span = span(1, 1).addAttributes(nested(DEPTH + 2)).addAttributes(text("flat", "yes"));
        var fine = span(2, 2).addAttributes(nested(DEPTH));

        // When
        var split = split(request(span, fine));

        // Then
        var empty = nested(DEPTH).toBuilder();
        var innermost = empty.getValueBuilder();
        while (innermost.hasKvlistValue()) {
            innermost = innermost.getKvlistValueBuilder().getValuesBuilder(0).getValueBuilder();
        }
        innermost.getKvlistValueBuilder();
        assertThat(spanOf(split).getAttributesList())
                .containsExactly(empty.build(), text("flat", "yes"), truncated("deep"));
        assertThat(split.repaired()).isEqualTo(Map.of(Repair.VALUE_TOO_DEEP, 1));
        assertThat(parse(split, 1)).isEqualTo(request(fine));
        repairsNothingTwice(split);
    }

    @Test
    void namesAServiceThatNobodyNamed() throws Exception {
        // Given
        var none = TracesData.newBuilder();
        none.addResourceSpansBuilder().addScopeSpansBuilder().addSpans(span(1, 1));
        var number =
                KeyValue.newBuilder()
                        .setKey("service.name")
                        .setValue(AnyValue.newBuilder().setIntValue(7))
                        .build();
        var other = text("host.name", "a");

        for (var data :
                new TracesData[] {
                    none.build(),
                    of(Resource.newBuilder()),
                    of(Resource.newBuilder().addAttributes(text("service.name", ""))),
                    of(Resource.newBuilder().addAttributes(number)),
                    of(Resource.newBuilder().addAttributes(number).addAttributes(other))
                }) {
            // When
            var split = split(data);

            // Then
            var out = parse(split, 0).getResourceSpans(0).getResource();
            assertThat(out.getAttributesList())
                    .endsWith(text("service.name", "unknown_service"))
                    .doesNotContain(number, text("service.name", ""));
            assertThat(split.repaired()).isEqualTo(Map.of(Repair.SERVICE_NAME, 1));
            repairsNothingTwice(split);
        }
    }

    @Test
    void aServiceNamedInTheSecondOfTwoResourceFieldsIsNamed() {
        // Given
        var first = of(Resource.newBuilder().addAttributes(text("host.name", "a")));
        var second =
                ResourceSpans.newBuilder()
                        .setResource(
                                Resource.newBuilder().addAttributes(text("service.name", "shop")))
                        .build();
        byte[] resourceSpans =
                concat(first.getResourceSpans(0).toByteArray(), second.toByteArray());

        // When
        var split = splitter.split(Slice.of(ForeignSpans.delimited(1, resourceSpans)), NOW);

        // Then
        assertThat(split.repaired()).isEmpty();
        assertThat(split.accepted()).isOne();
    }

    @Test
    void leavesAResourceWithoutSpansAlone() {
        // Given
        var data = request(span(1, 1)).toBuilder();
        data.addResourceSpansBuilder();
        data.addResourceSpansBuilder().getResourceBuilder();

        // When Then
        assertThat(split(data.build()).repaired()).isEmpty();
    }

    @Test
    void namesASpanWithoutAName() throws Exception {
        // When
        var split = split(request(span(1, 1).clearName(), span(1, 2)));

        // Then
        var spans = parse(split, 0).getResourceSpans(0).getScopeSpans(0).getSpansList();
        assertThat(spans).extracting(Span::getName).containsExactly("empty-span-name", "span 2");
        assertThat(split.repaired()).isEqualTo(Map.of(Repair.NAME_EMPTY, 1));
        repairsNothingTwice(split);
    }

    @Test
    void endsASpanThatEndedBeforeItStartedWhenItStarts() throws Exception {
        // Given
        var early = span(1, 1).setEndTimeUnixNano(NOW - 5).addAttributes(text("a", "b"));
        var never = span(1, 2).clearEndTimeUnixNano();

        // When
        var split = split(request(early, never));

        // Then
        var spans = parse(split, 0).getResourceSpans(0).getScopeSpans(0).getSpansList();
        assertThat(spans).extracting(Span::getEndTimeUnixNano).containsExactly(NOW, NOW);
        assertThat(spans.getFirst().getAttributesList())
                .containsExactly(
                        text("a", "b"),
                        KeyValue.newBuilder()
                                .setKey("millrace.end_time_unix_nano")
                                .setValue(AnyValue.newBuilder().setIntValue(NOW - 5))
                                .build());
        assertThat(spans.getLast().getAttributesList()).isEmpty();
        assertThat(split.repaired()).isEqualTo(Map.of(Repair.END_BEFORE_START, 2));
        repairsNothingTwice(split);
    }

    private static TracesData of(Resource.Builder resource) {
        var data = request(span(1, 1)).toBuilder();
        data.getResourceSpansBuilder(0).setResource(resource);
        return data.build();
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private void repairsNothingTwice(Split split) {
        var body = split.chunks().getFirst().body();
        var again = splitter.split(body, NOW);
        assertThat(again.repaired()).isEmpty();
        assertThat(again.chunks().getFirst().body()).isEqualTo(body);
    }

    private Split split(TracesData data) {
        return splitter.split(Slice.of(data.toByteArray()), NOW);
    }
}
