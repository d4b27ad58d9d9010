package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.ConfigSources;
import dev.millrace.server.config.MillraceConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EnrichersTest {

    @TempDir private Path directory;

    @Test
    void theRulesComeLastUnlessTheyAreNamed() throws Exception {
        // Given
        String rules = rules("rules: [{name: a, drop: x}]");

        // When, then
        assertThat(Enrichers.check(config())).isEmpty();
        assertThat(Enrichers.check(config(rules))).containsExactly("rules");
        assertThat(Enrichers.check(config(rules, "enrichment.enrichers=team,geo")))
                .containsExactly("team", "geo", "rules");
        assertThat(Enrichers.check(config(rules, "enrichment.enrichers=rules,team")))
                .containsExactly("rules", "team");
    }

    @Test
    void saysWhichLineOfTheRulesIsWrong() throws Exception {
        // Given
        var config = config(rules("rules:\n  - name: a\n    erase: x"));

        // When, then
        assertThatThrownBy(() -> ComponentConfig.check(config))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("enrichment.rules-file, line 3: rules[1]: \"erase\"");
    }

    @Test
    void refusesWhatDoesNotGoTogether() throws Exception {
        // Given
        String rules = rules("rules: [{name: a, drop: x}]");

        // When, then
        assertRefused(
                "enrichers: [rules] (expected: no rules without", "enrichment.enrichers=rules");
        assertRefused("enrichers: [a, a] (expected: each once)", "enrichment.enrichers=a,a");
        assertRefused(
                "settings.geo.file (expected: below one of enrichers [team])",
                "enrichment.enrichers=team",
                "enrichment.settings.geo.file=/x");
        assertRefused("(expected: none with ingester.feed spans", rules, "ingester.feed=spans");
        assertRefused(
                "rules-file: /absent (expected: a file that can be read)",
                "enrichment.rules-file=/absent");
    }

    private static void assertRefused(String complaint, String... settings) throws ConfigException {
        var config = config(settings);
        assertThatThrownBy(() -> Enrichers.check(config))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(complaint);
    }

    private String rules(String text) throws IOException {
        return "enrichment.rules-file=" + Files.writeString(directory.resolve("rules.yaml"), text);
    }

    private static MillraceConfig config(String... settings) throws ConfigException {
        return new ConfigSources().flags(List.of(settings)).load().values();
    }
}
