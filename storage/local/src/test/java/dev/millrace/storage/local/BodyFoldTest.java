package dev.millrace.storage.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.contract.Samples;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;
import java.util.Random;
import org.apache.lucene.util.BytesRef;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever is put in comes out again, byte for byte, or not at all.
final class BodyFoldTest {

    private static final TraceId TRACE = Samples.trace(7);

    private final BodyFold fold = new BodyFold();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 20_261_121})
    void bodiesComeBackAsTheyWere(long seed) {
        // Given
        var random = new Random(seed);
        for (int i = 0; i < 200; i++) {
            var body = body(random, 1 + random.nextInt(120));

            // When
            assertThat(fold.fold(TRACE, body)).isTrue();

            // Then
            assertThat(unfolded()).as("seed %s, body %s", seed, i).isEqualTo(body);
        }
    }

    @Test
    void onlyIdsThatChanceHasMadeAreLeftAsTheyAre() {
        // Given
        var workload = new Workload(1, 1, 1_000);
        var fragment = workload.next();

        // When
        assertThat(fold.fold(fragment.traceId(), fragment.body())).isTrue();

        // Then: a parent that is no span of the body has its own id, as here all but the root's
        assertThat(fold.idCount()).isEqualTo(2 * Workload.SPANS_PER_FRAGMENT - 1);
        assertThat(fold.text().length())
                .isLessThan(fragment.body().length() - 35 * Workload.SPANS_PER_FRAGMENT);
    }

    @Test
    void aSpanOfAnotherTraceKeepsABodyFromBeingFolded() {
        // Given
        var body = body(new Random(1), 3);

        // When, Then
        assertThat(fold.fold(Samples.trace(8), body)).isFalse();
        assertThat(fold.fold(TRACE, Slice.of(new byte[] {10, 100, 1}))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 20_261_121})
    void oddBytesComeBackAsTheyWereToo(long seed) {
        // Given
        var random = new Random(seed);
        int folded = 0;
        for (int i = 0; i < 3_000; i++) {
            byte[] bytes = body(random, 1 + random.nextInt(4)).toByteArray().clone();
            for (int flip = 0; flip <= random.nextInt(3); flip++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }

            // When
            if (fold.fold(TRACE, Slice.of(bytes))) {
                folded++;

                // Then
                assertThat(unfolded()).as("seed %s, body %s", seed, i).isEqualTo(Slice.of(bytes));
            }
        }
        assertThat(folded).as("seed %s", seed).isPositive();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 20_261_121})
    void noDamageGoesUnnoticed(long seed, @TempDir Path directory) {
        // Given
        var random = new Random(seed);
        try (var dictionaries = new Dictionaries(directory);
                var encoder = new BodyEncoder();
                var decoder = new BodyDecoder(dictionaries)) {
            for (int i = 0; i < 2_000; i++) {
                var body = body(random, 1 + random.nextInt(6));
                encoder.encode(TRACE, body, Optional.empty());
                byte[] value = encoder.value.clone();
                int flipped = random.nextInt(encoder.length);
                value[flipped] ^= (byte) (1 << random.nextInt(8));

                // When
                Optional<Slice> read;
                try {
                    read = Optional.of(decoder.decode(new BytesRef(value, 0, encoder.length)));
                } catch (StoreException e) {
                    assertThat(e.kind()).isEqualTo(StoreException.Kind.CORRUPT);
                    read = Optional.empty();
                }

                // Then: some bits of a frame say nothing
                if (read.isPresent()) {
                    assertThat(read).as("seed %s, byte %s", seed, flipped).contains(body);
                }
            }
        }
    }

    private Slice unfolded() {
        return BodyUnfold.unfold(TRACE, fold.text().toByteArray().clone(), fold.ids(), 0);
    }

    private static Slice body(Random random, int spans) {
        var ids = new ArrayList<SpanId>();
        var built = new ArrayList<Span>();
        for (int i = 0; i < spans; i++) {
            var id = new SpanId(random.nextLong() | 1);
            long start = Samples.TIME + random.nextInt();
            var span =
                    Span.builder(TRACE, id)
                            .name("GET /" + random.nextInt(5))
                            .time(start, start + random.nextInt(1_000_000) - 1_000)
                            .resource(Samples.resource("shop-" + random.nextInt(3)))
                            .attributes(
                                    Samples.attributes("user", "" + random.nextInt(100_000)), 0);
            if (random.nextInt(10) == 0) {
                span.parentSpanId(new SpanId(random.nextLong() | 1));
            } else if (!ids.isEmpty()) {
                span.parentSpanId(ids.get(random.nextInt(ids.size())));
            }
            ids.add(id);
            built.add(span.build());
        }
        return OtlpEncoder.encode(built);
    }
}
