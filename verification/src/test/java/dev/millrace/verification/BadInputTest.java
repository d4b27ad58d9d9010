package dev.millrace.verification;

import static dev.millrace.verification.Otlp.newTraceId;
import static dev.millrace.verification.Otlp.span;
import static dev.millrace.verification.RunningMillrace.JSON;
import static dev.millrace.verification.RunningMillrace.PROTOBUF;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.TraceId;
import io.opentelemetry.proto.collector.trace.v1.ExportTracePartialSuccess;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.trace.v1.Span;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What is sent wrong is answered, counted, and harms nothing that comes after it.
@ExtendWith(SharedMillrace.class)
@ResourceLock(SharedMillrace.NAME)
class BadInputTest {

    private static final int MIB = 1 << 20;
    private static final int LONGEST_ATTRIBUTE = 64 << 10;

    private static final List<TraceId> sentAfterwards = new ArrayList<>();

    private final RunningMillrace millrace;

    BadInputTest(RunningMillrace millrace) {
        this.millrace = millrace;
    }

    @AfterEach
    void theNextGoodRequestIsTaken() throws Exception {
        var traceId = newTraceId();
        assertThat(send(span(traceId, 1, "next")).getRejectedSpans()).isZero();
        sentAfterwards.add(traceId);
    }

    @AfterAll
    static void whatCameAfterwardsIsFound(RunningMillrace millrace) {
        assertThat(sentAfterwards)
                .isNotEmpty()
                .allSatisfy(traceId -> millrace.awaitTrace(traceId, 1));
        sentAfterwards.clear();
    }

    /// Requests that cannot be taken, not even in part.
    enum BadRequest {
        MALFORMED_PROTOBUF(PROTOBUF, "identity", 400, "malformed") {
            @Override
            byte[] body() {
                byte[] whole = Otlp.request(Otlp.of("cut", span(newTraceId(), 1, "cut")));
                return Arrays.copyOf(whole, whole.length - 3);
            }
        },
        MALFORMED_JSON(JSON, "identity", 400, "malformed") {
            @Override
            byte[] body() {
                return "{\"resourceSpans\": [{\"scopeSpans\": ".getBytes(UTF_8);
            }
        },
        NOT_WHAT_THE_ENCODING_SAYS(PROTOBUF, "gzip", 400, "malformed") {
            @Override
            byte[] body() {
                return Otlp.request(Otlp.of("plain", span(newTraceId(), 1, "plain")));
            }
        },
        OVERSIZED(PROTOBUF, "identity", 413, "too-large") {
            @Override
            byte[] body() {
                return new byte[17 * MIB];
            }
        },
        GZIP_BOMB(PROTOBUF, "gzip", 413, "too-large") {
            @Override
            byte[] body() {
                return Otlp.gzip(new byte[64 * MIB]);
            }
        };

        private final String contentType;
        private final String encoding;
        private final int status;
        private final String outcome;

        BadRequest(String contentType, String encoding, int status, String outcome) {
            this.contentType = contentType;
            this.encoding = encoding;
            this.status = status;
            this.outcome = outcome;
        }

        abstract byte[] body();
    }

    @ParameterizedTest
    @EnumSource
    void whatCannotBeReadIsRefused(BadRequest bad) throws Exception {
        // Given
        String requests =
                "millrace_collector_requests_total{outcome=\"%s\",transport=\"otlp-http\"}"
                        .formatted(bad.outcome);
        double before = millrace.metric(requests);

        // When
        var response = millrace.post(bad.contentType, bad.body(), "Content-Encoding", bad.encoding);

        // Then
        assertThat(response.statusCode()).isEqualTo(bad.status);
        assertThat(response.headers().firstValue("Content-Type")).contains(bad.contentType);
        await().untilAsserted(() -> assertThat(millrace.metric(requests)).isEqualTo(before + 1));
    }

    /// Spans that cannot be taken, while others of the same request can.
    enum BadSpan {
        ZERO_TRACE_ID("trace-id") {
            @Override
            Span.Builder spoil(Span.Builder span) {
                return span.setTraceId(ByteString.copyFrom(new byte[16]));
            }
        },
        SHORT_SPAN_ID("span-id") {
            @Override
            Span.Builder spoil(Span.Builder span) {
                return span.setSpanId(ByteString.copyFrom(new byte[] {1, 2, 3, 4, 5, 6, 7}));
            }
        },
        TOO_OLD("start-time") {
            @Override
            Span.Builder spoil(Span.Builder span) {
                return span.setStartTimeUnixNano(
                        Otlp.nanos(Instant.now().minus(Duration.ofDays(31))));
            }
        },
        TOO_FAR_AHEAD("start-time") {
            @Override
            Span.Builder spoil(Span.Builder span) {
                return span.setStartTimeUnixNano(
                        Otlp.nanos(Instant.now().plus(Duration.ofDays(2))));
            }
        };

        private final String reason;

        BadSpan(String reason) {
            this.reason = reason;
        }

        abstract Span.Builder spoil(Span.Builder span);
    }

    @ParameterizedTest
    @EnumSource
    void aBadSpanIsRejectedAndItsNeighbourKept(BadSpan bad) throws Exception {
        // Given
        String rejected = "millrace_spans_rejected_total{reason=\"%s\"}".formatted(bad.reason);
        double before = millrace.metric(rejected);
        var traceId = newTraceId();

        // When
        var answer = send(span(traceId, 1, "good"), bad.spoil(span(traceId, 2, "bad")));

        // Then
        assertThat(answer.getRejectedSpans()).isEqualTo(1);
        assertThat(answer.getErrorMessage()).isNotEmpty();
        await().untilAsserted(() -> assertThat(millrace.metric(rejected)).isEqualTo(before + 1));
        var trace = millrace.awaitTrace(traceId, 1);
        assertThat(trace.spans().getFirst().name()).isEqualTo("good");
    }

    @Test
    void textThatIsNotUtf8IsRepaired() throws Exception {
        // Given
        String repaired = "millrace_spans_repaired_total{repair=\"invalid-utf8\"}";
        double before = millrace.metric(repaired);
        var traceId = newTraceId();
        var span = span(traceId, 1, "latin").addAttributes(Otlp.text("drink", "caf~!"));

        // When
        byte[] latin1 = Otlp.replace(Otlp.request(Otlp.of("bad", span)), "caf~", "caf\u00e9");
        var response = millrace.post(PROTOBUF, latin1);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        await().untilAsserted(() -> assertThat(millrace.metric(repaired)).isEqualTo(before + 1));
        var stored = millrace.awaitTrace(traceId, 1).spans().getFirst().attributes();
        assertThat(stored.find("drink")).contains(new AttributeValue.Text("caf\ufffd!"));
    }

    @Test
    void anAttributeThatIsTooLongIsCut() throws Exception {
        // Given
        String repaired = "millrace_spans_repaired_total{repair=\"attribute-truncated\"}";
        double before = millrace.metric(repaired);
        var traceId = newTraceId();

        // When
        var answer =
                send(
                        span(traceId, 1, "long")
                                .addAttributes(
                                        Otlp.text("payload", "x".repeat(LONGEST_ATTRIBUTE + 1)))
                                .addAttributes(Otlp.text("short", "whole")));

        // Then
        assertThat(answer.getRejectedSpans()).isZero();
        await().untilAsserted(() -> assertThat(millrace.metric(repaired)).isEqualTo(before + 1));
        var stored = millrace.awaitTrace(traceId, 1).spans().getFirst().attributes();
        assertThat(stored.find("payload"))
                .contains(new AttributeValue.Text("x".repeat(LONGEST_ATTRIBUTE)));
        assertThat(stored.find("short")).contains(new AttributeValue.Text("whole"));
        assertThat(stored.find("millrace.truncated"))
                .contains(new AttributeValue.Array(List.of(new AttributeValue.Text("payload"))));
    }

    /// Sends spans in a request that is taken, and returns what the answer says of some.
    private ExportTracePartialSuccess send(Span.Builder... spans) throws Exception {
        var response = millrace.post(PROTOBUF, Otlp.request(Otlp.of("bad", spans)));
        assertThat(response.statusCode()).isEqualTo(200);
        return ExportTraceServiceResponse.parseFrom(response.body()).getPartialSuccess();
    }
}
