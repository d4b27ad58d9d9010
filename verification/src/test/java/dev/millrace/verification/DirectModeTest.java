package dev.millrace.verification;

import static dev.millrace.verification.Otlp.newTraceId;
import static dev.millrace.verification.RunningMillrace.PROTOBUF;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.TraceId;
import java.nio.file.Path;
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
