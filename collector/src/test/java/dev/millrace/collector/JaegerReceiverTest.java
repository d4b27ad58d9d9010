package dev.millrace.collector;

import static dev.millrace.collector.TestCollector.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.linecorp.armeria.client.WebClient;
import dev.millrace.pipeline.SinkException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JaegerReceiverTest {

    private static final String POST_SPANS = "/jaeger.api_v2.CollectorService/PostSpans";
    private static final long MICROS = Requests.nanos(Requests.NOW) / 1000;

    private static TestCollector collector;
    private static WebClient grpc;

    @BeforeAll
    static void start() {
        collector = new TestCollector(TestCollector.CONFIG);
        grpc = WebClient.of("h2c://127.0.0.1:" + collector.collector.port(Receiver.JAEGER_GRPC));
    }

    @AfterAll
    static void close() {
        collector.close();
    }

    // Whatever a test sent, the collector must not be the worse for it.
    @AfterEach
    void takesTheNextGoodRequests() throws Exception {
        collector.forget();
        assertThat(GrpcCall.send(grpc, POST_SPANS, JaegerRequests.postSpans("next")).status())
                .isEqualTo("0");
        assertThat(post(binary("next"), "application/x-thrift").statusCode()).isEqualTo(202);
        assertThat(collector.sink.spanNames()).containsExactly("next", "next");
        eventually(() -> assertThat(collector.inFlight()).isZero());
        collector.forget();
    }

    @Test
    void takesACall() {
        // Given
        double ok = collector.requests("jaeger-grpc", "ok");

        // When
        var call = GrpcCall.send(grpc, POST_SPANS, JaegerRequests.postSpans("a"));

        // Then
        assertThat(call.status()).isEqualTo("0");
        assertThat(call.body()).isEmpty();
        assertTheSpan("a");
        eventually(() -> assertThat(collector.requests("jaeger-grpc", "ok")).isEqualTo(ok + 1));
    }

    @Test
    void saysNoToACallInItsWords() {
        // When
        var call = GrpcCall.send(grpc, POST_SPANS, new byte[] {10, 100, 1});

        // Then
        assertThat(call.status()).isEqualTo("3");
        assertThat(call.message()).startsWith("not Jaeger's POST_SPANS: ");
    }

    @Test
    void asksACallToComeBack() throws Exception {
        // Given
        collector.sink.refuseNext(SinkException.Kind.OVER_CAPACITY, Duration.ofMillis(2500));

        // When
        var call = GrpcCall.send(grpc, POST_SPANS, JaegerRequests.postSpans("a"));

        // Then
        assertThat(call.status()).isEqualTo("8");
        assertThat(call.message()).isEqualTo("the log is slow");
        assertThat(call.retryDelay()).isEqualTo(Duration.ofMillis(2500));
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/x-thrift", "application/vnd.apache.thrift.binary"})
    void takesBinaryThrift(String type) throws Exception {
        // When
        var response = post(binary("a"), type);

        // Then
        assertThat(response.statusCode()).isEqualTo(202);
        assertThat(response.body()).isEmpty();
        assertTheSpan("a");
    }

    @Test
    void takesCompactThrift() throws Exception {
        // When
        var response =
                post(
                        JaegerRequests.batch(JaegerRequests.COMPACT, "a", MICROS),
                        "application/vnd.apache.thrift.compact");

        // Then
        assertThat(response.statusCode()).isEqualTo(202);
        assertTheSpan("a");
    }

    @Test
    void takesCompressedThrift() throws Exception {
        // When
        var response =
                post(
                        Requests.gzip(binary("a")),
                        "application/x-thrift",
                        "content-encoding",
                        "gzip");

        // Then
        assertThat(response.statusCode()).isEqualTo(202);
        assertTheSpan("a");
    }

    @Test
    void refusesOtherContentTypes() throws Exception {
        // When
        var response = post(binary("a"), "application/json");

        // Then
        assertThat(response.statusCode()).isEqualTo(415);
        assertThat(text(response))
                .isEqualTo(
                        "content-type: application/json (expected: application/x-thrift,"
                                + " application/vnd.apache.thrift.binary or"
                                + " application/vnd.apache.thrift.compact)");
    }

    @Test
    void saysNoInPlainText() throws Exception {
        // When
        var response = post(new byte[] {12, 0, 1, 99}, "application/x-thrift");

        // Then
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.headers().firstValue("content-type"))
                .contains("text/plain; charset=utf-8");
        assertThat(text(response)).startsWith("not Jaeger's BATCH_BINARY: ");
    }

    @Test
    void saysNoWhenEverySpanIsLeftOut() throws Exception {
        // When
        var response =
                post(
                        JaegerRequests.batch(JaegerRequests.BINARY, "old", 1_000_000),
                        "application/x-thrift");

        // Then
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(text(response)).startsWith("1 of 1 spans rejected, the first for ");
    }

    @Test
    void asksToComeBackWhenTheSinkIsFull() throws Exception {
        // Given
        collector.sink.refuseNext(SinkException.Kind.OVER_CAPACITY, Duration.ofMillis(2500));

        // When
        var response = post(binary("a"), "application/x-thrift");

        // Then
        assertThat(response.statusCode()).isEqualTo(429);
        assertThat(response.headers().firstValue("retry-after")).contains("3");
    }

    @Test
    void refusesABombWithoutUnpackingIt() throws Exception {
        // When
        var response =
                post(
                        Requests.gzip(new byte[40 << 20]),
                        "application/x-thrift",
                        "content-encoding",
                        "gzip");

        // Then
        assertThat(response.statusCode()).isEqualTo(413);
    }

    private static void assertTheSpan(String name) {
        assertThat(collector.sink.spans()).hasSize(1);
        var span = collector.sink.spans().getFirst();
        assertThat(span.name()).isEqualTo(name);
        assertThat(span.traceId()).hasToString("5b8efff798038103d269b633813fc60c");
        assertThat(span.spanId()).hasToString("eee19b7ec3c1b174");
        assertThat(span.startNanos()).isEqualTo(Requests.nanos(Requests.NOW));
        assertThat(span.resource().serviceName()).isEqualTo("shop");
    }

    private static byte[] binary(String name) {
        return JaegerRequests.batch(JaegerRequests.BINARY, name, MICROS);
    }

    private static HttpResponse<byte[]> post(byte[] body, String type, String... headers)
            throws Exception {
        var request =
                collector
                        .request(Receiver.JAEGER_HTTP, "/api/traces")
                        .header("content-type", type)
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        return collector.send((headers.length > 0 ? request.headers(headers) : request).build());
    }

    private static String text(HttpResponse<byte[]> response) {
        return new String(response.body(), UTF_8);
    }
}
