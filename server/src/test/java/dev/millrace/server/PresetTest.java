package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.sampling.HeadConfig;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.ConfigSources;
import dev.millrace.server.config.MillraceConfig;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What one word sets at head and tail, and what is set beside it.
final class PresetTest {

    private static MillraceConfig config(String... settings) throws ConfigException {
        var config = new ConfigSources().flags(List.of(settings)).load().values();
        SettingsCheck.run(config);
        return config;
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
        assertThat(SamplingConfigs.head(config))
                .extracting(HeadConfig::enabled, HeadConfig::defaultProbability)
                .containsExactly(head, share);
        assertThat(SamplingConfigs.tail(config).policy().get()).isEqualTo("preset: " + tail);
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
        assertThat(SamplingConfigs.head(config).defaultProbability()).isEqualTo(0.5);
        assertThat(SamplingConfigs.tail(config).policy().get()).isEqualTo("preset: tail");
        assertThat(SamplingConfigs.head(without).enabled()).isFalse();
        assertThat(SamplingConfigs.head(with).enabled()).isTrue();
        assertThat(SamplingConfigs.head(with).defaultProbability()).isEqualTo(1);
    }

    @Test
    void theMarksOfLoadHoldForHeadAndTail() throws ConfigException {
        // When
        var config = config("sampling.load.high-mark=0.9", "sampling.load.low-mark=0.5");

        // Then
        assertThat(SamplingConfigs.load(config).highMark()).isEqualTo(0.9);
        assertThat(SamplingConfigs.tail(config).load()).isEqualTo(SamplingConfigs.load(config));
    }

    @Test
    void refusesWhatIsNoShareAndATailWithoutALog() {
        assertThatThrownBy(() -> config("sampling.head.probability=most"))
                .hasMessageContaining("sampling.head.probability: most (expected: a share");
        assertThatThrownBy(() -> config("mode=direct", "sampling.preset=hybrid"))
                .hasMessageContaining("preset: hybrid (expected: keep-all in direct mode");
    }
}
