package dev.millrace.verification;

import static dev.millrace.verification.RunningMillrace.JSON;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.TraceId;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/// A client with nothing but HTTP and JSON, in and out.
@ExtendWith(SharedMillrace.class)
@ResourceLock(SharedMillrace.NAME)
class ApiTest {

    private static final String SPAN_ID = "00f067aa0ba902b7";

    private final RunningMillrace millrace;

    ApiTest(RunningMillrace millrace) {
        this.millrace = millrace;
    }

    @Test
    void aSpanSentAsJsonIsFoundByEveryApi() throws Exception {
        // Given
        var traceId = Otlp.newTraceId();
        long end = Otlp.nanos(Instant.now());

        // When
        var response = millrace.post(JSON, request(traceId, end).getBytes(UTF_8));

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(new String(response.body(), UTF_8)).isEqualTo("{}");
        millrace.awaitTrace(traceId, 1);
        var otlp = millrace.get("/v1/traces/" + traceId).at("/resourceSpans/0/scopeSpans/0/spans");
        assertThat(otlp).hasSize(1);
        assertThat(otlp.at("/0/spanId").asText()).isEqualTo(SPAN_ID);
        assertThat(otlp.at("/0/endTimeUnixNano").asText()).isEqualTo(Long.toString(end));
        assertThat(otlp.at("/0/attributes/0/value/intValue").asText()).isEqualTo("404");
        assertThat(otlp.at("/0/status/code").asInt()).isEqualTo(2);
        var summaries =
                millrace.get(
                                "/v1/search?service=curl&status=error&kind=client"
                                        + "&attribute=http.response.status_code=404")
                        .path("traces");
        assertThat(summaries.findValuesAsText("traceId")).containsExactly(traceId.toString());
        var jaeger = millrace.search("curl", Map.of("http.response.status_code", "404"));
        assertThat(jaeger).hasSize(1);
        assertThat(jaeger.at("/0/traceID").asText()).isEqualTo(traceId.toString());
        assertThat(millrace.get("/v1/services").path("services").toString()).contains("\"curl\"");
        var decisions = millrace.get("/v1/traces/" + traceId + "/decision").path("decisions");
        assertThat(decisions).hasSize(1);
        assertThat(decisions.at("/0/verdict").asText()).isEqualTo("keep");
        assertThat(decisions.at("/0/digest/spanCount").asInt()).isEqualTo(1);
        assertThat(decisions.at("/0/spans/topic").asText()).isEqualTo("spans");
    }

    private static String request(TraceId traceId, long end) {
        return """
        {"resourceSpans": [{
          "resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": "curl"}}]},
          "scopeSpans": [{"spans": [{
            "traceId": "%s", "spanId": "%s", "name": "GET /nowhere", "kind": 3,
            "startTimeUnixNano": "%d", "endTimeUnixNano": "%d",
            "attributes": [
              {"key": "http.response.status_code", "value": {"intValue": "404"}}],
            "status": {"code": 2, "message": "not there"}}]}]}]}
        """
                .formatted(traceId, SPAN_ID, end - 1_000_000, end);
    }
}
