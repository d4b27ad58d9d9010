package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationTextTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1ns, 1",
        "2us, 2000",
        "2µs, 2000",
        "20ms, 20000000",
        "1.5s, 1500000000",
        ".5s, 500000000",
        "1.s, 1000000000",
        "1h30m, 5400000000000",
        "1m1.5s, 61500000000",
        "2d, 172800000000000",
        "1w, 604800000000000"
    })
    void readsDurationsAsGoWritesThem(String text, long nanos) {
        assertThat(DurationText.parseNanos(text)).hasValue(nanos);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0s",
        "1, 1ns",
        "1500, 1.5µs",
        "20000000, 20ms",
        "999999999, 999.999999ms",
        "1500000000, 1.5s",
        "61500000000, 1m1.5s",
        "5400000000000, 1h30m0s",
        "-20000000, -20ms",
        "9223372036854775807, 2562047h47m16.854775807s",
        "-9223372036854775808, -2562047h47m16.854775807s"
    })
    void writesDurationsAsGoDoes(long nanos, String text) {
        assertThat(DurationText.of(nanos)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "20", "s", "1.5", "-1s", "+1s", "1 s", "1s ", "1x", "1s2", "1e3s", ".s"})
    void refusesEverythingElse(String text) {
        assertThat(DurationText.parseNanos(text)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"99999999999w", "9223372036854775808ns"})
    void refusesWhatCannotBeCounted(String text) {
        assertThat(DurationText.parseNanos(text)).isEmpty();
    }
}
