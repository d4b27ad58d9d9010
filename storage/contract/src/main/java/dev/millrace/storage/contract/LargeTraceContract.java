package dev.millrace.storage.contract;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TracePieces;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/// A trace of any size can be read, though never all of it at once.
public interface LargeTraceContract extends StoreUnderTest {

    /// Spans of 32 KiB each that are too much together.
    int SPANS = TraceStore.MAX_WHOLE_BYTES / (32 << 10) + 50;

    /// Some spans each.
    int FRAGMENTS = 35;

    @Test
    default void givesASmallTraceInPiecesToo() {
        // Given
        write(List.of(fragment(0, span(trace(1), 1, TIME), span(trace(1), 2, TIME))));
        write(List.of(fragment(1, span(trace(1), 3, TIME + SECOND))));

        // When
        var pieces = new TracePieces(store(), Tenant.DEFAULT, trace(1));

        // Then
        assertThat(pieces)
                .flatExtracting(OtlpDecoder::spans)
                .extracting(span -> span.spanId().value())
                .containsOnly(1L, 2L, 3L);
    }

    @Test
    default void hasNoPieceOfAnUnknownTrace() {
        write(List.of(fragment(0, span(trace(1), 1, TIME))));

        assertThat(store().piece(Tenant.DEFAULT, trace(2), Optional.empty())).isEmpty();
    }

    @Test
    default void givesATraceThatIsTooLargeToBeHeldInPieces() {
        // Given
        writeLargeTrace(1);

        // When
        var bodies = new ArrayList<Slice>();
        new TracePieces(store(), Tenant.DEFAULT, trace(1)).forEach(bodies::add);

        // Then
        assertThat(bodies).hasSizeGreaterThan(1);
        assertThat(bodies).allMatch(body -> body.length() < TraceStore.MAX_WHOLE_BYTES);
        assertThat(bodies)
                .flatExtracting(OtlpDecoder::spans)
                .extracting(Span::spanId)
                .extracting(id -> id.value())
                .contains(LongStream.rangeClosed(1, SPANS).boxed().toArray(Long[]::new));
        assertThatThrownBy(() -> store().trace(Tenant.DEFAULT, trace(1)))
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.TOO_LARGE));
    }

    @Test
    default void findsATraceThatIsTooLargeAndSaysThatItIsCut() {
        // Given
        writeLargeTrace(1);
        write(List.of(fragment(FRAGMENTS, span(trace(2), 1, TIME - SECOND))));

        // When
        var page = store().search(Tenant.DEFAULT, TraceSearch.builder().service("shop").build());

        // Then
        assertThat(StoreUnderTest.ids(page.traces())).containsExactly(trace(1), trace(2));
        assertThat(page.cut()).containsExactly(trace(1));
        assertThat(page.traces().getFirst().spans()).hasSizeBetween(1, SPANS - 1);
    }

    /// From the first offsets of the partition; every span begins a microsecond after another.
    private void writeLargeTrace(long number) {
        var large = Samples.attributes("payload", "x".repeat(32 << 10));
        int next = 1;
        for (int offset = 0; offset < FRAGMENTS; offset++) {
            int end = 1 + SPANS * (offset + 1) / FRAGMENTS;
            var spans = new ArrayList<Span.Builder>();
            for (; next < end; next++) {
                spans.add(span(trace(number), next, TIME + next * 1_000L).attributes(large, 0));
            }
            List<Fragment> one = List.of(fragment(offset, spans.toArray(Span.Builder[]::new)));
            write(one);
        }
    }
}
