package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CommandsTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(Map<String, String> environment, String... arguments) {
        var line = Commands.commandLine(environment);
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        return line.execute(arguments);
    }

    @Test
    void helpNamesEveryCommandAndNoHiddenOne() {
        // When
        int code = run(Map.of(), "--help");

        // Then
        assertThat(code).isZero();
        assertThat(out.toString())
                .contains(
                        "up ",
                        "broker ",
                        "collector ",
                        "aggregator ",
                        "ingester ",
                        "query ",
                        "agent ")
                .contains("config ", "audit ", "dead-letters ", "copy ")
                .doesNotContain("warmup");
    }

    @ParameterizedTest
    @CsvSource({
        "aggregator.commit-interval, 1h",
        "aggregator.max-part-bytes, 1GiB",
        "cache.redis-wait, 2s",
        "cache.trace-expiry, 0s",
        "collector.max-request, 1B",
        "ingester.batch-delay, 0s",
        "kafka.session-timeout, 1ms",
        "sink.delivery-timeout, 2h",
        "storage.local.window, 1s",
    })
    void aValueThatAComponentRefusesIsAConfigurationThatCannotBeUsed(String key, String value) {
        assertThat(run(Map.of(), "up", "--set", key + "=" + value)).isEqualTo(2);
        assertThat(err.toString()).startsWith(key + ": ").contains("(expected: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"up", "collector", "query", "config"})
    void everyCommandExplainsItself(String command) {
        assertThat(run(Map.of(), command, "--help")).isZero();
        assertThat(out.toString()).contains("millrace " + command, "--config", "--set");
    }

    @Test
    void deadLettersAreListedOrReplayed() {
        assertThat(run(Map.of(), "dead-letters")).isEqualTo(2);
        assertThat(err.toString()).startsWith("A command is missing: list or replay.");
        assertThat(run(Map.of(), "dead-letters", "replay", "--help")).isZero();
        assertThat(out.toString())
                .contains("millrace dead-letters replay", "--config", "--reason", "--to");
        assertThat(run(Map.of(), "dead-letters", "replay", "--to", "the moon")).isEqualTo(2);
        assertThat(err.toString()).contains("--to: the moon (expected: topic or store)");
    }

    @Test
    void aStoreOfNoKnownKindIsRefusedByName() {
        assertThat(run(Map.of(), "copy", "--from", "somewhere", "--to", "local:///a")).isEqualTo(2);
        assertThat(err.toString()).contains("--from: store: \"somewhere\" (expected: local:///");
    }

    @Test
    void copiesBetweenStoresThatAreNamedByUrl(@TempDir Path directory) {
        int code =
                run(
                        Map.of(),
                        "copy",
                        "--state",
                        directory.resolve("state").toString(),
                        "--from",
                        "local://" + directory.resolve("a"),
                        "--to",
                        "local://" + directory.resolve("b"),
                        "--since",
                        "2026-09-01T12:00:00Z",
                        "--verify");
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(out.toString())
                .contains("from 2026-09-01T12:00:00Z until ", "The balance closes.");
    }

    @Test
    void tellsItsVersion() {
        assertThat(run(Map.of(), "--version")).isZero();
        assertThat(out.toString()).startsWith("millrace ").contains("Java 25");
    }

    @Test
    void withoutACommandShowsTheCommands() {
        assertThat(run(Map.of())).isEqualTo(2);
        assertThat(err.toString()).startsWith("A command is missing.").contains("collector");
    }

    @Test
    void suggestsTheCommandThatWasMeant() {
        assertThat(run(Map.of(), "colector")).isEqualTo(2);
        assertThat(err.toString()).contains("Did you mean: millrace collector");
    }

    @Test
    void refusesARoleThereIsNot() {
        assertThat(run(Map.of(), "up", "--roles", "query,indexer")).isEqualTo(2);
        assertThat(err.toString())
                .contains(
                        "indexer (expected: one of broker, collector, aggregator, ingester, query, agent)");
    }

    @Test
    void everyConfigurationProblemIsOneLineAndTheExitCodeIsTwo() {
        // When
        int code =
                run(Map.of("MILLRACE_MODE", "fast"), "up", "--set", "a=b", "--set", "query.port=x");

        // Then
        assertThat(code).isEqualTo(2);
        assertThat(err.toString().lines())
                .hasSize(3)
                .anySatisfy(line -> assertThat(line).startsWith("environment MILLRACE_MODE: mode"));
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void printsTheConfigurationInForce() {
        // When
        int code = run(Map.of("MILLRACE_QUERY_PORT", "1"), "config", "--set", "query.host=0.0.0.0");

        // Then
        assertThat(code).isZero();
        assertThat(out.toString())
                .contains("query.port: 1  # environment MILLRACE_QUERY_PORT\n")
                .contains("query.host: 0.0.0.0  # flag --set\n")
                .contains("health.port: 13133\n");
    }

    @Test
    void readsTheFileNamedInTheEnvironment() {
        assertThat(run(Map.of("MILLRACE_CONFIG", "nowhere.yaml"), "config")).isEqualTo(2);
        assertThat(err.toString()).contains("nowhere.yaml: cannot be read");
    }

    @Test
    void aFileOnTheCommandLineReplacesTheOneInTheEnvironment() {
        assertThat(run(Map.of("MILLRACE_CONFIG", "a.yaml"), "config", "--config", "b.yaml"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("b.yaml").doesNotContain("a.yaml");
    }

    @Test
    void aProfileIsOtherDefaultsWhichAnySettingOverrides() {
        // When
        int code =
                run(
                        Map.of("MILLRACE_SPANS_MARKERS_INTERVAL", "2s"),
                        "config",
                        "--profile",
                        "edge",
                        "--set",
                        "aggregator.enabled=true");

        // Then
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(out.toString())
                .contains("topics.prefix: edge.  # profile edge\n")
                .contains("kafka.properties.compression.type: zstd  # profile edge\n")
                .contains(
                        "spans.markers.interval: 2s  # environment MILLRACE_SPANS_MARKERS_INTERVAL\n")
                .contains("aggregator.enabled: true  # flag --set\n");
    }

    @Test
    void aSiteIsInTheNamesOfItsTopicsAndReadAtTheCenter() {
        assertThat(run(Map.of(), "config", "--profile", "edge", "--site", "tokyo")).isZero();
        assertThat(out.toString()).contains("topics.prefix: tokyo.  # flag --site\n");
        assertThat(run(Map.of(), "config", "--profile", "center", "--site", "tokyo,berlin"))
                .isZero();
        assertThat(out.toString()).contains("sites: tokyo,berlin  # flag --site\n");
    }

    @Test
    void theCenterHasToBeToldItsSites() {
        assertThat(run(Map.of(), "config", "--profile", "center")).isEqualTo(2);
        assertThat(err.toString())
                .startsWith("profile center: sites: nothing (expected: the names of all sites");
        assertThat(run(Map.of("MILLRACE_SITES", "tokyo"), "config", "--profile", "center"))
                .isZero();
    }

    @Test
    void refusesSitesThatMeanNothing() {
        assertThat(run(Map.of(), "config", "--site", "tokyo")).isEqualTo(2);
        assertThat(err.toString()).contains("flag --site: [tokyo] (expected: --profile with it)");
        assertThat(run(Map.of(), "config", "--profile", "edge", "--site", "tokyo,berlin"))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains("flag --site: [tokyo, berlin] (expected: one name at an edge)");
        assertThat(run(Map.of(), "up", "--profile", "middle")).isEqualTo(2);
        assertThat(err.toString()).contains("middle (expected: one of edge, center)");
    }

    @Test
    void theSecondWayIntoTheBrokerHasAllItsFilesOrNone() {
        assertThat(run(Map.of(), "config", "--set", "broker.tls.certificate=a.pem")).isEqualTo(2);
        assertThat(err.toString()).contains("broker.tls.client-ca: []", "(expected: all or none)");
        assertThat(
                        run(
                                Map.of(),
                                "config",
                                "--set",
                                "broker.tls.certificate=nowhere.pem",
                                "--set",
                                "broker.tls.key=nowhere.key",
                                "--set",
                                "broker.tls.client-ca=nowhere.ca"))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains(
                        "tls.certificate: \"nowhere.pem\" (expected: a PEM file that can be read)");
    }
}
