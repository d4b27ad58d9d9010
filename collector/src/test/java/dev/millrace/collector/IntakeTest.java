package dev.millrace.collector;

import static dev.millrace.collector.TestCollector.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.linecorp.armeria.client.WebClient;
import dev.millrace.access.Entrance;
import dev.millrace.collector.CollectorConfig.Rate;
import dev.millrace.collector.CollectorConfig.Rates;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.SinkException;
import dev.millrace.pipeline.format.SpanFormat;
import dev.millrace.sampling.HeadConfig;
import dev.millrace.sampling.HeadSampler;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// What becomes of a request between its receiver and the sink.
class IntakeTest {

    private static final HeadConfig NOTHING_BUT_ERRORS =
            new HeadConfig(true, 0, List.of(), 0, 0, 100, Duration.ofHours(1), 100);

    @Test
    void tellsATenantOverItsRateHowLongToWait() throws Exception {
        // Given
        var slow = new Rates(new Rate(new ByteSize(0), 1), Map.of());
        try (var collector = new TestCollector(with(slow))) {
            var grpc =
                    WebClient.of("h2c://127.0.0.1:" + collector.collector.port(Receiver.OTLP_GRPC));
            assertThat(collector.postProtobuf(spans(30)).statusCode()).isEqualTo(200);

            // When
            var http = collector.postProtobuf(Requests.named("b"));
            var call =
                    GrpcCall.send(
                            grpc,
                            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                            Requests.named("b"));

            // Then
            assertThat(http.statusCode()).isEqualTo(429);
            assertThat(Integer.parseInt(http.headers().firstValue("retry-after").orElseThrow()))
                    .isBetween(10, 29);
            assertThat(call.status()).isEqualTo("8");
            assertThat(call.message()).startsWith("tenant default: ahead of its rate by ");
            assertThat(call.retryDelay()).isBetween(Duration.ofSeconds(10), Duration.ofSeconds(29));
            eventually(() -> assertThat(collector.requests("otlp-grpc", "over-rate")).isEqualTo(1));
        }
    }

    @Test
    void refusesARequestOfTooManySpans() throws Exception {
        try (var collector = new TestCollector(TestCollector.CONFIG)) {
            // When
            var response = collector.postProtobuf(spans(1001));

            // Then
            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(new String(response.body(), UTF_8)).contains("1000");
        }
    }

    @Test
    void answersWellForSpansSampledOut() throws Exception {
        // Given
        List<TraceId> failed = new ArrayList<>();
        var head =
                new HeadSampling(
                        new HeadSampler(NOTHING_BUT_ERRORS), (_, ids) -> failed.addAll(ids));
        var error = Status.newBuilder().setCode(Status.StatusCode.STATUS_CODE_ERROR);
        try (var collector = new TestCollector(TestCollector.CONFIG, Entrance::open, head)) {
            // When
            var good = collector.postProtobuf(Requests.named("good"));
            var bad = collector.postProtobuf(Requests.of(Requests.span("bad").setStatus(error)));

            // Then
            assertThat(good.statusCode()).isEqualTo(200);
            assertThat(bad.statusCode()).isEqualTo(200);
            assertThat(collector.sink.spanNames()).containsExactly("bad");
            assertThat(failed).hasSize(1);
            assertThat(collector.count("millrace.spans.received")).isEqualTo(2);
            assertThat(collector.count("millrace.spans.sampled.out", "reason", "rule"))
                    .isEqualTo(1);
        }
    }

    @Test
    void takesWhatASourceHasRead() throws Exception {
        try (var collector = new TestCollector(TestCollector.CONFIG)) {
            // When
            var receipt =
                    collector
                            .collector
                            .intake()
                            .take(
                                    Transport.KAFKA,
                                    new Tenant("shop"),
                                    SpanFormat.Otlp.JSON,
                                    Slice.of(Requests.json("a").getBytes(UTF_8)))
                            .get(10, TimeUnit.SECONDS);

            // Then
            assertThat(receipt.acceptedSpans()).isEqualTo(1);
            assertThat(collector.sink.tenants()).containsExactly(new Tenant("shop"));
            assertThat(collector.requests("kafka", "ok")).isEqualTo(1);
            assertThat(collector.inFlight()).isZero();
        }
    }

    @Test
    void tellsASourceWhetherToTryAgain() {
        try (var collector = new TestCollector(TestCollector.CONFIG)) {
            // Given
            collector.sink.refuseNext(SinkException.Kind.UNAVAILABLE, Duration.ofSeconds(2));
            var intake = collector.collector.intake();

            // When
            var later =
                    intake.take(
                            Transport.KAFKA,
                            Tenant.DEFAULT,
                            SpanFormat.Otlp.PROTOBUF,
                            Slice.of(Requests.named("a")));
            var never =
                    intake.take(
                            Transport.RABBITMQ,
                            Tenant.DEFAULT,
                            SpanFormat.Otlp.PROTOBUF,
                            Slice.of(new byte[] {10, 100, 1}));

            // Then
            assertThatThrownBy(() -> later.get(10, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .cause()
                    .isInstanceOfSatisfying(
                            RefusedException.class,
                            e ->
                                    assertThat(e.refusal().retryAfter())
                                            .isEqualTo(Duration.ofSeconds(2)));
            assertThatThrownBy(() -> never.get(10, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOfSatisfying(
                            RefusedException.class,
                            e -> {
                                assertThat(e.refusal().outcome()).isEqualTo(Outcome.MALFORMED);
                                assertThat(e.refusal().retryAfter()).isNull();
                            });
            assertThat(collector.requests("rabbitmq", "malformed")).isEqualTo(1);
            assertThat(collector.inFlight()).isZero();
        }
    }

    private static byte[] spans(int count) {
        var spans = new Span.Builder[count];
        for (int i = 0; i < count; i++) {
            spans[i] = Requests.span("a");
        }
        return Requests.of(spans);
    }

    private static CollectorConfig with(Rates rates) {
        var config = TestCollector.CONFIG;
        return new CollectorConfig(
                config.host(),
                config.ports(),
                null,
                config.maxRequest(),
                config.maxInFlight(),
                config.requestTimeout(),
                config.idleTimeout(),
                config.shutdownTimeout(),
                config.maxConnections(),
                config.limits(),
                rates);
    }
}
