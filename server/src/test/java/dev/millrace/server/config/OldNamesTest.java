package dev.millrace.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.server.config.MillraceConfig.UnnamedEncoding;
import dev.millrace.server.config.OldName.Meaning;
import dev.millrace.server.config.StorageConfig.StorageType;
import dev.millrace.server.config.StorageConfig.StoredTopic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Settings under the names of zipkin-storage-kafka, as files and the environment of a deployment
/// of it have them.
class OldNamesTest {

    private static final Path PAGE = Path.of("../docs/reference/zipkin-storage-kafka.md");

    @TempDir private Path directory;

    private static MillraceConfig of(Map<String, String> environment) throws ConfigException {
        return new ConfigSources().environment(environment).load().values();
    }

    private static MillraceConfig ofFlags(String... flags) throws ConfigException {
        return new ConfigSources().flags(List.of(flags)).load().values();
    }

    private static List<String> problemsOf(ConfigSources sources) {
        return assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(sources::load)
                .actual()
                .problems();
    }

    @Test
    void everyOldNameSetsItsKeysByEveryVariableAndProperty() throws ConfigException {
        for (var old : OldName.ALL) {
            String given = given(old.meaning());
            for (var variable : old.variables()) {
                var sources =
                        new ConfigSources()
                                .environment(
                                        Map.of("MILLRACE_STORAGE_TYPE", "kafka", variable, given));
                isSet(old, given, variable, sources.load());
            }
            for (var property : old.properties()) {
                var sources =
                        new ConfigSources()
                                .flags(List.of("storage.type=kafka", property + "=" + given));
                isSet(old, given, property, sources.load());
                var variable = property.toUpperCase(Locale.ROOT).replace("-", "").replace('.', '_');
                isSet(
                        old,
                        given,
                        variable,
                        new ConfigSources()
                                .environment(
                                        Map.of("MILLRACE_STORAGE_TYPE", "kafka", variable, given))
                                .load());
            }
        }
    }

    private static String given(Meaning meaning) {
        return switch (meaning) {
            case SAME -> "some-name";
            case SWITCH -> "False";
            case MILLISECONDS -> "90000";
            case KAFKA_ONLY -> "kafka";
            case NONE -> "7";
        };
    }

    private static void isSet(OldName old, String given, String name, Configuration loaded) {
        String expected = old.meaning().apply(given).orElseThrow();
        for (var key : old.keys()) {
            assertThat(loaded.settings())
                    .as("%s sets %s", name, key)
                    .filteredOn(setting -> setting.key().equals(key))
                    .singleElement()
                    .satisfies(setting -> {
                        assertThat(setting.value()).isEqualTo(expected);
                        assertThat(setting.origin().toString()).contains(name);
                    });
        }
    }

    @Test
    void aDeploymentMovesWithItsEnvironmentAsItIs() throws ConfigException {
        // When
        var config =
                of(
                        Map.ofEntries(
                                Map.entry("STORAGE_TYPE", "kafka"),
                                Map.entry("KAFKA_BOOTSTRAP_SERVERS", "a:9092,b:9092"),
                                Map.entry("KAFKA_SPANS_TOPIC", "zipkin-spans"),
                                Map.entry("KAFKA_TRACE_TOPIC", "zipkin-trace"),
                                Map.entry("KAFKA_DEPENDENCY_TOPIC", "zipkin-dependency"),
                                Map.entry("KAFKA_STORAGE_HOSTNAME", "zipkin-0"),
                                Map.entry("KAFKA_STORAGE_DIR", "/data"),
                                Map.entry("KAFKA_STORAGE_PARTITIONING_ENABLED", "false"),
                                Map.entry("KAFKA_STORAGE_AGGREGATION_ENABLED", "false"),
                                Map.entry("KAFKA_STORAGE_AGGREGATION_TRACE_TIMEOUT", "60000"),
                                Map.entry("KAFKA_STORAGE_TRACE_TTL", "259200000"),
                                Map.entry("KAFKA_STORAGE_TRACE_TTL_CHECK_INTERVAL", "3600000"),
                                Map.entry("KAFKA_STORAGE_DEPENDENCY_ENABLED", "false"),
                                Map.entry("KAFKA_STORAGE_DEPENDENCY_TTL", "604800000"),
                                Map.entry("AUTOCOMPLETE_KEYS", "region,tier"),
                                Map.entry("SEARCH_ENABLED", "true")));

        // Then
        assertThat(config.storage().type()).isEqualTo(StorageType.KAFKA);
        assertThat(config.kafka().bootstrapServers()).containsExactly("a:9092", "b:9092");
        assertThat(config.topics().spans().name()).isEqualTo("zipkin-spans");
        assertThat(config.topics().zipkinTraces().name()).isEqualTo("zipkin-trace");
        assertThat(config.topics().zipkinDependencies().name()).isEqualTo("zipkin-dependency");
        assertThat(config.spans().encoding()).isEqualTo(MillraceConfig.Encoding.ZIPKIN_PROTO);
        assertThat(config.spans().unnamedEncoding()).isEqualTo(UnnamedEncoding.ZIPKIN_PROTO);
        var kafka = config.storage().kafka();
        assertThat(kafka.source()).isEqualTo(StoredTopic.SPANS);
        assertThat(kafka.peers().advertisedHost()).isEqualTo("zipkin-0");
        assertThat(kafka.directory()).isEqualTo("/data");
        assertThat(kafka.retention()).isEqualTo(Duration.ofDays(3));
        assertThat(kafka.dependencyRetention()).isEqualTo(Duration.ofDays(7));
        assertThat(config.collector().enabled()).isFalse();
        assertThat(config.aggregator().enabled()).isFalse();
        assertThat(config.aggregator().quietPeriod()).isEqualTo(Duration.ofMinutes(1));
        assertThat(config.query().traceById()).isTrue();
        assertThat(config.query().dependencies()).isFalse();
        assertThat(config.query().zipkin().autocompleteKeys()).containsExactly("region", "tier");
    }

    @Test
    void aFileMayHaveTheirPropertiesAsTheyAre() throws Exception {
        // Given
        var file =
                Files.writeString(
                        directory.resolve("zipkin.yaml"),
                        """
                        zipkin:
                          storage:
                            type: kafka
                            kafka:
                              span-aggregation:
                                trace-timeout: 30000
                              trace-storage.enabled: false
                              overrides:
                                security.protocol: SASL_SSL
                        """);

        // When
        var loaded = new ConfigSources().file(file).load();

        // Then
        var config = loaded.values();
        assertThat(config.aggregator().quietPeriod()).isEqualTo(Duration.ofSeconds(30));
        assertThat(config.query().traceById()).isFalse();
        assertThat(config.query().search()).isFalse();
        assertThat(config.kafka().properties()).containsEntry("security.protocol", "SASL_SSL");
        assertThat(loaded.describe())
                .contains("aggregator.quiet-period: 30s  # " + file + ":6 zipkin.storage.kafka.");
    }

    @Test
    void isAsStrongAsASettingOfOursInTheSamePlace() throws Exception {
        // Given
        var file = directory.resolve("millrace.yaml");
        Files.writeString(file, "storage: {type: kafka, kafka.directory: /of-the-file}\n");
        var alone = Map.of("KAFKA_STORAGE_DIR", "/of-the-variable");

        // Then
        assertThat(directoryOf(new ConfigSources().file(file))).isEqualTo("/of-the-file");
        assertThat(directoryOf(new ConfigSources().file(file).environment(alone)))
                .isEqualTo("/of-the-variable");
        assertThat(
                        directoryOf(
                                new ConfigSources()
                                        .file(file)
                                        .environment(alone)
                                        .flags(List.of("storage.kafka.directory=/of-the-flag"))))
                .isEqualTo("/of-the-flag");
        assertThat(
                        directoryOf(
                                new ConfigSources()
                                        .file(file)
                                        .flags(List.of("zipkin.storage.kafka.storage-dir=/old"))))
                .isEqualTo("/old");
    }

    private static String directoryOf(ConfigSources sources) throws ConfigException {
        return sources.load().values().storage().kafka().directory();
    }

    @Test
    void whatComesWithAnOldNameGivesWayToAnybodyWhoSaysOtherwise() throws Exception {
        var file = Files.writeString(directory.resolve("m.yaml"), "spans.encoding: otlp_proto\n");

        var config =
                new ConfigSources()
                        .file(file)
                        .environment(Map.of("STORAGE_TYPE", "kafka", "KAFKA_SPANS_TOPIC", "s"))
                        .load()
                        .values();

        assertThat(config.spans().encoding()).isEqualTo(MillraceConfig.Encoding.OTLP_PROTO);
        assertThat(config.spans().unnamedEncoding()).isEqualTo(UnnamedEncoding.ZIPKIN_PROTO);
    }

    @Test
    void refusesTwoValuesInOnePlace() {
        // Given: ours and theirs; theirs twice; and what agrees.
        var sources =
                new ConfigSources()
                        .environment(
                                Map.of(
                                        "STORAGE_TYPE", "kafka",
                                        "KAFKA_STORAGE_DIR", "/a",
                                        "MILLRACE_STORAGE_KAFKA_DIRECTORY", "/b",
                                        "KAFKA_STORAGE_TRACE_TTL", "86400000",
                                        "MILLRACE_STORAGE_KAFKA_RETENTION", "1d"))
                        .flags(
                                List.of(
                                        "zipkin.storage.kafka.trace-storage.spans-topic=one",
                                        "zipkin.storage.kafka.span-aggregation.spans-topic=two"));

        // Then
        assertThat(problemsOf(sources))
                .containsExactly(
                        "storage.kafka.directory: \"/a\" by environment KAFKA_STORAGE_DIR and"
                                + " \"/b\" by environment MILLRACE_STORAGE_KAFKA_DIRECTORY"
                                + " (expected: one value)",
                        "topics.spans.name: \"one\" by flag --set"
                                + " zipkin.storage.kafka.trace-storage.spans-topic and \"two\" by"
                                + " flag --set zipkin.storage.kafka.span-aggregation.spans-topic"
                                + " (expected: one value)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "KAFKA_STORAGE_TRACE_TTl| 1| KAFKA_STORAGE_TRACE_TTl: unknown setting of",
                "KAFKA_STORAGE_TRACE_TTL| 1d| KAFKA_STORAGE_TRACE_TTL: 1d (expected: milliseconds",
                "KAFKA_STORAGE_TRACE_ENABLED| no| no (expected: true or false)",
                "ZIPKIN_STORAGE_KAFKA_MORE| 1| ZIPKIN_STORAGE_KAFKA_MORE: unknown setting of"
            })
    void namesWhatItDoesNotKnow(String variable, String value, String problem) {
        var sources =
                new ConfigSources().environment(Map.of("STORAGE_TYPE", "kafka", variable, value));

        assertThat(problemsOf(sources)).singleElement().asString().contains(problem);
    }

    @Test
    void namesPropertiesItDoesNotKnowAndThoseForSomeClientsOnly() {
        var sources =
                new ConfigSources()
                        .flags(
                                List.of(
                                        "storage.type=kafka",
                                        "zipkin.storage.kafka.compression=lz4",
                                        "zipkin.storage.kafka.span-partitioning.overrides.acks=1"));

        assertThat(problemsOf(sources))
                .satisfiesExactly(
                        problem ->
                                assertThat(problem)
                                        .startsWith(
                                                "flag --set: zipkin.storage.kafka.compression:"
                                                        + " unknown setting"),
                        problem ->
                                assertThat(problem)
                                        .endsWith(
                                                "for some clients only (expected:"
                                                        + " kafka.properties.acks, for all of"
                                                        + " them)"));
    }

    @Test
    void meansNothingWhereTheStoreIsAnother() throws ConfigException {
        // Given: what others have in their environment for reasons of their own.
        var config =
                of(
                        Map.of(
                                "STORAGE_TYPE", "elasticsearch",
                                "KAFKA_BOOTSTRAP_SERVERS", "a:9092",
                                "KAFKA_STORAGE_ANYTHING", "x",
                                "SEARCH_ENABLED", "maybe"));

        // Then
        assertThat(config).isEqualTo(new ConfigSources().load().values());
        assertThat(
                        problemsOf(
                                new ConfigSources()
                                        .flags(List.of("zipkin.storage.kafka.storage-dir=/x"))))
                .containsExactly(
                        "flag --set: zipkin.storage.kafka.storage-dir: a setting of"
                                + " zipkin-storage-kafka (expected: only with storage.type:"
                                + " kafka)");
    }

    @Test
    void passesOverWhatKubernetesSaysOfAService() throws ConfigException {
        var config =
                of(
                        Map.of(
                                "STORAGE_TYPE", "kafka",
                                "KAFKA_STORAGE_SERVICE_HOST", "10.0.0.1",
                                "KAFKA_STORAGE_PORT", "tcp://10.0.0.1:9411"));

        assertThat(config.storage().type()).isEqualTo(StorageType.KAFKA);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "span-partitioning.enabled",
                "span-aggregation.enabled",
                "trace-by-id-query-enabled",
                "trace-search-enabled",
                "dependency-query-enabled"
            })
    void eachSwitchTurnsOffItsOwnAndNothingElse(String property) throws ConfigException {
        // When
        var config = ofFlags("storage.type=kafka", "zipkin.storage.kafka." + property + "=false");

        // Then
        assertThat(config.collector().enabled()).isEqualTo(!property.startsWith("span-part"));
        assertThat(config.aggregator().enabled()).isEqualTo(!property.startsWith("span-agg"));
        assertThat(config.query().traceById()).isEqualTo(!property.startsWith("trace-by"));
        assertThat(config.query().search()).isEqualTo(!property.startsWith("trace-search"));
        assertThat(config.query().dependencies()).isEqualTo(!property.startsWith("dependency"));
    }

    @Test
    void noNameStandsForTwoThingsAndEveryKeyThereIs() {
        var seen = new HashSet<String>();
        var keys = new Keys(MillraceConfig.class);
        for (var old : OldName.ALL) {
            old.variables().forEach(name -> assertThat(seen.add(name)).as(name).isTrue());
            old.properties().forEach(name -> assertThat(seen.add(name)).as(name).isTrue());
            old.keys().forEach(key -> assertThat(keys.find(key)).as(key).isPresent());
            old.implied().keySet().forEach(key -> assertThat(keys.find(key)).as(key).isPresent());
        }
    }

    /// The rows are held against the code here; to write them anew, take them from the failure.
    @Test
    void theReferenceMapsEachOfThem() throws IOException {
        var table = OldName.ALL.stream().map(OldNamesTest::row).collect(Collectors.joining("\n"));

        assertThat(Files.readString(PAGE)).contains("\n" + table + "\n");
    }

    private static String row(OldName old) {
        var ours =
                old.keys().isEmpty()
                        ? "nothing: " + old.remark()
                        : code(old.keys()) + (old.remark().isEmpty() ? "" : ". " + old.remark());
        var implied =
                old.implied().entrySet().stream()
                        .map(entry -> "`" + entry.getKey() + ": " + entry.getValue() + "`")
                        .sorted()
                        .collect(Collectors.joining(" and "));
        return "| %s | %s | %s%s |"
                .formatted(
                        code(old.variables()),
                        code(
                                old.properties().stream()
                                        .map(name -> name.replaceFirst("^zipkin\\.storage\\.", "…"))
                                        .toList()),
                        ours,
                        implied.isEmpty() ? "" : " Unless set otherwise, " + implied + ".");
    }

    private static String code(List<String> names) {
        return names.stream().map(name -> "`" + name + "`").collect(Collectors.joining(", "));
    }
}
