package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Span;
import dev.millrace.model.SpanKind;
import dev.millrace.model.TraceId;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

/// A program under OpenTelemetry's Java agent, with the agent's own settings but for the address.
@ExtendWith(SharedMillrace.class)
@ResourceLock(SharedMillrace.NAME)
class OpenTelemetryAgentTest {

    private static final long PATIENCE_SECONDS = 60;

    private final RunningMillrace millrace;

    @TempDir private Path directory;

    OpenTelemetryAgentTest(RunningMillrace millrace) {
        this.millrace = millrace;
    }

    @Test
    void bothSidesOfACallAreOneTrace() throws Exception {
        bothSidesAreOneTrace("http", "http/protobuf");
    }

    @Tag("long")
    @Test
    void bothSidesOfACallAreOneTraceOverGrpc() throws Exception {
        bothSidesAreOneTrace("grpc", "grpc");
    }

    private void bothSidesAreOneTrace(String transport, String protocol) throws Exception {
        // Given
        String service = "agent-" + transport;

        // When
        String printed = run(service, millrace.otlp(transport), protocol);

        // Then
        assertThat(printed).contains("answered with 204");
        var traceId = traceOf(service);
        var spans = millrace.awaitTrace(traceId, 2).spans();
        var client = spans.getFirst();
        var server = spans.getLast();
        assertThat(client.kind()).as(printed).isEqualTo(SpanKind.CLIENT);
        assertThat(server.kind()).isEqualTo(SpanKind.SERVER);
        assertThat(server.parentSpanId()).isEqualTo(client.spanId());
        assertThat(server.name()).isEqualTo("GET /breakfast");
        assertThat(server.attributes().find("http.response.status_code"))
                .contains(new AttributeValue.Int(204));
        assertThat(spans)
                .allSatisfy(span -> {
                    assertThat(span.serviceName()).isEqualTo(service);
                    assertThat(text(span, "telemetry.sdk.language")).isEqualTo("java");
                    assertThat(text(span, "telemetry.sdk.name")).isEqualTo("opentelemetry");
                    assertThat(text(span, "telemetry.distro.name")).startsWith("opentelemetry-");
                    assertThat(text(span, "process.runtime.version")).startsWith("25");
                    assertThat(text(span, "process.pid")).matches("\\d+");
                    assertThat(span.scope().name()).startsWith("io.opentelemetry.java-http-");
                    assertThat(span.scope().version()).isNotEmpty();
                });
    }

    private static String text(Span span, String attribute) {
        return span.resource().attributes().find(attribute).map(Object::toString).orElse("");
    }

    private TraceId traceOf(String service) {
        List<JsonNode> found =
                millrace.patiently(() -> {
                    var traces = millrace.search(service, Map.of());
                    return traces.isEmpty() ? List.of() : List.of(traces.get(0));
                });
        return TraceId.parse(found.getFirst().path("traceID").asText());
    }

    /// Runs the program under the agent to its end, and returns what it printed.
    private String run(String service, String endpoint, String protocol) throws Exception {
        Path output = directory.resolve(service);
        var builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-javaagent:" + agent(),
                        "-Dotel.service.name=" + service,
                        "-Dotel.exporter.otlp.endpoint=" + endpoint,
                        "-Dotel.exporter.otlp.protocol=" + protocol,
                        "-cp",
                        Path.of(
                                        AgentProgram.class
                                                .getProtectionDomain()
                                                .getCodeSource()
                                                .getLocation()
                                                .toURI())
                                .toString(),
                        AgentProgram.class.getName());
        builder.environment().keySet().removeIf(name -> name.startsWith("OTEL_"));
        var program = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
        try {
            assertThat(program.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .as("%s ended within %s s", service, PATIENCE_SECONDS)
                    .isTrue();
        } finally {
            program.destroyForcibly();
        }
        return Files.readString(output);
    }

    private static String agent() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(path -> path.contains("opentelemetry-javaagent-"))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no agent on the class path"));
    }
}
