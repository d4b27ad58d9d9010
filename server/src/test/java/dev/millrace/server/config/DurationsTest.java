package dev.millrace.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class DurationsTest {

    @ParameterizedTest
    @CsvSource({
        "250ms, 250ms",
        "1500ms, 1500ms",
        "2000ms, 2s",
        "90s, 90s",
        "10 m, 10m",
        "60m, 1h",
        "24h, 1d",
        "0s, 0s"
    })
    void readsAndWritesANumberWithAUnit(String text, String shortest) {
        assertThat(Durations.text(Durations.parse(text))).isEqualTo(shortest);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "s", "-5s", "PT5S", "5 weeks", "1h30m", "99999999999s"})
    void refusesAnythingElse(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Durations.parse(text));
    }
}
