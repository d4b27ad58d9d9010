package dev.millrace.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.model.ByteSize;
import dev.millrace.server.config.MillraceConfig.Feed;
import dev.millrace.server.config.MillraceConfig.LogFormat;
import dev.millrace.server.config.MillraceConfig.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigSourcesTest {

    @TempDir private Path directory;

    private Path file(String yaml) throws IOException {
        return Files.writeString(directory.resolve("millrace.yaml"), yaml);
    }

    private static List<String> problemsOf(ConfigSources sources) {
        var thrown =
                assertThatExceptionOfType(ConfigException.class).isThrownBy(sources::load).actual();
        return thrown.problems();
    }

    @Test
    void everyKeyHasADefault() throws ConfigException {
        // When
        var config = new ConfigSources().load();

        // Then
        assertThat(config.values().mode()).isEqualTo(Mode.STREAMING);
        assertThat(config.values().collector().receivers().otlpGrpc().port()).isEqualTo(4317);
        assertThat(config.values().collector().limits().past()).isEqualTo(Duration.ofDays(30));
        assertThat(config.values().aggregator().quietPeriod()).isEqualTo(Duration.ofSeconds(10));
        assertThat(config.values().aggregator().maxPartBytes()).isEqualTo(ByteSize.parse("4MiB"));
        assertThat(config.values().ingester().feed()).isEqualTo(Feed.TRACES);
        assertThat(config.values().kafka().embedded()).isTrue();
        assertThat(config.values().kafka().properties()).isEmpty();
        assertThat(config.settings())
                .extracting(Setting::origin)
                .containsOnly(new Origin.Default());
    }

    @Test
    void everyListenerStaysOnThisMachineUnlessToldOtherwise() throws ConfigException {
        // When
        var config = new ConfigSources().load();

        // Then
        assertThat(config.settings())
                .filteredOn(setting -> setting.key().endsWith(".host"))
                .hasSize(7)
                .extracting(Setting::value)
                .containsOnly("127.0.0.1");
    }

    @Test
    void aFileOverridesTheDefaults() throws Exception {
        // Given
        var file =
                file(
                        """
                        mode: direct
                        collector:
                          receivers.otlp-grpc.port: 14317
                          limits: {past: 7d}
                        query.port: 8080
                        kafka:
                          bootstrap-servers: [a:9092, b:9092]
                          properties:
                            linger.ms: 5
                            ssl:
                              protocol: TLSv1.3
                        """);

        // When
        var config = new ConfigSources().file(file).load().values();

        // Then
        assertThat(config.mode()).isEqualTo(Mode.DIRECT);
        assertThat(config.collector().receivers().otlpGrpc().port()).isEqualTo(14_317);
        assertThat(config.collector().receivers().otlpHttp().port()).isEqualTo(4318);
        assertThat(config.collector().limits().past()).isEqualTo(Duration.ofDays(7));
        assertThat(config.query().port()).isEqualTo(8080);
        assertThat(config.kafka().bootstrapServers()).containsExactly("a:9092", "b:9092");
        assertThat(config.kafka().properties())
                .containsOnly(Map.entry("linger.ms", "5"), Map.entry("ssl.protocol", "TLSv1.3"));
    }

    @Test
    void anEmptyFileAndAnEmptySectionSetNothing() throws Exception {
        assertThat(new ConfigSources().file(file("")).load().values())
                .isEqualTo(new ConfigSources().load().values());
        assertThat(new ConfigSources().file(file("collector:\n")).load().values())
                .isEqualTo(new ConfigSources().load().values());
    }

    @Test
    void theEnvironmentOverridesTheFileAndFlagsOverrideBoth() throws Exception {
        // Given
        var file = file("query: {port: 1}\nhealth: {port: 1}\nmetrics: {port: 1}\n");

        // When
        var config =
                new ConfigSources()
                        .file(file)
                        .environment(
                                Map.of("MILLRACE_HEALTH_PORT", "2", "MILLRACE_METRICS_PORT", "2"))
                        .flags(List.of("metrics.port=3"))
                        .load();

        // Then
        assertThat(config.values().query().port()).isEqualTo(1);
        assertThat(config.values().health().port()).isEqualTo(2);
        assertThat(config.values().metrics().port()).isEqualTo(3);
        assertThat(config.describe())
                .contains("query.port: 1  # " + file + ":1\n")
                .contains("health.port: 2  # environment MILLRACE_HEALTH_PORT\n")
                .contains("metrics.port: 3  # flag --set\n")
                .contains("broker.port: 9092\n");
    }

    @Test
    void everyKeyCanBeSetByAVariable() throws ConfigException {
        // Given
        var defaults = ConfigSources.defaults();

        for (var key : new Keys(MillraceConfig.class).all()) {
            if (key.open()) {
                continue;
            }
            var value =
                    defaults.stream()
                            .filter(setting -> setting.key().equals(key.name()))
                            .findFirst()
                            .orElseThrow();

            // When
            var config =
                    new ConfigSources().environment(Map.of(key.variable(), value.value())).load();

            // Then
            assertThat(config.settings())
                    .as(key.variable())
                    .contains(
                            new Setting(
                                    key.name(),
                                    value.value(),
                                    new Origin.Variable(key.variable())));
        }
    }

    @Test
    void kafkaPropertiesCanComeFromVariablesAndFlags() throws ConfigException {
        // When
        var config =
                new ConfigSources()
                        .environment(Map.of("MILLRACE_KAFKA_PROPERTIES_LINGER_MS", "5"))
                        .flags(List.of("kafka.properties.sasl.jaas.config=a=\"b\";"))
                        .load();

        // Then
        assertThat(config.values().kafka().properties())
                .containsOnly(
                        Map.entry("linger.ms", "5"), Map.entry("sasl.jaas.config", "a=\"b\";"));
    }

    @Test
    void neverPrintsASecret() throws ConfigException {
        // When
        var config =
                new ConfigSources()
                        .flags(List.of("kafka.properties.ssl.key.password=hunter2"))
                        .load();

        // Then
        assertThat(config.describe())
                .contains("kafka.properties.ssl.key.password: (hidden)  # flag --set")
                .doesNotContain("hunter2");
        assertThat(config.values().toString()).doesNotContain("hunter2");
    }

    @Test
    void namesEveryProblemOfEverySourceAtOnce() throws Exception {
        // Given
        var file =
                file(
                        """
                        colector:
                          max-requst: 1
                        aggregator:
                          quiet-perriod: 5s
                          max-age: soon
                        mode: fast
                        storage: big
                        """);

        // When
        var problems =
                problemsOf(
                        new ConfigSources()
                                .file(file)
                                .environment(
                                        Map.of(
                                                "MILLRACE_QUERY_PORT", "99999",
                                                "MILLRACE_QUERY_PROT", "1"))
                                .flags(
                                        List.of(
                                                "collector.max-request=many",
                                                "log.level",
                                                "query.prt=1")));

        // Then
        assertThat(problems)
                .containsExactlyInAnyOrder(
                        file
                                + ":2: colector.max-requst: unknown key, set to 1 (expected: a key of"
                                + " the reference), did you mean collector.max-request?",
                        file
                                + ":4: aggregator.quiet-perriod: unknown key, set to 5s (expected: a"
                                + " key of the reference), did you mean aggregator.quiet-period?",
                        file
                                + ":5: aggregator.max-age: soon (expected: a duration such as 250ms,"
                                + " 10s, 5m, 1h or 7d)",
                        file + ":6: mode: fast (expected: one of streaming, direct)",
                        file + ":7: storage: big (expected: keys below it, such as storage.type)",
                        "environment MILLRACE_QUERY_PROT: unknown variable (expected: MILLRACE_ and"
                                + " a key, in capitals), did you mean MILLRACE_QUERY_PORT?",
                        "environment MILLRACE_QUERY_PORT: query.port: 99999 (expected: a whole"
                                + " number from 0 to 65535)",
                        "flag --set: collector.max-request: many (expected: a byte size such as"
                                + " 512, 64KiB, 8MiB or 2GiB)",
                        "flag --set: \"log.level\" (expected: key=value)",
                        "flag --set: query.prt: unknown key, set to 1 (expected: a key of the"
                                + " reference), did you mean query.port?");
    }

    @Test
    void suggestsTheFullKeyForItsLastWord() {
        assertThat(problemsOf(new ConfigSources().flags(List.of("max-part-spans=1"))))
                .singleElement()
                .asString()
                .endsWith("did you mean aggregator.max-part-spans?");
    }

    @Test
    void makesNoSuggestionWhenNothingIsNear() {
        assertThat(problemsOf(new ConfigSources().flags(List.of("zzzzzzzz=1"))))
                .containsExactly(
                        "flag --set: zzzzzzzz: unknown key, set to 1 (expected: a key of the"
                                + " reference)");
    }

    @Test
    void namesBothSidesOfABrokenRuleBetweenValues() {
        // When
        var problems =
                problemsOf(
                        new ConfigSources()
                                .environment(Map.of("MILLRACE_AGGREGATOR_QUIET_PERIOD", "10m"))
                                .flags(List.of("collector.max-in-flight=1MiB")));

        // Then
        assertThat(problems)
                .containsExactly(
                        "flag --set: collector.max-in-flight: 1MiB (expected: at least max-request,"
                                + " 16MiB)",
                        "environment MILLRACE_AGGREGATOR_QUIET_PERIOD: aggregator.max-age: 5m"
                                + " (expected: at least quiet-period, 10m)");
    }

    @Test
    void refusesALateWindowThatAnOpenTraceOutlives() {
        assertThat(problemsOf(new ConfigSources().flags(List.of("aggregator.max-age=10m"))))
                .containsExactly(
                        "flag --set: aggregator.late-window: 10m (expected: at least max-age and"
                                + " quiet-period together, 610s)");
    }

    @Test
    void namesTheLineOfBrokenYaml() throws IOException {
        assertThat(problemsOf(new ConfigSources().file(file("mode: streaming\n  port: [1\n"))))
                .singleElement()
                .asString()
                .startsWith(directory.resolve("millrace.yaml") + ":2: ");
    }

    @Test
    void refusesTheSameKeyTwiceInOneFile() throws IOException {
        assertThat(problemsOf(new ConfigSources().file(file("mode: direct\nmode: streaming\n"))))
                .singleElement()
                .asString()
                .contains("Duplicate field 'mode'");
    }

    @Test
    void saysWhenTheFileIsMissing() {
        assertThat(problemsOf(new ConfigSources().file(Path.of("nowhere.yaml"))))
                .containsExactly(
                        "nowhere.yaml: cannot be read (expected: a YAML file): no such file");
    }

    @Test
    void passesOverWhatKubernetesSetsForAServiceNamedLikeUs() throws ConfigException {
        // Given
        var links =
                Map.of(
                        "MILLRACE_BROKER_PORT", "tcp://10.0.0.1:9092",
                        "MILLRACE_BROKER_PORT_9092_TCP", "tcp://10.0.0.1:9092",
                        "MILLRACE_BROKER_PORT_9092_TCP_ADDR", "10.0.0.1",
                        "MILLRACE_BROKER_SERVICE_HOST", "10.0.0.1",
                        "MILLRACE_BROKER_SERVICE_PORT_KAFKA", "9092");

        // When
        var config = new ConfigSources().environment(links).load();

        // Then
        assertThat(config.values()).isEqualTo(new ConfigSources().load().values());
    }

    @Test
    void aPartitionCountIsLeftOpenUnlessItIsSet() throws ConfigException {
        // When
        var topics =
                new ConfigSources()
                        .flags(List.of("topics.dead-letters.partitions=7"))
                        .load()
                        .values()
                        .topics();

        // Then
        assertThat(topics.spans().partitionsOr(100)).isEqualTo(100);
        assertThat(topics.deadLetters().partitionsOr(10)).isEqualTo(7);
    }

    @Test
    void logsAsJsonWhenAsked() throws ConfigException {
        assertThat(
                        new ConfigSources()
                                .flags(List.of("log.format=JSON"))
                                .load()
                                .values()
                                .log()
                                .format())
                .isEqualTo(LogFormat.JSON);
    }
}
