package dev.millrace.collector;

import static dev.millrace.collector.TestCollector.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.pipeline.SinkException;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.common.export.RetryPolicy;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// OpenTelemetry's Java SDK against the collector.
class OpenTelemetryExporterTest {

    private static final RetryPolicy RETRY =
            RetryPolicy.builder()
                    .setMaxAttempts(3)
                    .setInitialBackoff(Duration.ofMillis(20))
                    .setMaxBackoff(Duration.ofMillis(50))
                    .build();

    private static TestCollector collector;

    @BeforeAll
    static void start() {
        collector = new TestCollector(TestCollector.CONFIG);
    }

    @AfterAll
    static void close() {
        collector.close();
    }

    @BeforeEach
    void forget() {
        collector.forget();
    }

    @ParameterizedTest
    @CsvSource({"grpc, none", "grpc, gzip", "http, none", "http, gzip"})
    void everythingASpanHasArrives(String transport, String compression) {
        // Given
        try (var provider = provider(exporter(transport, compression))) {
            var tracer = provider.get("library", "1.2");

            // When
            tracer.spanBuilder("GET /")
                    .setSpanKind(SpanKind.SERVER)
                    .setStartTimestamp(Requests.NOW)
                    .setAttribute(AttributeKey.longKey("http.status"), 500L)
                    .startSpan()
                    .addEvent("retry", Requests.NOW)
                    .setStatus(StatusCode.ERROR, "broken")
                    .end(Requests.NOW.plusMillis(5));
            provider.forceFlush().join(10, TimeUnit.SECONDS);
        }

        // Then
        var span = collector.sink.spans().getFirst();
        assertThat(span.name()).isEqualTo("GET /");
        assertThat(span.isError()).isTrue();
        assertThat(span.durationNanos()).isEqualTo(5_000_000);
        assertThat(span.scope().name()).isEqualTo("library");
        assertThat(span.events()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({
        "grpc, UNAVAILABLE",
        "http, UNAVAILABLE",
        "grpc, OVER_CAPACITY",
        "http, OVER_CAPACITY"
    })
    void triesAgainWhenToldTo(String transport, SinkException.Kind kind) {
        // Given
        collector.sink.refuseNext(kind, Duration.ofMillis(10));
        try (var provider = provider(exporter(transport, "gzip"))) {
            // When
            span(provider, "again", Requests.NOW.plusMillis(1));
            var flushed = provider.forceFlush().join(10, TimeUnit.SECONDS);

            // Then
            assertThat(flushed.isSuccess()).isTrue();
            assertThat(collector.sink.asked()).isEqualTo(2);
            assertThat(collector.sink.spanNames()).containsExactly("again");
        }
    }

    @ParameterizedTest
    @CsvSource({"grpc", "http"})
    void doesNotTryAgainWhenTheRequestIsTooLarge(String transport) {
        // Given
        double before = collector.requests("otlp-" + transport, "too-large");
        try (var provider = provider(exporter(transport, "none"))) {
            // When
            provider.get("library")
                    .spanBuilder("x".repeat(TestCollector.MAX_REQUEST))
                    .setStartTimestamp(Requests.NOW)
                    .startSpan()
                    .end(Requests.NOW.plusMillis(1));
            provider.forceFlush().join(10, TimeUnit.SECONDS);

            // Then
            eventually(() ->
                    assertThat(collector.requests("otlp-" + transport, "too-large"))
                            .isEqualTo(before + 1));
            span(provider, "next", Requests.NOW.plusMillis(1));
            provider.forceFlush().join(10, TimeUnit.SECONDS);
            assertThat(collector.sink.spanNames()).isEqualTo(List.of("next"));
            assertThat(collector.requests("otlp-" + transport, "too-large")).isEqualTo(before + 1);
        }
    }

    private static void span(SdkTracerProvider provider, String name, Instant end) {
        provider.get("library")
                .spanBuilder(name)
                .setStartTimestamp(Requests.NOW)
                .startSpan()
                .end(end);
    }

    private static SdkTracerProvider provider(SpanExporter exporter) {
        return SdkTracerProvider.builder()
                .addSpanProcessor(
                        BatchSpanProcessor.builder(exporter)
                                .setScheduleDelay(Duration.ofMinutes(1))
                                .build())
                .build();
    }

    private static SpanExporter exporter(String transport, String compression) {
        return switch (transport) {
            case "grpc" ->
                    OtlpGrpcSpanExporter.builder()
                            .setEndpoint(
                                    "http://127.0.0.1:"
                                            + collector.collector.port(Receiver.OTLP_GRPC))
                            .setCompression(compression)
                            .setRetryPolicy(RETRY)
                            .build();
            case "http" ->
                    OtlpHttpSpanExporter.builder()
                            .setEndpoint(
                                    "http://127.0.0.1:"
                                            + collector.collector.port(Receiver.OTLP_HTTP)
                                            + OtlpHttp.PATH)
                            .setCompression(compression)
                            .setRetryPolicy(RETRY)
                            .build();
            default -> throw new IllegalArgumentException(transport);
        };
    }
}
