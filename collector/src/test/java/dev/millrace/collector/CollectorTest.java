package dev.millrace.collector;

import static dev.millrace.collector.TestCollector.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaders;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.RequestHeaders;
import dev.millrace.access.Entrance;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What the collector promises over a request's and its own life.
@Timeout(30)
class CollectorTest {

    private static final String GRPC_PATH =
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

    private static TestCollector patient;
    private static TestCollector impatient;

    @BeforeAll
    static void start() {
        patient = new TestCollector(TestCollector.CONFIG);
        impatient =
                new TestCollector(
                        TestCollector.config(Duration.ofMillis(300), Duration.ofMillis(300)));
    }

    @AfterAll
    static void close() {
        patient.close();
        impatient.close();
    }

    @BeforeEach
    void forget() {
        patient.forget();
        impatient.forget();
    }

    @Test
    void answersOnlyWhenTheSinkHasTheSpans() throws Exception {
        var collector = patient;
        // Given
        var answer = collector.sink.holdNext();

        // When
        var response = inBackground(collector, Requests.named("a"));
        answer.asked().get(10, TimeUnit.SECONDS);

        // Then
        assertThat(response).isNotDone();
        answer.given().complete(null);
        assertThat(response.get(10, TimeUnit.SECONDS)).isEqualTo(200);
    }

    @Test
    void countsEveryByteInFlightUntilTheAnswer() throws Exception {
        var collector = patient;
        // Given
        byte[] body = Requests.named("a");
        var answer = collector.sink.holdNext();

        // When
        var response = inBackground(collector, body);
        answer.asked().get(10, TimeUnit.SECONDS);

        // Then
        assertThat(collector.inFlight()).isEqualTo(body.length);
        answer.given().complete(null);
        response.get(10, TimeUnit.SECONDS);
        eventually(() -> assertThat(collector.inFlight()).isZero());
    }

    @Test
    void asksToComeBackWhenItsBufferIsFull() throws Exception {
        var collector = patient;
        // Given
        var first = collector.sink.holdNext();
        var second = collector.sink.holdNext();
        byte[] largest = Requests.ofSize(TestCollector.MAX_REQUEST);
        var one = inBackground(collector, largest);
        var two = inBackground(collector, largest);
        first.asked().get(10, TimeUnit.SECONDS);
        second.asked().get(10, TimeUnit.SECONDS);
        assertThat(collector.inFlight()).isEqualTo(2 * TestCollector.MAX_REQUEST);

        // When
        var http = collector.postProtobuf(Requests.named("a"));
        var grpc = grpc(collector, Requests.named("a"));

        // Then
        assertThat(http.statusCode()).isEqualTo(429);
        assertThat(http.headers().firstValue("retry-after")).contains("1");
        assertThat(grpc.get("grpc-status")).isEqualTo("8");
        assertThat(grpc.contains("grpc-status-details-bin")).isTrue();
        first.given().complete(null);
        second.given().complete(null);
        assertThat(one.get(10, TimeUnit.SECONDS)).isEqualTo(200);
        assertThat(two.get(10, TimeUnit.SECONDS)).isEqualTo(200);
        eventually(() -> assertThat(collector.inFlight()).isZero());
        assertThat(collector.postProtobuf(Requests.named("next")).statusCode()).isEqualTo(200);
    }

    @Test
    void countsBytesOfARequestThatIsStillArriving() throws Exception {
        var collector = patient;
        double before = collector.requests("otlp-http", "aborted");
        try (var socket =
                new Socket(
                        InetAddress.getLoopbackAddress(),
                        collector.collector.port(Receiver.OTLP_HTTP))) {
            // When
            startOfARequest(socket.getOutputStream());

            // Then
            eventually(() -> assertThat(collector.inFlight()).isEqualTo(10));
            socket.shutdownOutput();
            eventually(() -> assertThat(collector.inFlight()).isZero());
            eventually(() ->
                    assertThat(collector.requests("otlp-http", "aborted")).isEqualTo(before + 1));
            assertThat(collector.postProtobuf(Requests.named("next")).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void countsBytesOfAMessageThatIsStillArriving() {
        var collector = patient;
        // Given
        var request = HttpRequest.streaming(grpcHeaders());

        // When
        var reply =
                WebClient.of("h2c://127.0.0.1:" + collector.collector.port(Receiver.OTLP_GRPC))
                        .execute(request)
                        .aggregate();
        request.write(HttpData.wrap(new byte[10]));

        // Then
        eventually(() -> assertThat(collector.inFlight()).isEqualTo(10));
        request.abort();
        eventually(() -> assertThat(collector.inFlight()).isZero());
        eventually(() -> assertThat(reply).isCompletedExceptionally());
    }

    @Test
    void givesUpOnSlowClients() throws Exception {
        var collector = impatient;
        double before = collector.requests("otlp-http", "timed-out");
        try (var socket =
                new Socket(
                        InetAddress.getLoopbackAddress(),
                        collector.collector.port(Receiver.OTLP_HTTP))) {
            // When
            startOfARequest(socket.getOutputStream());

            // Then
            assertThat(firstLine(socket.getInputStream())).startsWith("HTTP/1.1 503");
            eventually(() -> assertThat(collector.inFlight()).isZero());
            eventually(() ->
                    assertThat(collector.requests("otlp-http", "timed-out")).isEqualTo(before + 1));
            assertThat(collector.postProtobuf(Requests.named("next")).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void givesUpOnSlowCalls() throws Exception {
        var collector = impatient;
        double before = collector.requests("otlp-grpc", "timed-out");
        // Given
        var request = HttpRequest.streaming(grpcHeaders());

        // When
        var reply =
                WebClient.of("h2c://127.0.0.1:" + collector.collector.port(Receiver.OTLP_GRPC))
                        .execute(request)
                        .aggregate();
        var _ = request.tryWrite(HttpData.wrap(new byte[10]));

        // Then
        var headers = reply.get(10, TimeUnit.SECONDS).headers();
        assertThat(headers.get("grpc-status")).isEqualTo("14");
        assertThat(headers.get("grpc-message")).isEqualTo("no answer within the request timeout");
        assertThat(headers.contains("grpc-status-details-bin")).isTrue();
        eventually(() -> assertThat(collector.inFlight()).isZero());
        eventually(() ->
                assertThat(collector.requests("otlp-grpc", "timed-out")).isEqualTo(before + 1));
    }

    @Test
    void asksToComeBackWhenTheSinkTakesTooLong() throws Exception {
        var collector = impatient;
        double before = collector.requests("otlp-grpc", "timed-out");
        // Given
        var forHttp = collector.sink.holdNext();
        var forGrpc = collector.sink.holdNext();

        // When
        var http = collector.postProtobuf(Requests.named("a"));
        var grpc = grpc(collector, Requests.named("a"));

        // Then
        assertThat(http.statusCode()).isEqualTo(503);
        assertThat(http.headers().firstValue("retry-after")).contains("1");
        assertThat(grpc.get("grpc-status")).isEqualTo("14");
        assertThat(grpc.contains("grpc-status-details-bin")).isTrue();
        assertThat(collector.inFlight())
                .as("what the sink still holds")
                .isEqualTo(2 * Requests.named("a").length);
        forHttp.given().complete(null);
        forGrpc.given().complete(null);
        eventually(() -> assertThat(collector.inFlight()).isZero());
        eventually(() ->
                assertThat(collector.requests("otlp-grpc", "timed-out")).isEqualTo(before + 1));
    }

    @Test
    void answersWhatIsInFlightWhenItCloses() throws Exception {
        // Given
        var collector = new TestCollector(TestCollector.CONFIG);
        var answer = collector.sink.holdNext();
        var response = inBackground(collector, Requests.named("a"));
        answer.asked().get(10, TimeUnit.SECONDS);

        // When
        var closed = CompletableFuture.runAsync(collector.collector::close);
        eventually(() ->
                assertThat(collector.postProtobuf(Requests.named("late")).statusCode())
                        .isEqualTo(503));

        // Then
        assertThat(closed).isNotDone();
        answer.given().complete(null);
        assertThat(response.get(10, TimeUnit.SECONDS)).isEqualTo(200);
        closed.get(10, TimeUnit.SECONDS);
        assertThat(collector.sink.spanNames()).contains("a");
        assertThatThrownBy(() -> collector.postProtobuf(Requests.named("later")))
                .isInstanceOf(IOException.class);
        collector.close();
    }

    @Test
    void closesInTimeWhenTheSinkNeverAnswers() throws Exception {
        // Given
        var collector =
                new TestCollector(
                        TestCollector.config(Duration.ofSeconds(20), Duration.ofMillis(300)));
        var answer = collector.sink.holdNext();
        var response = inBackground(collector, Requests.named("a"));
        answer.asked().get(10, TimeUnit.SECONDS);

        // When
        collector.close();

        // Then
        assertThat(response.handle((_, _) -> "over").get(10, TimeUnit.SECONDS)).isEqualTo("over");
    }

    @Test
    void answersBothProtocolsOnBothPorts() throws Exception {
        var collector = patient;
        // When
        var reply =
                WebClient.of("http://127.0.0.1:" + collector.collector.port(Receiver.OTLP_GRPC))
                        .execute(
                                RequestHeaders.of(
                                        HttpMethod.POST,
                                        OtlpHttp.PATH,
                                        "content-type",
                                        "application/x-protobuf"),
                                HttpData.wrap(Requests.named("a")))
                        .aggregate()
                        .get(10, TimeUnit.SECONDS);

        // Then
        assertThat(reply.status().code()).isEqualTo(200);
        assertThat(collector.sink.spanNames()).containsExactly("a");
    }

    @Test
    void answersQuestionsWhereZipkinsSpansGo() throws Exception {
        // Given
        var sink = new FakeSpanSink();
        var meters = new SimpleMeterRegistry();
        try (var asked =
                new Collector(
                        TestCollector.CONFIG,
                        Entrance.open(meters),
                        Sampling.NONE,
                        sink,
                        InstantSource.fixed(Requests.NOW),
                        meters)) {
            asked.answer(
                    Map.of(
                            "/api/v2/spans",
                            (_, _) -> HttpResponse.of("names"),
                            "/api/v2/trace/{id}",
                            (context, _) -> HttpResponse.of("trace " + context.pathParam("id"))));
            asked.start();
            var client = WebClient.of("http://127.0.0.1:" + asked.port(Receiver.ZIPKIN)).blocking();

            // When
            var names = client.get("/api/v2/spans?serviceName=a");
            var trace = client.get("/api/v2/trace/5");
            var sent =
                    client.post(
                            "/api/v2/spans",
                            "[{\"traceId\":\"1\",\"id\":\"2\",\"name\":\"sent\",\"timestamp\":"
                                    + Requests.NOW.toEpochMilli()
                                    + "000}]");

            // Then
            assertThat(names.contentUtf8()).isEqualTo("names");
            assertThat(trace.contentUtf8()).isEqualTo("trace 5");
            assertThat(sent.status().code()).isEqualTo(202);
            assertThat(sink.spanNames()).containsExactly("sent");
        }
    }

    @Test
    void saysWhichPortsItCouldNotHave() {
        var running = patient;
        // Given
        int port = running.collector.port(Receiver.OTLP_GRPC);
        var config = TestCollector.CONFIG;
        var taken =
                new CollectorConfig(
                        config.host(),
                        Map.of(Receiver.OTLP_GRPC, port, Receiver.ZIPKIN, 0),
                        null,
                        config.maxRequest(),
                        config.maxInFlight(),
                        config.requestTimeout(),
                        config.idleTimeout(),
                        config.shutdownTimeout(),
                        config.maxConnections(),
                        config.limits(),
                        config.rates());
        var second =
                new Collector(
                        taken,
                        Entrance.open(new SimpleMeterRegistry()),
                        Sampling.NONE,
                        new FakeSpanSink(),
                        InstantSource.fixed(Requests.NOW),
                        new SimpleMeterRegistry());

        // When, Then
        assertThatThrownBy(second::start)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "receivers: otlp-grpc "
                                + port
                                + ", zipkin 0 on 127.0.0.1 (expected: free ports of this host)");
        second.close();
        second.close();
    }

    private static CompletableFuture<Integer> inBackground(TestCollector collector, byte[] body) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return collector.postProtobuf(body).statusCode();
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                },
                task -> Thread.ofVirtual().start(task));
    }

    private static HttpHeaders grpc(TestCollector collector, byte[] message) throws Exception {
        byte[] frame =
                ByteBuffer.allocate(UnaryCall.PREFIX + message.length)
                        .put((byte) 0)
                        .putInt(message.length)
                        .put(message)
                        .array();
        var reply =
                WebClient.of("h2c://127.0.0.1:" + collector.collector.port(Receiver.OTLP_GRPC))
                        .execute(grpcHeaders(), HttpData.wrap(frame))
                        .aggregate()
                        .get(10, TimeUnit.SECONDS);
        return reply.trailers().contains("grpc-status") ? reply.trailers() : reply.headers();
    }

    private static RequestHeaders grpcHeaders() {
        return RequestHeaders.of(
                HttpMethod.POST, GRPC_PATH, "content-type", "application/grpc", "te", "trailers");
    }

    private static void startOfARequest(OutputStream out) throws Exception {
        out.write(
                """
                POST /v1/traces HTTP/1.1\r
                host: localhost\r
                content-type: application/x-protobuf\r
                content-length: 1000\r
                \r
                0123456789\
                """
                        .getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    private static String firstLine(InputStream in) throws Exception {
        var line = new StringBuilder();
        for (int next = in.read(); next >= 0 && next != '\r'; next = in.read()) {
            line.append((char) next);
        }
        return line.toString();
    }
}
