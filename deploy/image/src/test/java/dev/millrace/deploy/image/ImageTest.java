package dev.millrace.deploy.image;

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
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The image that `./dev image` has just built.
@Tag("image")
@Timeout(180)
final class ImageTest {

    private static final Path TAR = Path.of("target/millrace-image.tar");

    @TempDir private static Path root;

    @TempDir private Path directory;

    private static ImageTar image;

    @BeforeAll
    static void unpack() throws IOException {
        image = new ImageTar(TAR);
        image.unpack(root);
    }

    private static List<String> names(List<TarArchiveEntry> layer) {
        return layer.stream()
                .filter(TarArchiveEntry::isFile)
                .map(TarArchiveEntry::getName)
                .toList();
    }

    @Test
    void whatChangesLeastLiesLowest() throws IOException {
        // When
        var layers = image.layers().stream().map(ImageTest::names).toList();

        // Then
        assertThat(layers).hasSize(6);
        assertThat(layers.getFirst())
                .as("Jib's notes on a main class, which our entry point does not need")
                .containsExactly("app/jib-classpath-file", "app/jib-main-class-file");
        assertThat(layers.get(1)).contains("etc/passwd", "etc/millrace/millrace.yaml");
        assertThat(layers.get(2)).contains("opt/millrace/runtime/bin/java");
        assertThat(layers.get(3))
                .anyMatch(name -> name.contains("kafka-clients"))
                .noneMatch(name -> name.contains("/millrace-"));
        assertThat(layers.get(4))
                .contains("opt/millrace/LICENSE")
                .anyMatch(name -> name.contains("/millrace-server-"))
                .noneMatch(name -> name.endsWith(".jar") && !name.contains("/millrace-"));
        assertThat(layers.get(5)).containsExactly("opt/millrace/lib/millrace.aot");
    }

    @Test
    void nobodyNeedsToBeRoot() throws IOException {
        // Given
        var entries = image.layers().stream().flatMap(List::stream).toList();

        // Then
        assertThat(image.config().path("User").asText()).isEqualTo("10001:0");
        assertThat(entries)
                .as("whatever uid a cluster chooses may read all")
                .allMatch(entry ->
                        (entry.getMode() & (entry.isDirectory() ? 0005 : 0004))
                                == (entry.isDirectory() ? 0005 : 0004));
        assertThat(entries)
                .filteredOn(entry -> entry.isFile() && entry.getName().startsWith("opt/"))
                .as("and write nothing of the program")
                .allMatch(entry -> (entry.getMode() & 0022) == 0);
        assertThat(entries)
                .filteredOn(entry -> entry.getName().equals("var/lib/millrace/"))
                .singleElement()
                .matches(entry -> (entry.getMode() & 0020) != 0, "its group, 0, may write");
    }

    @Test
    void aContainerIsStartedAsTheLauncherStartsTheProgram() throws IOException {
        // Given
        String launcher = Files.readString(Path.of("../../server/src/main/sh/millrace"));

        // Then
        assertThat(image.texts("Entrypoint"))
                .startsWith("/opt/millrace/runtime/bin/java")
                .contains("-XX:+UseCompactObjectHeaders", "-XX:+ExitOnOutOfMemoryError")
                .contains("--enable-native-access=ALL-UNNAMED")
                .contains("--sun-misc-unsafe-memory-access=allow")
                .filteredOn(option -> option.startsWith("--") || option.startsWith("-Djdk."))
                .allMatch(launcher::contains);
        assertThat(image.texts("Cmd")).containsExactly("up");
        assertThat(image.config().path("WorkingDir").asText()).isEqualTo("/var/lib/millrace");
    }

    @Test
    void portsAreThoseOfTheProgram() throws Exception {
        // Given
        var config = new ConfigSources().load().values();

        // When
        var exposed = new ArrayList<String>();
        image.config().path("ExposedPorts").fieldNames().forEachRemaining(exposed::add);

        // Then
        assertThat(exposed)
                .contains(
                        config.health().port() + "/tcp",
                        config.metrics().port() + "/tcp",
                        config.query().port() + "/tcp",
                        config.query().grpcPort() + "/tcp",
                        config.collector().receivers().otlpGrpc().port() + "/tcp",
                        config.collector().receivers().jaegerUdpCompact().port() + "/udp")
                .hasSize(13);
    }

    /// Every file of the program, with size and time.
    private static Map<String, String> listing() throws IOException {
        var files = new TreeMap<String, String>();
        try (var walk = Files.walk(root)) {
            for (Path file : walk.filter(Files::isRegularFile).toList()) {
                files.put(
                        file.toString(), Files.size(file) + " " + Files.getLastModifiedTime(file));
            }
        }
        return files;
    }

    /// The entry point of the image, with paths where the image lies unpacked.
    private ProcessBuilder container(String... arguments) {
        var command = new ArrayList<String>();
        for (String word : image.texts("Entrypoint")) {
            command.add(word.replace("/opt/millrace", root + "/opt/millrace"));
        }
        command.addAll(List.of(arguments));
        var builder =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("out").toFile());
        builder.environment().clear();
        for (String variable : image.texts("Env")) {
            var parts = variable.split("=", 2);
            builder.environment().put(parts[0], parts[1].replace("/etc/", root + "/etc/"));
        }
        builder.environment().put("MILLRACE_DATA_DIR", directory.resolve("data").toString());
        return builder;
    }

    @Test
    void theCacheOfClassesFitsTheImage() throws Exception {
        // Given
        var builder = container("--version");
        // Otherwise a cache that does not fit is left aside without a word.
        builder.command().addAll(1, List.of("-XX:AOTMode=on"));
        builder.command().removeIf(option -> option.startsWith("-Xlog"));

        // When
        var process = builder.start();

        // Then
        assertThat(process.waitFor()).as(said()).isZero();
        assertThat(said()).contains("millrace ").doesNotContain("[error]");
    }

    private String said() throws IOException {
        return Files.readString(directory.resolve("out"));
    }

    @Test
    void servesAndLeavesItsOwnFilesAlone() throws Exception {
        // Given
        var before = listing();
        var arguments = new ArrayList<String>(image.texts("Cmd"));
        for (String port : ConfigSources.portKeys()) {
            arguments.addAll(List.of("--set", port + "=0"));
        }

        // When
        var process = container(arguments.toArray(String[]::new)).start();
        try (var client = HttpClient.newHttpClient()) {
            String health =
                    await().atMost(Duration.ofSeconds(90))
                            .until(this::health, address -> !address.isEmpty());
            for (String path : List.of("/live", "/ready")) {
                var request =
                        HttpRequest.newBuilder(URI.create(health.replace("/status", path))).build();
                await().atMost(Duration.ofSeconds(60))
                        .until(() ->
                                client.send(request, BodyHandlers.discarding()).statusCode()
                                        == 200);
            }
            process.destroy();

            // Then
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as("128 + SIGTERM: %s", said()).isEqualTo(143);
            assertThat(said()).doesNotContain("ERROR");
            assertThat(listing()).isEqualTo(before);
        } finally {
            process.destroyForcibly();
        }
    }

    private String health() throws IOException {
        return said().lines()
                .map(String::strip)
                .filter(line -> line.startsWith("health"))
                .map(line -> line.replaceFirst("health +", "").replace("0.0.0.0", "localhost"))
                .findFirst()
                .orElse("");
    }
}
