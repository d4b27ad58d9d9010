package dev.millrace.verification;

import static dev.millrace.verification.Otlp.newTraceId;
import static dev.millrace.verification.RunningMillrace.PROTOBUF;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.TraceId;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A whole Millrace that is the center of a site. What a mirror would bring is written by hand, a
/// minute after the site had it.
class SitesTest {

    private static final String TOPIC = "edge.spans";

    @TempDir private Path directory;

    @Test
    void anAnswerHoldsWhatCameInHereAndAtASite() throws Exception {
        // Given: alone, only the part of the site would be kept.
        try (var millrace =
                RunningMillrace.withBroker(
                        directory, Map.of("sites", "edge", "sampling.preset", "tail"))) {
            millrace.start();
            var traceId = newTraceId();
            long atSite = Instant.now().minus(Duration.ofMinutes(1)).toEpochMilli();

            // When
            var response = millrace.post(PROTOBUF, body("shop", Otlp.span(traceId, 1, "buy")));
            assertThat(response.statusCode()).isEqualTo(200);
            mirror(
                    millrace,
                    traceId,
                    atSite,
                    body(
                            "till",
                            Otlp.span(traceId, 2, "pay")
                                    .setStatus(
                                            Status.newBuilder()
                                                    .setCode(
                                                            Status.StatusCode.STATUS_CODE_ERROR))));

            // Then
            assertThat(millrace.awaitTrace(traceId, 2).spans())
                    .extracting(span -> span.serviceName())
                    .containsExactlyInAnyOrder("shop", "till");
            assertThat(millrace.get("/v1/pipeline").path("topics").findValuesAsText("name"))
                    .contains("spans", TOPIC);
            assertThat(millrace.get("/v1/pipeline").path("groups").findValuesAsText("topic"))
                    .contains("spans", TOPIC, "traces-complete");
            var audit =
                    millrace.patiently(() -> {
                        var report = millrace.get("/v1/audit?window=1h");
                        long stored = report.at("/balances/0/stored").asLong();
                        return stored == 2 ? List.of(report) : List.of();
                    });
            assertThat(audit.getFirst().path("closes").asBoolean()).as("%s", audit).isTrue();
        }
    }

    private static byte[] body(String service, Span.Builder span) {
        return Otlp.request(Otlp.of(service, span));
    }

    /// Brings spans from the site, and the marker that its collectors append after them.
    private static void mirror(RunningMillrace millrace, TraceId traceId, long time, byte[] body)
            throws Exception {
        var key = traceId.toString().getBytes(US_ASCII);
        Map<String, Object> settings =
                Map.of("bootstrap.servers", "127.0.0.1:" + millrace.setting("broker.port"));
        try (var producer =
                new KafkaProducer<>(
                        settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            var written =
                    producer.send(new ProducerRecord<>(TOPIC, null, time, key, body))
                            .get(30, TimeUnit.SECONDS);
            var marker =
                    new ProducerRecord<byte[], byte[]>(
                            TOPIC, written.partition(), time + 5_000, null, null);
            marker.headers().add("marker", new byte[0]);
            var _ = producer.send(marker).get(30, TimeUnit.SECONDS);
        }
    }
}
