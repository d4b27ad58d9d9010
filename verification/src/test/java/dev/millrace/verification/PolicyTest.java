package dev.millrace.verification;

import static dev.millrace.verification.Otlp.newTraceId;
import static dev.millrace.verification.RunningMillrace.PROTOBUF;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.TraceId;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A policy for complete traces at work in a whole Millrace.
class PolicyTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir private Path directory;

    @Test
    void storesWhatThePolicyKeepsAndFollowsItWhenItChanges() throws Exception {
        // Given
        Path policy =
                Files.writeString(
                        directory.resolve("policy.yaml"),
                        "rules: [{name: errors, when: {error: any}}]");
        try (var millrace =
                new RunningMillrace(
                        directory,
                        Map.of(
                                "sampling.tail.policy-file",
                                policy.toString(),
                                "sampling.tail.interval",
                                "200ms"))) {
            millrace.start();

            // When
            var fine = send(millrace, false);
            var failed = send(millrace, true);

            // Then
            var stored = millrace.awaitTrace(failed, 1).spans().getFirst();
            assertThat(stored.traceState()).isEqualTo("ot=th:0");
            awaitMetric(millrace, spans("dropped", "none"), 1);
            assertThat(millrace.trace(fine)).isEmpty();
            // Both count, and the one to look at is the one that is there.
            String labels =
                    "{kind=\"server\",operation=\"GET /\",service=\"shop\",tenant=\"default\"}";
            awaitMetric(millrace, "millrace_operation_duration_seconds_count" + labels, 2);
            awaitMetric(millrace, "millrace_operation_errors_total" + labels, 1);
            assertThat(millrace.openMetrics())
                    .contains("trace_id=\"" + failed + "\"")
                    .doesNotContain(fine.toString());

            // When: what is no policy changes nothing.
            Files.writeString(policy, "rules: [{name: all, keep: much}]");
            await().atMost(PATIENCE)
                    .untilAsserted(() ->
                            assertThat(millrace.log())
                                    .contains(
                                            "line 1: rules[1].keep: \"much\" (expected: a share"));
            Files.writeString(policy, "preset: keep-all");
            awaitMetric(millrace, "millrace_aggregator_versions_total", 1);
            var ids = new ArrayList<TraceId>();

            // Then: from one place in each partition on, everything is kept.
            await().atMost(PATIENCE)
                    .until(() -> {
                        var id = send(millrace, false);
                        ids.add(id);
                        for (var sent : ids) {
                            if (millrace.trace(sent).isPresent()) {
                                return true;
                            }
                        }
                        return false;
                    });
            var last = send(millrace, false);
            assertThat(millrace.awaitTrace(last, 1).spans().getFirst().traceState()).isEmpty();
            assertThat(millrace.trace(fine)).isEmpty();
        }
    }

    @Test
    void refusesToStartWithWhatIsNoPolicy() throws Exception {
        // Given
        Path policy = Files.writeString(directory.resolve("policy.yaml"), "preset: most");
        try (var millrace =
                new RunningMillrace(
                        directory, Map.of("sampling.tail.policy-file", policy.toString()))) {

            // When, then
            assertThatThrownBy(millrace::start);
            assertThat(millrace.log())
                    .contains("line 1: preset: \"most\" (expected: one of hybrid, keep-all, tail)");
        }
    }

    private static String spans(String verdict, String rule) {
        return "millrace_sampling_tail_spans_total{rule=\"%s\",verdict=\"%s\"}"
                .formatted(rule, verdict);
    }

    private static void awaitMetric(RunningMillrace millrace, String name, double least) {
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .untilAsserted(
                        () -> assertThat(millrace.metric(name)).isGreaterThanOrEqualTo(least));
    }

    private static TraceId send(RunningMillrace millrace, boolean failed) throws Exception {
        var traceId = newTraceId();
        Span.Builder span = Otlp.span(traceId, 1, "GET /");
        if (failed) {
            span.setStatus(Status.newBuilder().setCode(Status.StatusCode.STATUS_CODE_ERROR));
        }
        var response = millrace.post(PROTOBUF, Otlp.request(Otlp.of("shop", span)));
        assertThat(response.statusCode()).isEqualTo(200);
        return traceId;
    }
}
