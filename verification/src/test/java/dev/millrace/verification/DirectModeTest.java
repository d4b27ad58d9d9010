package dev.millrace.verification;

import static dev.millrace.verification.Otlp.newTraceId;
import static dev.millrace.verification.RunningMillrace.PROTOBUF;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.wire.otlp.OtlpEncoder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Millrace without Kafka.
class DirectModeTest {

    @TempDir private Path directory;

    @Test
    void aTraceIsFoundWhenItIsQuiet() throws Exception {
        // Given
        try (var millrace = direct("1s")) {
            millrace.start();
            var traceId = newTraceId();

            // When
            send(millrace, traceId, 1);
            send(millrace, traceId, 2);

            // Then
            assertThat(millrace.awaitTrace(traceId, 2).spans()).hasSize(2);
            assertThat(millrace.search("direct", Map.of())).hasSize(1);
        }
    }

    @Test
    void aCleanStopKeepsTheTracesThatAreStillOpen() throws Exception {
        // Given
        try (var millrace = direct("4m")) {
            millrace.start();
            var traceId = newTraceId();
            send(millrace, traceId, 1);
            send(millrace, traceId, 2);
            assertThat(millrace.trace(traceId)).isEmpty();

            // When
            millrace.stop();
            millrace.start();

            // Then
            assertThat(millrace.trace(traceId).orElseThrow().spans()).hasSize(2);
            assertThat(millrace.search("direct", Map.of())).hasSize(1);
        }
    }

    @Test
    void tracesOfAnotherStoreAreFoundTogetherWithNewOnes() throws Exception {
        // Given: half of a trace in a store that nobody writes any more.
        var traceId = newTraceId();
        var old = directory.resolve("old");
        try (var store = new LocalTraceStore(LocalStoreConfig.in(old), new SimpleMeterRegistry())) {
            store.start();
            store.write(
                    List.of(
                            new Fragment(
                                    new FragmentId("spans", 0, 0),
                                    Tenant.DEFAULT,
                                    traceId,
                                    OtlpEncoder.encode(
                                            List.of(
                                                    Span.builder(traceId, new SpanId(1))
                                                            .name("step 1")
                                                            .time(1, 2)
                                                            .build())))));
        }
        var settings =
                Map.of(
                        "mode",
                        "direct",
                        "aggregator.quiet-period",
                        "1s",
                        "query.also-read",
                        "local://" + old.toAbsolutePath());
        try (var millrace = new RunningMillrace(directory.resolve("new"), settings)) {
            millrace.start();

            // When
            send(millrace, traceId, 2);

            // Then
            assertThat(millrace.awaitTrace(traceId, 2).spans()).hasSize(2);
            assertThat(millrace.search("direct", Map.of())).hasSize(1);
            assertThat(millrace.get("/v1/openapi.json").path("openapi").asText()).startsWith("3.1");
        }
    }

    private RunningMillrace direct(String quietPeriod) {
        return new RunningMillrace(
                directory, Map.of("mode", "direct", "aggregator.quiet-period", quietPeriod));
    }

    private static void send(RunningMillrace millrace, TraceId traceId, long spanId)
            throws Exception {
        var span = Otlp.span(traceId, spanId, "step " + spanId);
        var answer = millrace.post(PROTOBUF, Otlp.request(Otlp.of("direct", span)));
        assertThat(answer.statusCode()).isEqualTo(200);
    }
}
