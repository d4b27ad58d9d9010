package dev.millrace.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.deploy.Rendering.Workload;
import dev.millrace.server.Commands;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The settings in every ConfigMap, as the program itself reads them.
final class SettingsTest {

    private static final Pattern MOUNTED =
            Pattern.compile("/etc/millrace-(?:secrets|peers)/[\\w./-]+");

    @TempDir private Path directory;

    static Stream<Rendering> renderings() {
        return Rendering.all().filter(rendering -> rendering.workloads().findAny().isPresent());
    }

    /// What `millrace config` says of the settings that a pod has.
    private String problems(Rendering rendering, Workload workload) throws IOException {
        String settings = withFiles(settings(rendering, workload));
        Path file = Files.writeString(directory.resolve("millrace.yaml"), settings);
        var said = new StringWriter();
        var line =
                Commands.commandLine(environment(workload))
                        .setOut(new PrintWriter(new StringWriter()))
                        .setErr(new PrintWriter(said, true));
        int code = line.execute("config", "--config", file.toString());
        return code == 0 ? "" : code + ": " + said;
    }

    /// The same with files that are mounted in a pod where this test can have them.
    private String withFiles(String settings) throws IOException {
        var mounted = MOUNTED.matcher(settings);
        while (mounted.find()) {
            Path file = directory.resolve(mounted.group().substring(1));
            Files.createDirectories(file.resolveSibling("."));
            Files.writeString(file, "secret");
        }
        return MOUNTED.matcher(settings).replaceAll(directory + "$0");
    }

    static String settings(Rendering rendering, Workload workload) {
        for (JsonNode volume : workload.pod().at("/spec/volumes")) {
            if (volume.path("name").asText().equals("config")) {
                String name = volume.at("/configMap/name").asText();
                return rendering
                        .find("ConfigMap", name)
                        .or(() ->
                                Rendering.all()
                                        .flatMap(other -> other.find("ConfigMap", name).stream())
                                        .findFirst())
                        .orElseThrow()
                        .at("/data/millrace.yaml")
                        .asText();
            }
        }
        throw new AssertionError(workload + ": no volume called config");
    }

    private static Map<String, String> environment(Workload workload) {
        var environment = new TreeMap<String, String>();
        for (JsonNode variable : workload.container().path("env")) {
            String name = variable.path("name").asText();
            if (name.startsWith("MILLRACE_")) {
                environment.put(name, variable.path("value").asText("10.0.0.7"));
            }
        }
        return environment;
    }

    @ParameterizedTest
    @MethodSource("renderings")
    void theProgramTakesEverySetting(Rendering rendering) throws Exception {
        for (var workload : rendering.workloads().toList()) {
            assertThat(problems(rendering, workload)).as("%s", workload).isEmpty();
        }
    }

    @Test
    void aKeyThatTheProgramDoesNotKnowIsFound() throws Exception {
        // Given
        var rendering =
                Rendering.of(
                        Map.of(
                                "bootstrapServers", "kafka:9092",
                                "collector.config.sink.max-inflight", "1MiB"));
        var collector =
                rendering
                        .workloads()
                        .filter(workload -> workload.command().equals("collector"))
                        .findFirst()
                        .orElseThrow();

        // When
        String problems = problems(rendering, collector);

        // Then
        assertThat(problems)
                .contains("sink.max-inflight: unknown key", "did you mean sink.max-in-flight?");
    }

    @Test
    void everyProcessIsNamedAfterItsPod() {
        assertThat(Rendering.charts().flatMap(Rendering::workloads).filter(Workload::staysUp))
                .allSatisfy(workload ->
                        assertThat(workload.container().path("env"))
                                .anySatisfy(variable ->
                                        assertThat(
                                                        variable.at("/valueFrom/fieldRef/fieldPath")
                                                                .asText())
                                                .isEqualTo("metadata.name")));
    }
}
