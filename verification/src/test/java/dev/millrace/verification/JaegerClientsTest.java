package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Span;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.TraceId;
import io.jaegertracing.Configuration;
import io.jaegertracing.Configuration.ReporterConfiguration;
import io.jaegertracing.Configuration.SamplerConfiguration;
import io.jaegertracing.Configuration.SenderConfiguration;
import io.opentracing.References;
import io.opentracing.tag.Tags;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Programs with Jaeger's own Java client, archived and still in use, against a whole Millrace.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class JaegerClientsTest {

    private static final String STRATEGIES =
            """
            {
              "default_strategy": {"type": "probabilistic", "param": 1},
              "service_strategies": [
                {"service": "never", "type": "probabilistic", "param": 0}
              ]
            }
            """;

    private RunningMillrace millrace;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        Path strategies = Files.writeString(directory.resolve("strategies.json"), STRATEGIES);
        millrace =
                new RunningMillrace(
                        directory, Map.of("sampling.remote.file", strategies.toString()));
        millrace.start();
    }

    @AfterAll
    void stop() {
        millrace.stop();
        millrace.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"udp", "http"})
    void aTraceIsStored(String transport) {
        // Given
        String service = "jaeger-" + transport;

        // When
        var traceId = cook(service, sender(transport), constant());

        // Then
        var spans = millrace.awaitTrace(traceId, 2).spans();
        var root = span(spans, "POST /orders");
        var child = span(spans, "fry");
        assertThat(root.serviceName()).isEqualTo(service);
        assertThat(root.kind()).isEqualTo(SpanKind.SERVER);
        assertThat(root.attributes().find("eggs")).contains(new AttributeValue.Int(3));
        assertThat(root.attributes().find("fresh")).contains(new AttributeValue.Bool(true));
        assertThat(root.attributes().find("weight")).contains(new AttributeValue.Real(0.25));
        assertThat(root.attributes().find("note")).contains(new AttributeValue.Text("grün"));
        assertThat(root.resource().attributes().find("kitchen"))
                .contains(new AttributeValue.Text("east"));
        assertThat(child.parentSpanId()).isEqualTo(root.spanId());
        assertThat(child.status().code()).isEqualTo(Status.Code.ERROR);
        assertThat(child.events().getFirst().name()).isEqualTo("burnt");
        assertThat(child.durationNanos()).isPositive();
    }

    @Test
    void theClientSamplesAsItIsTold() {
        // Given
        var remote =
                new SamplerConfiguration()
                        .withType("remote")
                        .withParam(1)
                        .withManagerHostPort(millrace.samplingHostPort());

        // Then
        assertThat(isSampledSoon("always", remote, true)).isTrue();
        assertThat(isSampledSoon("never", remote, false)).isTrue();
    }

    /// Whether the client comes to the decision that it is told.
    private boolean isSampledSoon(String service, SamplerConfiguration sampler, boolean expected) {
        try (var tracer = tracer(service, sender("http"), sampler)) {
            return !millrace.patiently(
                            () -> {
                                var span = tracer.buildSpan("any").start();
                                boolean sampled = span.context().isSampled();
                                return sampled == expected ? List.of(span) : List.of();
                            })
                    .isEmpty();
        }
    }

    private static Span span(List<Span> spans, String name) {
        return spans.stream().filter(span -> span.name().equals(name)).findFirst().orElseThrow();
    }

    private static TraceId cook(
            String service, SenderConfiguration sender, SamplerConfiguration sampler) {
        try (var tracer = tracer(service, sender, sampler)) {
            var root =
                    tracer.buildSpan("POST /orders")
                            .withTag(Tags.SPAN_KIND, Tags.SPAN_KIND_SERVER)
                            .withTag("eggs", 3)
                            .withTag("fresh", true)
                            .withTag("weight", 0.25)
                            .withTag("note", "grün")
                            .start();
            var child =
                    tracer.buildSpan("fry")
                            .addReference(References.CHILD_OF, root.context())
                            .withTag(Tags.ERROR, true)
                            .start();
            child.log(Map.of("event", "burnt", "minutes", 9));
            child.finish();
            root.finish();
            String id = root.context().toTraceId();
            return TraceId.parse("0".repeat(32 - id.length()) + id);
        }
    }

    private static io.jaegertracing.internal.JaegerTracer tracer(
            String service, SenderConfiguration sender, SamplerConfiguration sampler) {
        return new Configuration(service)
                .withReporter(new ReporterConfiguration().withSender(sender).withFlushInterval(100))
                .withSampler(sampler)
                .withTraceId128Bit(true)
                .withTracerTags(Map.of("kitchen", "east"))
                .getTracer();
    }

    private static SamplerConfiguration constant() {
        return new SamplerConfiguration().withType("const").withParam(1);
    }

    private SenderConfiguration sender(String transport) {
        return switch (transport) {
            case "udp" ->
                    new SenderConfiguration()
                            .withAgentHost("127.0.0.1")
                            .withAgentPort(millrace.jaegerCompactPort());
            case "http" -> new SenderConfiguration().withEndpoint(millrace.jaegerHttp());
            default -> throw new IllegalArgumentException(transport);
        };
    }
}
