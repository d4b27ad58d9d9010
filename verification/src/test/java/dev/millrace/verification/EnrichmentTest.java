package dev.millrace.verification;

import static dev.millrace.verification.Otlp.newTraceId;
import static dev.millrace.verification.RunningMillrace.PROTOBUF;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.enrichment.api.EnricherFactory;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.TraceId;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Rules and a plugin at work in a whole Millrace. The plugin is the one of the how-to.
class EnrichmentTest {

    private static final Pattern EXAMPLE = Pattern.compile("(?s)```java\n(package .*?)```");
    private static final String SECRET = "zq81-very-secret";
    private static final String TYPE = "org.example.teams.TeamEnricherFactory";

    @TempDir private Path directory;

    @Test
    void theExampleOfTheHowToAndRulesEnrichWhatIsStored() throws Exception {
        // Given: a rule that needs what the plugin made.
        makePlugin(Files.createDirectory(directory.resolve("plugins")));
        Path rules =
                Files.writeString(
                        directory.resolve("rules.yaml"),
                        """
                        rules:
                          - name: credentials
                            redact: "*password"
                          - name: owner
                            on: resource
                            when: {resource: {team: web}}
                            rename: {team: owner}
                        """);
        Path policy =
                Files.writeString(
                        directory.resolve("policy.yaml"),
                        "rules: [{name: owned, when: {attributes: {owner: web}}}]");
        try (var millrace =
                new RunningMillrace(
                        directory,
                        Map.of(
                                "log.level",
                                "info",
                                "enrichment.plugins-dir",
                                directory.resolve("plugins").toString(),
                                "enrichment.enrichers",
                                "team",
                                "enrichment.settings.team.shop",
                                "web",
                                "enrichment.rules-file",
                                rules.toString(),
                                "sampling.tail.policy-file",
                                policy.toString()))) {
            millrace.start();

            // When
            var foreign = send(millrace, "bank");
            var owned = send(millrace, "shop");

            // Then
            var span = millrace.awaitTrace(owned, 1).spans().getFirst();
            assertThat(span.attributes()).isEqualTo(attributes("db.password", "***"));
            assertThat(span.events().getFirst().attributes())
                    .isEqualTo(attributes("password", "***"));
            assertThat(span.resource().attributes().find("owner"))
                    .contains(new AttributeValue.Text("web"));
            assertThat(millrace.get("/api/traces/" + owned).toString()).doesNotContain(SECRET);
            assertThat(millrace.trace(foreign)).isEmpty();
            assertThat(millrace.metric("millrace_enrichment_seconds_count{enricher=\"team\"}"))
                    .isGreaterThanOrEqualTo(1);
            assertThat(millrace.log()).contains("Complete traces are enriched", "[team, rules]");
        }
    }

    @Test
    void doesNotStartWithAnEnricherThatIsNotThere() {
        // Given
        try (var millrace =
                new RunningMillrace(directory, Map.of("enrichment.enrichers", "team"))) {

            // When, then
            assertThatThrownBy(millrace::start);
            assertThat(millrace.log())
                    .contains(
                            "enrichment.enrichers: team (expected: of those that plugins bring, []");
        }
    }

    private static Attributes attributes(String key, String value) {
        return Attributes.of(new Attributes.Attribute(key, new AttributeValue.Text(value)));
    }

    private static TraceId send(RunningMillrace millrace, String service) throws Exception {
        var traceId = newTraceId();
        var span =
                Otlp.span(traceId, 1, "login")
                        .addAttributes(Otlp.text("db.password", SECRET))
                        .addEvents(
                                Span.Event.newBuilder()
                                        .setName("tried")
                                        .addAttributes(Otlp.text("password", SECRET)));
        var response = millrace.post(PROTOBUF, Otlp.request(Otlp.of(service, span)));
        assertThat(response.statusCode()).isEqualTo(200);
        return traceId;
    }

    /// Compiles the example as the how-to says, against the two artifacts it names, and packs it.
    private void makePlugin(Path plugins) throws IOException {
        var example =
                EXAMPLE.matcher(
                        Repository.read(
                                Repository.ROOT.resolve("docs/how-to/write-an-enricher.md")));
        assertThat(example.find()).as("the how-to shows a class").isTrue();
        Path source = directory.resolve(TYPE.replace('.', '/') + ".java");
        Files.createDirectories(source.getParent());
        Files.writeString(source, example.group(1));
        Path classes = Files.createDirectory(directory.resolve("classes"));
        String path =
                Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                        .filter(entry ->
                                entry.contains("/enrichment/api/")
                                        || entry.contains("/model/target/"))
                        .collect(Collectors.joining(File.pathSeparator));
        int failed =
                ToolProvider.getSystemJavaCompiler()
                        .run(
                                null,
                                null,
                                null,
                                "-proc:none",
                                "-cp",
                                path,
                                "-d",
                                classes.toString(),
                                source.toString());
        assertThat(failed).isZero();
        try (var jar = new JarOutputStream(Files.newOutputStream(plugins.resolve("teams.jar")))) {
            jar.putNextEntry(new JarEntry("META-INF/services/" + EnricherFactory.class.getName()));
            jar.write(TYPE.getBytes(UTF_8));
            String type = TYPE.replace('.', '/') + ".class";
            jar.putNextEntry(new JarEntry(type));
            Files.copy(classes.resolve(type), jar);
        }
    }
}
