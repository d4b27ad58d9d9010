package dev.millrace.wire.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceSplitterPropertyTest {

    private static final int CORRUPTIONS = 2_000;

    private final TraceSplitter splitter =
            new TraceSplitter(new SpanLimits(24 * RandomSpans.HOUR, RandomSpans.HOUR, 64 << 10));

    @ParameterizedTest
    @ValueSource(longs = {1, 7, 42, 20_261_121})
    void chunksHoldExactlyTheSpansOfTheRequest(long seed) {
        var random = new RandomSpans(seed);
        for (int i = 0; i < 100; i++) {
            // Given
            var spans = random.request(80);

            // When
            var split = splitter.split(OtlpEncoder.encode(spans), RandomSpans.NOW);

            // Then
            var firstAppearances = new LinkedHashSet<TraceId>();
            spans.forEach(span -> firstAppearances.add(span.traceId()));
            assertThat(split.chunks())
                    .as("seed %s", seed)
                    .extracting(TraceChunk::traceId)
                    .containsExactlyElementsOf(firstAppearances);
            for (var chunk : split.chunks()) {
                var expected =
                        spans.stream()
                                .filter(span -> span.traceId().equals(chunk.traceId()))
                                .toList();
                assertThat(OtlpDecoder.spans(chunk.body())).as("seed %s", seed).isEqualTo(expected);
                assertThat(chunk.spans()).as("seed %s", seed).isEqualTo(expected.size());
            }
            assertThat(split.accepted()).as("seed %s", seed).isEqualTo(spans.size());
            assertThat(split.rejected()).as("seed %s", seed).isEmpty();
            assertThat(split.repaired()).as("seed %s", seed).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 7, 42, 20_261_121})
    void corruptBytesAreRefusedOrComeOutReadable(long seed) {
        var spans = new RandomSpans(seed);
        for (int i = 0; i < CORRUPTIONS; i++) {
            // Given
            long caseSeed = seed * CORRUPTIONS + i;
            var random = RandomGeneratorFactory.of("L64X128MixRandom").create(caseSeed);
            byte[] bytes = corrupt(OtlpEncoder.encode(spans.request(4)), random);

            // When Then
            try {
                readable(splitter.split(Slice.of(bytes), RandomSpans.NOW));
            } catch (MalformedSpansException _) {
                // As it should be.
            } catch (RuntimeException | AssertionError e) {
                fail("seed " + seed + ", case " + caseSeed, e);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 7, 42, 20_261_121})
    void takesNothingInThatProtobufRefusesForItsStructure(long seed) {
        var spans = new RandomSpans(seed);
        int refused = 0;
        for (int i = 0; i < CORRUPTIONS; i++) {
            // Given
            long caseSeed = seed * CORRUPTIONS + i;
            var random = RandomGeneratorFactory.of("L64X128MixRandom").create(caseSeed);
            byte[] bytes = corrupt(OtlpEncoder.encode(spans.request(4)), random);
            if (!protobufRefusesTheStructureOf(bytes)) {
                continue;
            }
            refused++;

            // When
            boolean accepted = accepts(bytes);

            // Then
            assertThat(accepted).as("seed %s, case %s", seed, caseSeed).isFalse();
        }
        assertThat(refused).as("seed %s", seed).isGreaterThan(CORRUPTIONS / 20);
    }

    private boolean accepts(byte[] bytes) {
        try {
            splitter.split(Slice.of(bytes), RandomSpans.NOW);
            return true;
        } catch (MalformedSpansException _) {
            return false;
        }
    }

    // Text that is not UTF-8 is refused by protobuf and repaired here.
    private static boolean protobufRefusesTheStructureOf(byte[] bytes) {
        try {
            var _ = TracesData.parseFrom(bytes);
            return false;
        } catch (InvalidProtocolBufferException e) {
            return !String.valueOf(e.getMessage()).contains("UTF-8");
        }
    }

    private static byte[] corrupt(Slice request, RandomGenerator random) {
        byte[] bytes = request.toByteArray().clone();
        for (int i = random.nextInt(1, 4); i > 0; i--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(3)) {
                case 0 -> bytes[at] = (byte) random.nextInt();
                case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                default -> bytes[at] += (byte) (random.nextBoolean() ? 1 : -1);
            }
        }
        return random.nextInt(8) > 0 ? bytes : Arrays.copyOf(bytes, random.nextInt(bytes.length));
    }

    private static void readable(Split split) {
        int spans = 0;
        var traces = new ArrayList<TraceId>();
        for (var chunk : split.chunks()) {
            var decoded = OtlpDecoder.spans(chunk.body());
            assertThat(decoded)
                    .hasSize(chunk.spans())
                    .allMatch(span -> span.traceId().equals(chunk.traceId()));
            traces.add(chunk.traceId());
            spans += decoded.size();
        }
        assertThat(spans).isEqualTo(split.accepted());
        assertThat(traces).doesNotHaveDuplicates();
    }
}
