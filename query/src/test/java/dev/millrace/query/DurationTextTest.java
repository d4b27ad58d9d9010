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
