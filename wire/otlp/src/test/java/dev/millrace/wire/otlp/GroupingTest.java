package dev.millrace.wire.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.TraceId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GroupingTest {

    private static final int GROUPS = 5;
    private static final Grouping NUMBERED =
            Grouping.numbered(GROUPS, (high, low) -> number(new TraceId(high, low)));

    private final TraceSplitter splitter =
            new TraceSplitter(new SpanLimits(24 * RandomSpans.HOUR, RandomSpans.HOUR, 64 << 10));

    private static int number(TraceId traceId) {
        return Math.floorMod(traceId.low(), GROUPS);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 7, 42, 20_261_121})
    void whatWasPackedComesApartIntoTheSameTraces(long seed) {
        var random = new RandomSpans(seed);
        for (int i = 0; i < 100; i++) {
            // Given
            Slice request = OtlpEncoder.encode(random.request(80));
            var byTrace = spans(splitter.split(request, RandomSpans.NOW).chunks());

            for (var grouping : List.of(NUMBERED, Grouping.WHOLE)) {
                // When
                var packed = splitter.split(request, RandomSpans.NOW, grouping);
                var apart =
                        packed.chunks().stream()
                                .flatMap(chunk -> PackedSpans.byTrace(chunk.body()).stream())
                                .toList();

                // Then
                assertThat(spans(apart)).as("seed %s", seed).isEqualTo(byTrace);
                assertThat(packed.chunks().stream().mapToInt(TraceChunk::spans).sum())
                        .as("seed %s", seed)
                        .isEqualTo(packed.accepted());
            }
        }
    }

    @Test
    void aChunkHoldsTheTracesOfOneNumberAndNamesItsFirst() {
        // Given
        Slice request = OtlpEncoder.encode(new RandomSpans(3).request(200));

        // When
        var chunks = splitter.split(request, RandomSpans.NOW, NUMBERED).chunks();

        // Then
        assertThat(chunks)
                .extracting(chunk -> number(chunk.traceId()))
                .doesNotHaveDuplicates()
                .hasSizeBetween(2, GROUPS);
        for (var chunk : chunks) {
            var spans = OtlpDecoder.spans(chunk.body());
            assertThat(spans.getFirst().traceId()).isEqualTo(chunk.traceId());
            assertThat(spans).allMatch(span -> number(span.traceId()) == number(chunk.traceId()));
        }
    }

    @Test
    void aRequestThatWouldComeApartIntoManyTimesItsSizeIsSortedByTraceAtOnce() {
        // Given: 800 traces in one resource of 100,000 bytes.
        var attribute = new Attribute("padding", new AttributeValue.Text("x".repeat(50_000) + "y"));
        var other = new Attribute("more", new AttributeValue.Text("z".repeat(50_000)));
        var resource = new Resource(Attributes.of(attribute, other), 0, "");
        var spans = new ArrayList<Span>();
        for (int i = 1; i <= 800; i++) {
            spans.add(
                    Span.builder(new TraceId(1, i), new SpanId(i))
                            .name("one of many")
                            .time(RandomSpans.NOW, RandomSpans.NOW)
                            .resource(resource)
                            .build());
        }
        Slice request = OtlpEncoder.encode(spans);

        // When Then
        assertThatThrownBy(() -> splitter.split(request, RandomSpans.NOW, Grouping.WHOLE))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageContaining("repeated for each of");
        assertThat(
                        splitter.split(
                                        OtlpEncoder.encode(spans.subList(0, 400)),
                                        RandomSpans.NOW,
                                        Grouping.WHOLE)
                                .chunks())
                .hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 7})
    void corruptBytesAreRefusedOrComeApart(long seed) {
        var spans = new RandomSpans(seed);
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        for (int i = 0; i < 2_000; i++) {
            // Given
            byte[] bytes = OtlpEncoder.encode(spans.request(4)).toByteArray();
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();

            // When Then
            try {
                assertThat(PackedSpans.byTrace(Slice.of(bytes)))
                        .extracting(TraceChunk::traceId)
                        .doesNotHaveDuplicates();
            } catch (MalformedSpansException _) {
                // As it should be.
            } catch (RuntimeException | AssertionError e) {
                fail("seed " + seed + ", case " + i, e);
            }
        }
    }

    private static Map<TraceId, List<Span>> spans(List<TraceChunk> chunks) {
        var spans = new HashMap<TraceId, List<Span>>();
        for (var chunk : chunks) {
            assertThat(spans.put(chunk.traceId(), OtlpDecoder.spans(chunk.body()))).isNull();
        }
        return spans;
    }
}
