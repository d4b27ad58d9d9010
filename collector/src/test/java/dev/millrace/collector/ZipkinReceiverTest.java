package dev.millrace.collector;

import static dev.millrace.collector.TestCollector.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.linecorp.armeria.client.WebClient;
import dev.millrace.model.Span;
import dev.millrace.pipeline.SinkException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZipkinReceiverTest {

    private static final String REPORT = "/zipkin.proto3.SpanService/Report";
    private static final String V1 = "/api/v1/spans";
    private static final String V2 = "/api/v2/spans";
    private static final String JSON = "application/json";
    private static final long MICROS = Requests.nanos(Requests.NOW) / 1000;

    private static TestCollector collector;
    private static WebClient grpc;

    @BeforeAll
    static void start() {
        collector = new TestCollector(TestCollector.CONFIG);
        grpc = WebClient.of("h2c://127.0.0.1:" + collector.collector.port(Receiver.ZIPKIN));
    }

    @AfterAll
    static void close() {
        collector.close();
    }

    // Whatever a test sent, the collector must not be the worse for it.
    @AfterEach
    void takesTheNextGoodRequest() throws Exception {
        collector.forget();
        assertThat(post(V2, json("next"), "content-type", JSON).statusCode()).isEqualTo(202);
        assertThat(collector.sink.spanNames()).containsExactly("next");
        eventually(() -> assertThat(collector.inFlight()).isZero());
        collector.forget();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                JSON,
                "application/json; charset=utf-8",
                "text/plain",
                "application/octet-stream"
            })
    void takesForJsonWhatIsNothingElse(String type) throws Exception {
        // Given
        double ok = collector.requests("zipkin-http", "ok");

        // When
        var response = post(V2, json("a"), "content-type", type);

        // Then
        assertThat(response.statusCode()).isEqualTo(202);
        assertThat(response.body()).isEmpty();
        assertTheSpan("a");
        eventually(() -> assertThat(collector.requests("zipkin-http", "ok")).isEqualTo(ok + 1));
    }

    @Test
    void needsNoContentType() throws Exception {
        assertThat(post(V2, json("a")).statusCode()).isEqualTo(202);
        assertTheSpan("a");
    }

    @Test
    void readsProtobuf() throws Exception {
        // When
        var response = post(V2, protobuf("a"), "content-type", "application/x-protobuf");

        // Then
        assertThat(response.statusCode()).isEqualTo(202);
        assertTheSpan("a");
    }

    @Test
    void readsTheFirstVersionsJson() throws Exception {
        // When
        var response = post(V1, jsonV1("a"), "content-type", JSON);

        // Then
        assertThat(response.statusCode()).isEqualTo(202);
        assertTheSpan("a");
    }

    @Test
    void readsThrift() throws Exception {
        // When
        var response = post(V1, thrift("a"), "content-type", "application/x-thrift");

        // Then
        assertThat(response.statusCode()).isEqualTo(202);
        assertTheSpan("a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd", "deflate"})
    void readsEveryCompression(String encoding) throws Exception {
        // Given
        byte[] body =
                switch (encoding) {
                    case "gzip" -> Requests.gzip(json("a"));
                    case "zstd" -> Requests.zstd(json("a"));
                    default -> Requests.deflate(json("a"));
                };

        // When
        var response = post(V2, body, "content-encoding", encoding);

        // Then
        assertThat(response.statusCode()).isEqualTo(202);
        assertTheSpan("a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]"})
    void takesNothingAtAll(String body) throws Exception {
        // When
        var response = post(V2, body.getBytes(UTF_8), "content-type", JSON);

        // Then
        assertThat(response.statusCode()).isEqualTo(202);
        assertThat(collector.sink.asked()).isZero();
    }

    @Test
    void saysNoInPlainText() throws Exception {
        // Given
        double malformed = collector.requests("zipkin-http", "malformed");

        // When
        var response = post(V2, "{\"not\": \"a list\"}".getBytes(UTF_8), "content-type", JSON);

        // Then
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.headers().firstValue("content-type"))
                .contains("text/plain; charset=utf-8");
        assertThat(text(response)).contains("(expected: ");
        assertThat(collector.sink.asked()).isZero();
        eventually(() ->
                assertThat(collector.requests("zipkin-http", "malformed"))
                        .isEqualTo(malformed + 1));
    }

    @Test
    void refusesABodyThatIsNotCompressedAsItSays() throws Exception {
        // When
        var response = post(V2, json("a"), "content-encoding", "gzip");

        // Then
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(text(response)).endsWith("(expected: compressed as its header says)");
    }

    @Test
    void refusesABombWithoutUnpackingIt() throws Exception {
        // When
        var response = post(V2, Requests.gzip(new byte[40 << 20]), "content-encoding", "gzip");

        // Then
        assertThat(response.statusCode()).isEqualTo(413);
        assertThat(response.headers().firstValue("retry-after")).isEmpty();
    }

    @Test
    void refusesARequestOverTheLimit() throws Exception {
        assertThat(post(V2, new byte[TestCollector.MAX_REQUEST + 1]).statusCode()).isEqualTo(413);
    }

    @Test
    void asksToComeBackWhenTheSinkIsFull() throws Exception {
        // Given
        collector.sink.refuseNext(SinkException.Kind.OVER_CAPACITY, Duration.ofMillis(2500));

        // When
        var response = post(V2, json("a"));

        // Then
        assertThat(response.statusCode()).isEqualTo(429);
        assertThat(response.headers().firstValue("retry-after")).contains("3");
        assertThat(text(response)).isEqualTo("the log is slow");
    }

    @Test
    void asksToComeBackWhenTheSinkDoesNotAnswer() throws Exception {
        // Given
        collector.sink.refuseNext(SinkException.Kind.UNAVAILABLE, Duration.ZERO);

        // When
        var response = post(V1, jsonV1("a"));

        // Then
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.headers().firstValue("retry-after")).contains("1");
    }

    @Test
    void hearsNothingOfSpansLeftOutAsLongAsOneIsTaken() throws Exception {
        // Given
        double partial = collector.requests("zipkin-http", "partial");
        String body = "[" + span("a", MICROS) + "," + span("old", 1_000_000) + "]";

        // When
        var response = post(V2, body.getBytes(UTF_8));

        // Then
        assertThat(response.statusCode()).isEqualTo(202);
        assertThat(collector.sink.spanNames()).containsExactly("a");
        eventually(() ->
                assertThat(collector.requests("zipkin-http", "partial")).isEqualTo(partial + 1));
    }

    @Test
    void saysNoWhenEverySpanIsLeftOut() throws Exception {
        // Given
        double rejected = collector.requests("zipkin-http", "rejected");
        String body = "[" + span("old", 1_000_000) + "]";

        // When
        var response = post(V2, body.getBytes(UTF_8));

        // Then
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(text(response)).startsWith("1 of 1 spans rejected, the first for ");
        eventually(() ->
                assertThat(collector.requests("zipkin-http", "rejected")).isEqualTo(rejected + 1));
    }

    @Test
    void refusesOtherMethods() throws Exception {
        // When
        var response = collector.send(request(V2).GET().build());

        // Then
        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(response.headers().firstValue("allow")).contains("POST");
    }

    @Test
    void isInGoodHealth() throws Exception {
        // When
        var response = collector.send(request("/health").GET().build());

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(text(response)).isEqualTo("{\"status\":\"UP\"}");
    }

    @Test
    void takesACallOverGrpc() {
        // When
        var call = GrpcCall.send(grpc, REPORT, protobufOrFail("a"));

        // Then
        assertThat(call.status()).isEqualTo("0");
        assertThat(call.body()).isEmpty();
        assertTheSpan("a");
    }

    @Test
    void saysNoToACallInItsWords() {
        // When
        var call = GrpcCall.send(grpc, REPORT, new byte[] {10, 100, 1});

        // Then
        assertThat(call.status()).isEqualTo("3");
        assertThat(call.message()).contains("a length of 100");
    }

    @Test
    void asksACallToComeBack() throws Exception {
        // Given
        collector.sink.refuseNext(SinkException.Kind.OVER_CAPACITY, Duration.ofMillis(2500));

        // When
        var call = GrpcCall.send(grpc, REPORT, protobufOrFail("a"));

        // Then
        assertThat(call.status()).isEqualTo("8");
        assertThat(call.retryDelay()).isEqualTo(Duration.ofMillis(2500));
    }

    private static void assertTheSpan(String name) {
        assertThat(collector.sink.spans()).hasSize(1);
        Span span = collector.sink.spans().getFirst();
        assertThat(span.name()).isEqualTo(name);
        assertThat(span.traceId()).hasToString("5b8efff798038103d269b633813fc60c");
        assertThat(span.spanId()).hasToString("eee19b7ec3c1b174");
        assertThat(span.startNanos()).isEqualTo(Requests.nanos(Requests.NOW));
    }

    private static HttpRequest.Builder request(String path) {
        return collector.request(Receiver.ZIPKIN, path);
    }

    private static HttpResponse<byte[]> post(String path, byte[] body, String... headers)
            throws Exception {
        var request = request(path).POST(HttpRequest.BodyPublishers.ofByteArray(body));
        return collector.send((headers.length > 0 ? request.headers(headers) : request).build());
    }

    private static byte[] json(String name) {
        return ("[" + span(name, MICROS) + "]").getBytes(UTF_8);
    }

    private static String span(String name, long micros) {
        return """
        {"traceId": "5b8efff798038103d269b633813fc60c", "id": "eee19b7ec3c1b174",
         "name": "%s", "timestamp": %d, "duration": 1000}
        """
                .formatted(name, micros);
    }

    private static byte[] jsonV1(String name) {
        return """
        [{"traceId": "5b8efff798038103d269b633813fc60c", "id": "eee19b7ec3c1b174",
          "name": "%s", "timestamp": %d, "duration": 1000,
          "annotations": [], "binaryAnnotations": []}]
        """
                .formatted(name, MICROS)
                .getBytes(UTF_8);
    }

    private static byte[] protobufOrFail(String name) {
        try {
            return protobuf(name);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// A `ListOfSpans`.
    private static byte[] protobuf(String name) throws IOException {
        var span = new ByteArrayOutputStream();
        var out = CodedOutputStream.newInstance(span);
        out.writeBytes(1, Requests.bytes("5b8efff798038103d269b633813fc60c"));
        out.writeBytes(3, Requests.bytes("eee19b7ec3c1b174"));
        out.writeString(5, name);
        out.writeFixed64(6, MICROS);
        out.writeUInt64(7, 1000);
        out.flush();
        var list = new ByteArrayOutputStream();
        var outer = CodedOutputStream.newInstance(list);
        outer.writeBytes(1, ByteString.copyFrom(span.toByteArray()));
        outer.flush();
        return list.toByteArray();
    }

    /// A list of one span in the binary protocol.
    private static byte[] thrift(String name) {
        String hex =
                "0c00000001"
                        + ("0a0001" + "d269b633813fc60c")
                        + ("0b0003" + "%08x".formatted(name.length()) + hex(name))
                        + ("0a0004" + "eee19b7ec3c1b174")
                        + ("0a000a" + "%016x".formatted(MICROS))
                        + ("0a000b" + "%016x".formatted(1000))
                        + ("0a000c" + "5b8efff798038103")
                        + "00";
        return HexFormat.of().parseHex(hex);
    }

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(UTF_8));
    }

    private static String text(HttpResponse<byte[]> response) {
        return new String(response.body(), UTF_8);
    }
}
