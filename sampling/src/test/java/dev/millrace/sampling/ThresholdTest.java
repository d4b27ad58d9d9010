package dev.millrace.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.model.TraceId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ThresholdTest {

    @ParameterizedTest
    @CsvSource({"1,0", "0.5,8", "0.25,c", "0.01,fd70a4"})
    void writesAProbabilityAsOpenTelemetryDoes(double probability, String th) {
        // When
        var threshold = Threshold.ofProbability(probability);

        // Then
        assertThat(threshold.text()).isEqualTo(th);
        assertThat(Threshold.parse(th)).isEqualTo(threshold);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 0.3, 0.01, 1e-3, 1e-6, 1e-9, 0x1p-50})
    void standsForAsManyTracesAsItsProbabilitySays(double probability) {
        // When
        var threshold = Threshold.ofProbability(probability);

        // Then
        assertThat(threshold.adjustedCount() * probability).isCloseTo(1, within(1e-3));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "xyz", "FD", "0123456789abcde", "-1"})
    void refusesWhatIsNoThreshold(String text) {
        assertThatThrownBy(() -> Threshold.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + text + "\"");
    }

    @Test
    void neverKeepsNothingAndAlwaysEverything() {
        long highest = (1L << 56) - 1;
        assertThat(Threshold.ofProbability(0).keeps(highest)).isFalse();
        assertThat(Threshold.ALWAYS.keeps(0)).isTrue();
    }

    @Test
    void takesRandomnessFromTheLastSevenBytesUnlessItIsStated() {
        // Given
        var id = new TraceId(1, 0xff00_0000_0000_0005L);

        // Then
        assertThat(Randomness.of(id)).isEqualTo(5);
        assertThat(Randomness.of(id, TraceState.parse("a=b,ot=rv:000000000000ff"))).isEqualTo(0xff);
    }

    @Test
    void movesTheChangedMemberFirstAndKeepsTheOthersInOrder() {
        // Given
        var state = TraceState.parse("b=1, ot=xy:z;th:8;rv:0123456789abcd ,a=2");

        // When
        String changed = state.withThreshold(Threshold.parse("c"));

        // Then
        assertThat(changed).isEqualTo("ot=th:c;rv:0123456789abcd;xy:z,b=1,a=2");
        assertThat(state.malformed()).isFalse();
    }

    @Test
    void treatsAMalformedThresholdAsNone() {
        // When
        var state = TraceState.parse("ot=th:zz;rv:12,other");

        // Then
        assertThat(state.malformed()).isTrue();
        assertThat(state.threshold()).isEmpty();
        assertThat(state.randomness()).isEmpty();
        assertThat(state.withThreshold(Threshold.ALWAYS)).isEqualTo("ot=th:0");
    }

    @Test
    void keepsToTheLimitsOfTheHeader() {
        // Given
        String many = "k=" + "v".repeat(40);
        var text = new StringBuilder("long=" + "x".repeat(200));
        for (int i = 0; i < 40; i++) {
            text.append(',').append(i).append(many);
        }

        // When
        String changed = TraceState.parse(text.toString()).withThreshold(Threshold.parse("8"));

        // Then
        assertThat(changed).startsWith("ot=th:8,0k=").hasSizeLessThanOrEqualTo(512);
        assertThat(changed.split(",", -1)).hasSizeLessThanOrEqualTo(32);
    }
}
