package dev.millrace.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TruthTest {

    private static final TraceId TRACE = new TraceId(1, 2);
    private static final Span ONE = span(1, SpanKind.CLIENT, 1_000);
    private static final Span TWO = span(2, SpanKind.SERVER, 2_000);

    @TempDir Path directory;
    private Path file;

    @BeforeEach
    void nameFile() {
        file = directory.resolve("truth");
    }

    @Test
    void findsNothingWrongWithWhatWasAcknowledged() throws IOException {
        // Given
        write(Fate.ACKNOWLEDGED, ONE, TWO);

        // When
        var comparison = Truth.read(file).compare(stored(TWO, ONE));

        // Then
        assertThat(comparison.isClean()).isTrue();
        assertThat(comparison.matched()).isEqualTo(2);
    }

    @Test
    void tellsAClientHalfFromAServerHalfOfTheSameId() throws IOException {
        // Given
        var half = span(1, SpanKind.SERVER, 900);
        write(Fate.ACKNOWLEDGED, ONE, half);

        // When
        var comparison = Truth.read(file).compare(stored(ONE, half));

        // Then
        assertThat(comparison.isClean()).isTrue();
        assertThat(comparison.matched()).isEqualTo(2);
    }

    @Test
    void findsALostSpan() throws IOException {
        // Given
        write(Fate.ACKNOWLEDGED, ONE, TWO);

        // When
        var truth = Truth.read(file);

        // Then
        assertThat(truth.compare(stored(ONE)).lost()).containsExactly(SpanIdentity.of(TWO));
        assertThat(truth.compare(_ -> Optional.empty()).lost()).hasSize(2);
    }

    @Test
    void findsADuplicatedSpan() throws IOException {
        // Given
        write(Fate.ACKNOWLEDGED, ONE, TWO);

        // When
        var comparison = Truth.read(file).compare(stored(ONE, TWO, ONE));

        // Then
        assertThat(comparison.duplicated()).containsExactly(SpanIdentity.of(ONE));
        assertThat(comparison.isClean()).isFalse();
    }

    @Test
    void findsAnAlteredSpan() throws IOException {
        // Given
        write(Fate.ACKNOWLEDGED, ONE, TWO);
        var altered = span(1, SpanKind.CLIENT, 1_001);

        // When
        var comparison = Truth.read(file).compare(stored(altered, TWO));

        // Then
        assertThat(comparison.altered()).containsExactly(SpanIdentity.of(ONE));
        assertThat(comparison.lost()).isEmpty();
    }

    @Test
    void findsASpanThatWasNeverSent() throws IOException {
        // Given
        write(Fate.ACKNOWLEDGED, ONE);
        var truth = Truth.read(file);

        // When
        var inTrace = truth.compare(stored(ONE, TWO));
        var other = new TraceId(3, 4);
        var stray = Span.builder(other, new SpanId(5)).build();
        var inOther =
                truth.compare(List.of(other), _ -> Optional.of(new Trace(other, List.of(stray))));

        // Then
        assertThat(inTrace.unexpected()).containsExactly(SpanIdentity.of(TWO));
        assertThat(inOther.unexpected()).containsExactly(SpanIdentity.of(stray));
    }

    @Test
    void allowsAnUnansweredSpanToBeThereOrNot() throws IOException {
        // Given
        write(Fate.UNKNOWN, ONE);
        var truth = Truth.read(file);

        // Then
        assertThat(truth.compare(stored(ONE)).isClean()).isTrue();
        assertThat(truth.compare(_ -> Optional.empty()).isClean()).isTrue();
    }

    @Test
    void doesNotAllowARejectedSpanToBeThere() throws IOException {
        // Given
        write(Fate.REJECTED, ONE);
        var truth = Truth.read(file);

        // Then
        assertThat(truth.compare(stored(ONE)).unexpected()).hasSize(1);
        assertThat(truth.compare(_ -> Optional.empty()).isClean()).isTrue();
    }

    @Test
    void expectsTheLaterEndAndThenTheLargerBody() throws IOException {
        // Given
        var later = span(1, SpanKind.CLIENT, 1_500);
        var larger =
                Span.builder(TRACE, new SpanId(1))
                        .kind(SpanKind.CLIENT)
                        .name("a longer name than the other")
                        .time(10, 1_500)
                        .resource(ONE.resource())
                        .build();
        write(Fate.ACKNOWLEDGED, larger, ONE, later);
        var truth = Truth.read(file);

        // Then
        assertThat(truth.compare(stored(larger)).isClean()).isTrue();
        assertThat(truth.compare(stored(later)).altered()).hasSize(1);
        assertThat(truth.compare(stored(ONE)).altered()).hasSize(1);
    }

    @Test
    void allowsAnUnansweredCopyToWinOrNotToHaveArrived() throws IOException {
        // Given
        var later = span(1, SpanKind.CLIENT, 1_500);
        var earlier = span(1, SpanKind.CLIENT, 500);
        try (var log = TruthLog.create(file, Fidelity.EXACT)) {
            log.sending(OtlpEncoder.encode(List.of(later)));
            log.sending(OtlpEncoder.encode(List.of(earlier)));
            log.settled(log.sending(OtlpEncoder.encode(List.of(ONE))), Fate.ACKNOWLEDGED);
        }
        var truth = Truth.read(file);

        // Then
        assertThat(truth.compare(stored(ONE)).isClean()).isTrue();
        assertThat(truth.compare(stored(later)).isClean()).isTrue();
        assertThat(truth.compare(stored(earlier)).altered()).hasSize(1);
    }

    @Test
    void readsAFileCutShortAnywhere() throws IOException {
        // Given
        write(Fate.ACKNOWLEDGED, ONE, TWO);
        byte[] whole = Files.readAllBytes(file);

        for (int length = TruthLog.HEADER_BYTES; length < whole.length; length++) {
            // When
            Files.write(file, Arrays.copyOf(whole, length));

            // Then
            var truth = Truth.read(file);
            assertThat(truth.acknowledgedSpans()).as("%s bytes", length).isZero();
            assertThat(truth.compare(_ -> Optional.empty()).isClean()).isTrue();
        }
    }

    @Test
    void refusesAnotherFile() throws IOException {
        // Given
        Files.writeString(file, "something else");

        // Then
        assertThatThrownBy(() -> Truth.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not a truth file");
    }

    private void write(Fate fate, Span... spans) throws IOException {
        try (var log = TruthLog.create(file, Fidelity.EXACT)) {
            log.settled(log.sending(OtlpEncoder.encode(List.of(spans))), fate);
        }
    }

    private static Function<TraceId, Optional<Trace>> stored(Span... spans) {
        return id -> Optional.of(new Trace(id, List.of(spans)));
    }

    private static Span span(long id, SpanKind kind, long endNanos) {
        var service = new Attribute("service.name", new AttributeValue.Text("shop"));
        return Span.builder(TRACE, new SpanId(id))
                .kind(kind)
                .name("work")
                .time(10, endNanos)
                .resource(new Resource(Attributes.of(service), 0, ""))
                .build();
    }
}
