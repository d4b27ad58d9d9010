package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import io.jaegertracing.Configuration;
import io.jaegertracing.Configuration.ReporterConfiguration;
import io.jaegertracing.Configuration.SamplerConfiguration;
import io.jaegertracing.Configuration.SenderConfiguration;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An agent in a process of its own before a whole Millrace in another, with a link between them
/// that is cut.
final class AgentTest {

    private static final Duration BRIEFLY = Duration.ofMillis(300);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir private Path directory;

    @Test
    void everySpanIsStoredOnceThoughTheLinkIsCutAndTheAgentKilled() throws Exception {
        try (var run = AgentRun.ofThisClassPath(directory);
                var http = HttpClient.newHttpClient()) {
            // Given
            run.start();

            // When
            var outcome =
                    run.run(1, 1_000, new AgentRun.Times(BRIEFLY, BRIEFLY, BRIEFLY), PATIENCE);

            // Then
            assertThat(outcome.acknowledged()).isPositive();
            assertThat(outcome.spooledBytes()).isPositive();
            assertThat(outcome.comparison().isClean()).as("%s", outcome.comparison()).isTrue();
            assertThat(run.agent().log()).contains("Found spans on disk");

            // When: Jaeger's client sends by UDP, and an SDK asks, while the link is cut
            assertThat(sampling(run, http, "jaeger").statusCode()).isEqualTo(200);
            run.cut();
            var traceId = cook(run);
            awaitSpooled(run);
            assertThat(sampling(run, http, "jaeger").statusCode()).isEqualTo(200);
            run.mend();

            // Then
            var stored = new StoredTraces(http, run.center().query());
            var trace =
                    await().atMost(PATIENCE)
                            .until(() -> stored.apply(traceId), java.util.Optional::isPresent)
                            .orElseThrow();
            assertNode(trace);
        }
    }

    private static void assertNode(Trace trace) {
        var span = trace.spans().getFirst();
        assertThat(span.serviceName()).isEqualTo("jaeger");
        assertThat(span.resource().attributes().find("k8s.node.name"))
                .contains(new AttributeValue.Text("node-7"));
    }

    private static void awaitSpooled(AgentRun run) {
        await().atMost(PATIENCE).until(() -> run.agent().metric("millrace_agent_spool_bytes") > 0);
    }

    private static java.net.http.HttpResponse<String> sampling(
            AgentRun run, HttpClient http, String service) throws Exception {
        var uri =
                URI.create(
                        "http://127.0.0.1:"
                                + run.agent().setting("collector.receivers.sampling-http.port")
                                + "/sampling?service="
                                + service);
        return http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }

    private static TraceId cook(AgentRun run) {
        var sender =
                new SenderConfiguration()
                        .withAgentHost("127.0.0.1")
                        .withAgentPort(
                                Integer.parseInt(
                                        run.agent()
                                                .setting(
                                                        "collector.receivers.jaeger-udp-compact.port")));
        try (var tracer =
                new Configuration("jaeger")
                        .withReporter(
                                new ReporterConfiguration()
                                        .withSender(sender)
                                        .withFlushInterval(100))
                        .withSampler(new SamplerConfiguration().withType("const").withParam(1))
                        .withTraceId128Bit(true)
                        .getTracer()) {
            var span = tracer.buildSpan("fry").start();
            span.finish();
            String id = span.context().toTraceId();
            return TraceId.parse("0".repeat(32 - id.length()) + id);
        }
    }
}
