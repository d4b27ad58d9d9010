package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Span;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkPiecesTest {

    private final Chunks chunks = new Chunks(5);

    @ParameterizedTest
    @ValueSource(ints = {300, 1_000, 2_500, 7_999})
    void keepEverySpanInOrderWithItsResourceWithinTheLimit(int maxBytes) {
        // Given
        TraceChunk chunk = chunks.one(50, 100);

        // When
        List<TraceChunk> pieces = ChunkPieces.of(chunk, maxBytes);

        // Then
        assertThat(pieces).hasSizeGreaterThan(1);
        assertThat(pieces)
                .allSatisfy(piece -> {
                    assertThat(piece.body().length()).isBetween(1, maxBytes);
                    assertThat(piece.traceId()).isEqualTo(chunk.traceId());
                    assertThat(OtlpDecoder.spans(piece.body())).hasSize(piece.spans());
                });
        List<Span> spans =
                pieces.stream().flatMap(piece -> OtlpDecoder.spans(piece.body()).stream()).toList();
        assertThat(spans).isEqualTo(OtlpDecoder.spans(chunk.body()));
    }

    @Test
    void areTheChunkItselfWhenItIsSmallEnough() {
        // Given
        TraceChunk chunk = chunks.one(2, 10);

        // When, Then
        assertThat(ChunkPieces.of(chunk, chunk.body().length())).containsExactly(chunk);
    }

    @Test
    void refuseASpanThatIsLargerThanTheLimit() {
        assertThatThrownBy(() -> ChunkPieces.of(chunks.one(3, 500), 200))
                .isInstanceOf(SinkException.class)
                .hasMessageContaining("(expected: at most 200)");
    }
}
