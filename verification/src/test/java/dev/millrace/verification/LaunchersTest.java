package dev.millrace.verification;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.server.config.ConfigSources;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The program as its users start it: from the distribution that the build has just made.
@Timeout(120)
final class LaunchersTest {

    private static final String BIN =
            Repository.ROOT.resolve("server/target/millrace/bin").toString();

    @TempDir private Path directory;

    private record Ended(int code, String out, String err) {}

    private ProcessBuilder builder(Map<String, String> environment, List<String> command) {
        var builder =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectError(directory.resolve("err").toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("MILLRACE_"));
        builder.environment().putAll(environment);
        return builder;
    }

    private Ended run(Map<String, String> environment, String... command)
            throws IOException, InterruptedException {
        var process = builder(environment, List.of(command)).start();
        String out = new String(process.getInputStream().readAllBytes(), UTF_8);
        return new Ended(process.waitFor(), out, errors());
    }

    private String errors() throws IOException {
        return Files.readString(directory.resolve("err"));
    }

    @Test
    void pathsInArgumentsMeanWhatTheyMeanToTheCaller() throws Exception {
        // Given
        Files.writeString(directory.resolve("mine.yaml"), "mode: direct\n");

        // When
        var ended = run(Map.of(), BIN + "/millrace", "config", "--config", "mine.yaml");

        // Then
        assertThat(ended.err()).isEmpty();
        assertThat(ended.code()).isZero();
        assertThat(ended.out()).contains("mode: direct  # mine.yaml:1\n");
    }

    @Test
    void javaOptionsReplaceOurs() throws Exception {
        // When
        var ended =
                run(
                        Map.of("MILLRACE_JAVA_OPTS", "-Xmx300m -XX:+PrintFlagsFinal"),
                        BIN + "/millrace",
                        "--version");

        // Then
        assertThat(ended.out().lines())
                .anyMatch(line -> line.matches(".* MaxHeapSize += 314572800 .*"));
    }

    @Test
    void passesOverAJavaThatIsTooOldOrBroken() throws Exception {
        // Given
        Path old = Files.createDirectories(directory.resolve("jdk-17/bin"));
        Files.writeString(old.resolve("java"), "#!/bin/sh\nexit 1\n");
        assertThat(old.resolve("java").toFile().setExecutable(true)).isTrue();
        Files.writeString(directory.resolve("jdk-17/release"), "JAVA_VERSION=\"17.0.15\"\n");

        // When
        var ended =
                run(
                        Map.of("MILLRACE_JAVA_HOME", directory.resolve("jdk-17").toString()),
                        BIN + "/find-jdk");

        // Then
        assertThat(ended.code()).isZero();
        assertThat(Path.of(ended.out().strip()).resolve("bin/java")).isExecutable();
        assertThat(ended.out()).doesNotContain("jdk-17");
    }

    @Test
    void saysInOneLineWhatToInstall() throws Exception {
        // When
        var ended = run(Map.of(), BIN + "/find-jdk", "999");

        // Then
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.out()).isEmpty();
        assertThat(ended.err().lines())
                .singleElement()
                .asString()
                .contains("a JDK 999 or newer is needed", "adoptium.net", "MILLRACE_JAVA_HOME");
    }

    @Test
    void servesUntilItIsToldToStop() throws Exception {
        // Given
        var command = new ArrayList<>(List.of(BIN + "/millrace", "up"));
        for (String port : ConfigSources.portKeys()) {
            command.addAll(List.of("--set", port + "=0"));
        }
        var process = builder(Map.of(), command).start();
        try (var out = process.inputReader(UTF_8);
                var client = HttpClient.newHttpClient()) {
            String health =
                    out.lines()
                            .map(String::strip)
                            .filter(line -> line.startsWith("health"))
                            .map(line -> line.replaceFirst("health +", ""))
                            .findFirst()
                            .orElse("the process ended");
            assertThat(health).as(errors()).startsWith("http://");

            // When: the loops that read Kafka are up a moment after the ports are
            var ready =
                    HttpRequest.newBuilder(URI.create(health.replace("/status", "/ready"))).build();
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> client.send(ready, BodyHandlers.discarding()).statusCode() == 200);
            process.destroy();

            // Then
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as("128 + SIGTERM").isEqualTo(143);
            // A broker on a starved machine may complain while it starts.
            assertThat(errors()).contains("Ready").containsPattern("Stopping[^\\n]*\\n$");
        } finally {
            process.destroyForcibly();
        }
    }
}
