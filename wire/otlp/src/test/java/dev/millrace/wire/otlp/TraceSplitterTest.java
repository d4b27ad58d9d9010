package dev.millrace.wire.otlp;

import static dev.millrace.wire.otlp.ForeignSpans.delimited;
import static dev.millrace.wire.otlp.ForeignSpans.hex;
import static dev.millrace.wire.otlp.ForeignSpans.nested;
import static dev.millrace.wire.otlp.ForeignSpans.parse;
import static dev.millrace.wire.otlp.ForeignSpans.request;
import static dev.millrace.wire.otlp.ForeignSpans.requestOf;
import static dev.millrace.wire.otlp.ForeignSpans.span;
import static dev.millrace.wire.otlp.ForeignSpans.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceSplitterTest {

    private static final long NOW = RandomSpans.NOW;
    private static final long HOUR = RandomSpans.HOUR;
    private final TraceSplitter splitter = new TraceSplitter(new SpanLimits(24 * HOUR, HOUR, 16));

    @Test
    void cutsInterleavedTracesApartAndRepeatsWhatTheyShare() throws Exception {
        // Given
        var data = TracesData.newBuilder();
        var resource = data.addResourceSpansBuilder().setSchemaUrl("resource schema");
        resource.getResourceBuilder().addAttributes(text("service.name", "shop"));
        var scope = resource.addScopeSpansBuilder().setSchemaUrl("scope schema");
        scope.getScopeBuilder().setName("lib").setVersion("1");
        scope.addSpans(span(1, 1)).addSpans(span(2, 2)).addSpans(span(1, 3));
        resource.addScopeSpansBuilder().addSpans(span(2, 4));
        var other = data.addResourceSpansBuilder();
        other.getResourceBuilder().addAttributes(text("service.name", "desk"));
        other.addScopeSpansBuilder().addSpans(span(1, 5));

        // When
        var split = split(data.build());

        // Then
        assertThat(split.chunks())
                .extracting(TraceChunk::traceId)
                .containsExactly(new TraceId(0, 1), new TraceId(0, 2));
        var first = TracesData.newBuilder();
        first.addResourceSpans(
                ResourceSpans.newBuilder(data.getResourceSpans(0))
                        .clearScopeSpans()
                        .addScopeSpans(
                                ScopeSpans.newBuilder(scope.build())
                                        .clearSpans()
                                        .addSpans(span(1, 1))
                                        .addSpans(span(1, 3))));
        first.addResourceSpans(data.getResourceSpans(1));
        assertThat(parse(split, 0)).isEqualTo(first.build());
        var second = TracesData.newBuilder();
        second.addResourceSpans(
                ResourceSpans.newBuilder(data.getResourceSpans(0))
                        .setScopeSpans(
                                0,
                                ScopeSpans.newBuilder(scope.build())
                                        .clearSpans()
                                        .addSpans(span(2, 2))));
        assertThat(parse(split, 1)).isEqualTo(second.build());
        assertThat(split.chunks()).extracting(TraceChunk::spans).containsExactly(3, 2);
    }

    @Test
    void copiesARequestOfOneTraceAsItCame() {
        // Given
        byte[] request = request(span(1, 1), span(1, 2), span(1, 3)).toByteArray();
        var padded = ByteBuffer.allocate(request.length + 20).put(10, request).array();

        // When
        var split = splitter.split(Slice.of(padded, 10, request.length), NOW);

        // Then
        assertThat(split.chunks())
                .singleElement()
                .extracting(TraceChunk::body)
                .isEqualTo(Slice.of(request));
    }

    @Test
    void findsTheHeadersOfAGroupBehindItsSpans() throws Exception {
        // Given
        var late = ResourceSpans.newBuilder().setSchemaUrl("late");
        late.getResourceBuilder().addAttributes(text("service.name", "shop"));
        var early = ResourceSpans.newBuilder();
        early.addScopeSpansBuilder().addSpans(span(1, 1)).addSpans(span(2, 2));
        var group = early.build().toByteString().concat(late.build().toByteString());
        byte[] request = delimited(1, group.toByteArray());

        // When
        var split = splitter.split(Slice.of(request), NOW);

        // Then
        assertThat(split.chunks()).hasSize(2);
        for (int i = 0; i < 2; i++) {
            var out = parse(split, i).getResourceSpans(0);
            assertThat(out.getSchemaUrl()).isEqualTo("late");
            assertThat(out.getResource()).isEqualTo(late.getResource());
        }
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            textBlock =
                    """
                    TRACE_ID, 00000000000000000000000000000000, 01, none, \
                      'trace id: 00000000000000000000000000000000 (expected: 16 bytes, not all zero)'
                    TRACE_ID, 0102, 0000000000000001, none, \
                      'trace id: 0102 (expected: 16 bytes, not all zero)'
                    TRACE_ID, none, 0000000000000001, none, \
                      'trace id: none (expected: 16 bytes, not all zero)'
                    SPAN_ID, 00000000000000000000000000000001, 0000000000000000, none, \
                      'span id: 0000000000000000 (expected: 8 bytes, not all zero)'
                    SPAN_ID, 00000000000000000000000000000001, 000000000000000001, none, \
                      'span id: 000000000000000001 (expected: 8 bytes, not all zero)'
                    SPAN_ID, 00000000000000000000000000000001, 0000000000000001, 07, \
                      'parent span id: 07 (expected: 8 bytes or none)'
                    """)
    void rejectsASpanWithAnInvalidId(
            Rejection reason, String traceId, String spanId, String parent, String message) {
        // Given
        var bad =
                span(1, 1)
                        .setTraceId(hex(traceId))
                        .setSpanId(hex(spanId))
                        .setParentSpanId(hex(parent));

        // When
        var split = split(request(bad, span(2, 2), bad));

        // Then
        assertThat(split.chunks()).singleElement().returns(1, TraceChunk::spans);
        assertThat(split.accepted()).isEqualTo(1);
        assertThat(split.rejected()).isEqualTo(Map.of(reason, 2));
        assertThat(split.rejectedSpans()).isEqualTo(2);
        assertThat(split.firstRejection()).isEqualTo(message);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, NOW - 24 * HOUR - 1, NOW + HOUR + 1, Long.MAX_VALUE, -1})
    void rejectsASpanThatStartedOutsideTheLimits(long start) {
        // When
        var split = split(request(span(1, 1).setStartTimeUnixNano(start)));

        // Then
        assertThat(split.chunks()).isEmpty();
        assertThat(split.rejected()).isEqualTo(Map.of(Rejection.START_TIME, 1));
        assertThat(split.firstRejection())
                .startsWith("start time: ")
                .endsWith(" (expected: 2026-09-20T14:13:20Z to 2026-09-21T15:13:20Z)");
    }

    @ParameterizedTest
    @ValueSource(longs = {NOW - 24 * HOUR, NOW, NOW + HOUR})
    void takesASpanThatStartedWithinTheLimits(long start) {
        assertThat(split(request(span(1, 1).setStartTimeUnixNano(start))).accepted()).isEqualTo(1);
    }

    @Test
    void takesAnyTimeButNoneWhenTheLimitsAreEndless() {
        // Given
        var endless = new TraceSplitter(new SpanLimits(Long.MAX_VALUE, Long.MAX_VALUE, 16));
        var request =
                request(
                        span(1, 1).setStartTimeUnixNano(0),
                        span(1, 2).setStartTimeUnixNano(1),
                        span(1, 3).setStartTimeUnixNano(Long.MAX_VALUE));

        // When
        var split = endless.split(Slice.of(request.toByteArray()), NOW);

        // Then
        assertThat(split.accepted()).isEqualTo(2);
    }

    @Test
    void takesEightZerosAsNoParent() {
        assertThat(split(request(span(1, 1).setParentSpanId(hex("0000000000000000")))).accepted())
                .isEqualTo(1);
    }

    @Test
    void countsTheLastOfAnIdSentTwice() throws Exception {
        // Given
        var first = Span.newBuilder().setTraceId(hex("0102")).setStartTimeUnixNano(1).build();
        var both = first.toByteString().concat(span(7, 1).build().toByteString());

        // When
        var split = splitter.split(Slice.of(requestOf(both.toByteArray())), NOW);

        // Then
        assertThat(split.chunks()).singleElement().returns(new TraceId(0, 7), TraceChunk::traceId);
        assertThat(parse(split, 0).getResourceSpans(0).getScopeSpans(0).getSpans(0).getTraceId())
                .isEqualTo(span(7, 1).getTraceId());
    }

    @Test
    void takesValuesNestedAsDeepAsAllowedAndNoDeeper() throws Exception {
        // Given
        var deepest = request(span(1, 1).addAttributes(nested(MessageCheck.MAX_DEPTH)));
        var tooDeep = request(span(1, 1).addAttributes(nested(MessageCheck.MAX_DEPTH + 1)));

        var limits = new SpanLimits(24 * HOUR, HOUR, 16, 16, MessageCheck.MAX_DEPTH, 16);
        var deepSplitter = new TraceSplitter(limits);

        // When
        var split = deepSplitter.split(Slice.of(deepest.toByteArray()), NOW);

        // Then
        assertThat(parse(split, 0)).isEqualTo(deepest);
        assertThatThrownBy(() -> deepSplitter.split(Slice.of(tooDeep.toByteArray()), NOW))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageContaining("values nested deeper than 32");
    }

    @ParameterizedTest
    @CsvSource({
        "a group in a span, 0b0c",
        "a number for a trace id, 0801",
        "text for a start time, 3a00",
        "a fixed32 for an attribute, 4d00000000",
        "an attribute that ends too soon, 4a020a05",
        "a value that ends too soon, 4a0412020a05",
        "an event with a number for its name, 5a021001",
        "a link with a number for its trace id, 6a020801",
        "a status that ends too soon, 7a021205",
        "an attribute of a negative length, 4affffffffffffffffff01"
    })
    void refusesARequestWithMalformedBytesInASpan(String what, String hex) {
        // Given
        var good = span(1, 1).build().toByteString();
        byte[] request = requestOf(good.concat(hex(hex)).toByteArray());

        // When Then
        assertThatThrownBy(() -> splitter.split(Slice.of(request), NOW))
                .as(what)
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageStartingWith("not OTLP: ");
    }

    @Test
    void refusesARequestThatWouldMakeChunksOfManyTimesItsSize() {
        // Given
        var data = TracesData.newBuilder();
        var group = data.addResourceSpansBuilder().setSchemaUrl("x".repeat(1 << 20));
        var scope = group.addScopeSpansBuilder();
        for (int i = 1; i < 100; i++) {
            scope.addSpans(span(i, i));
        }

        // When Then
        assertThatThrownBy(() -> split(data.build()))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageContaining("(expected: at most 67108864)");
    }

    @Test
    void keepsThousandsOfTracesApart() {
        // Given
        var data = TracesData.newBuilder();
        var scope = data.addResourceSpansBuilder().addScopeSpansBuilder();
        for (int i = 0; i < 20_000; i++) {
            scope.addSpans(span(1 + i % 10_000, i + 1));
        }

        // When
        var split = split(data.build());

        // Then
        assertThat(split.chunks())
                .hasSize(10_000)
                .allMatch(chunk -> chunk.spans() == 2)
                .extracting(chunk -> chunk.traceId().low())
                .isSorted();
    }

    @Test
    void makesNothingOfAnEmptyRequest() {
        assertThat(splitter.split(Slice.EMPTY, NOW))
                .isEqualTo(new Split(List.of(), 0, Map.of(), Map.of(), ""));
    }

    private Split split(TracesData data) {
        return splitter.split(Slice.of(data.toByteArray()), NOW);
    }
}
