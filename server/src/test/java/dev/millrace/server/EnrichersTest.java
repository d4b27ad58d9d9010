package dev.millrace.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.assembly.Enrichment;
import dev.millrace.enrichment.api.Enricher;
import dev.millrace.enrichment.api.EnricherFactory;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.ConfigSources;
import dev.millrace.server.config.MillraceConfig;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EnrichersTest {

    private final CloseStack stack = new CloseStack();

    @TempDir private Path directory;

    @AfterEach
    void close() {
        stack.close();
    }

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
        assertThatThrownBy(() -> SettingsCheck.run(config))
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

    @Test
    void findsWhatPluginsBringAndGivesEachItsSettings() throws Exception {
        // Given
        plugin(directory, Marking.class);
        var config =
                config(
                        rules("rules: [{name: a, drop: x}]"),
                        "enrichment.plugins-dir=" + directory,
                        "enrichment.enrichers=rules,marking",
                        "enrichment.settings.marking.with=red",
                        "enrichment.settings.marking.more.of=it");

        // When
        var enrichment = open(config);

        // Then
        assertThat(enrichment.names()).containsExactly("rules", "marking");
        assertThat(Marking.settings.get()).isEqualTo(Map.of("with", "red", "more.of", "it"));
    }

    @Test
    void aPluginThatIsNotNamedRests() throws Exception {
        // Given
        plugin(directory, Marking.class);
        Marking.settings.set(Map.of());

        // When
        var enrichment = open(config("enrichment.plugins-dir=" + directory));

        // Then
        assertThat(enrichment.names()).isEmpty();
    }

    @Test
    void findsPluginsBesideTheDistribution() throws Exception {
        // Given
        plugin(Files.createDirectory(directory.resolve("plugins")), Marking.class);
        System.setProperty("millrace.home", directory.toString());

        // When
        List<String> names;
        try {
            names = open(config("enrichment.enrichers=marking")).names();
        } finally {
            System.clearProperty("millrace.home");
        }

        // Then
        assertThat(names).containsExactly("marking");
    }

    @Test
    void tellsWhyAPluginCannotBeUsed() throws Exception {
        // Given
        var named = Files.createDirectory(directory.resolve("named"));
        plugin(named, Size.class);
        var broken = Files.createDirectory(directory.resolve("broken"));
        plugin(broken, EnrichersTest.class);
        var choosy = Files.createDirectory(directory.resolve("choosy"));
        plugin(choosy, Marking.class);

        // When, then
        assertThatThrownBy(() -> open(config("enrichment.plugins-dir=" + named)))
                .isInstanceOf(StartException.class)
                .hasMessageStartingWith("enrichment.plugins-dir: enricher \"size\" (expected:");
        assertThatThrownBy(() -> open(config("enrichment.plugins-dir=" + broken)))
                .isInstanceOf(StartException.class)
                .hasMessageStartingWith("enrichment: a plugin cannot be used: ");
        assertThatThrownBy(() -> open(config("enrichment.plugins-dir=/absent")))
                .isInstanceOf(StartException.class)
                .hasMessageStartingWith("enrichment.plugins-dir: ");
        assertThatThrownBy(() ->
                        open(
                                config(
                                        "enrichment.plugins-dir=" + choosy,
                                        "enrichment.enrichers=marking",
                                        "enrichment.settings.marking.with=blue")))
                .isInstanceOf(StartException.class)
                .hasMessage("enrichment.settings.marking.with: blue (expected: red)");
    }

    /// Marks nothing, and tells what it was given.
    public static final class Marking implements EnricherFactory {
        private static final AtomicReference<Map<String, String>> settings =
                new AtomicReference<>(Map.of());

        @Override
        public String name() {
            return "marking";
        }

        @Override
        public Enricher create(Map<String, String> given) {
            if (given.containsValue("blue")) {
                throw new IllegalArgumentException("settings.marking.with: blue (expected: red)");
            }
            settings.set(given);
            return _ -> {};
        }
    }

    /// Has a name that means something else.
    public static final class Size implements EnricherFactory {
        @Override
        public String name() {
            return "size";
        }

        @Override
        public Enricher create(Map<String, String> settings) {
            return _ -> {};
        }
    }

    private Enrichment open(MillraceConfig config) throws StartException {
        return Enrichers.open(
                new Parts(
                        stack,
                        new Health(Phase.Starting::new),
                        new PrometheusMeterRegistry(PrometheusConfig.DEFAULT)),
                config);
    }

    private static void plugin(Path directory, Class<?> factory) throws IOException {
        try (var jar = new JarOutputStream(Files.newOutputStream(directory.resolve("a.jar")))) {
            jar.putNextEntry(new JarEntry("META-INF/services/" + EnricherFactory.class.getName()));
            jar.write(factory.getName().getBytes(UTF_8));
        }
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
