package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.sampling.HeadConfig;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.ConfigSources;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What one word sets at head and tail, and what is set beside it.
final class PresetTest {

    private static ComponentConfig config(String... settings) throws ConfigException {
        var config = new ConfigSources().flags(List.of(settings)).load().values();
        ComponentConfig.check(config);
        return new ComponentConfig(config, "any:9092");
    }

    @ParameterizedTest
    @CsvSource({
        "keep-all, false, 1, keep-all",
        "head, true, 0.01, keep-all",
        "tail, false, 1, tail",
        "hybrid, true, 1, hybrid",
    })
    void oneWordSetsHeadAndTail(String preset, boolean head, double share, String tail)
            throws ConfigException {
        // When
        var config = config("sampling.preset=" + preset);

        // Then
        assertThat(config.head())
                .extracting(HeadConfig::enabled, HeadConfig::defaultProbability)
                .containsExactly(head, share);
        assertThat(config.tail().policy().get()).isEqualTo("preset: " + tail);
    }

    @Test
    void whatIsSetBesideItIsStronger() throws ConfigException {
        // When
        var config =
                config(
                        "sampling.preset=hybrid",
                        "sampling.head.probability=0.5",
                        "sampling.tail.preset=tail");
        var without = config("sampling.preset=hybrid", "sampling.head.enabled=false");
        var with = config("sampling.head.enabled=true", "sampling.head.spans-per-second=100");

        // Then
        assertThat(config.head().defaultProbability()).isEqualTo(0.5);
        assertThat(config.tail().policy().get()).isEqualTo("preset: tail");
        assertThat(without.head().enabled()).isFalse();
        assertThat(with.head().enabled()).isTrue();
        assertThat(with.head().defaultProbability()).isEqualTo(1);
    }

    @Test
    void theMarksOfLoadHoldForHeadAndTail() throws ConfigException {
        // When
        var config = config("sampling.load.high-mark=0.9", "sampling.load.low-mark=0.5");

        // Then
        assertThat(config.load().highMark()).isEqualTo(0.9);
        assertThat(config.tail().load()).isEqualTo(config.load());
    }

    @Test
    void refusesWhatIsNoShareAndATailWithoutALog() {
        assertThatThrownBy(() -> config("sampling.head.probability=most"))
                .hasMessageContaining("sampling.head.probability: most (expected: a share");
        assertThatThrownBy(() -> config("mode=direct", "sampling.preset=hybrid"))
                .hasMessageContaining("preset: hybrid (expected: keep-all in direct mode");
    }
}
