package dev.millrace.collector;

import static dev.millrace.collector.TestCollector.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.Status;
import dev.millrace.model.AttributeValue;
import dev.millrace.pipeline.SinkException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpReceiverTest {

    private static final String PROTOBUF = "application/x-protobuf";
    private static final String JSON = "application/json";

    private static TestCollector collector;

    @BeforeAll
    static void start() {
        collector = new TestCollector(TestCollector.CONFIG);
    }

    @AfterAll
    static void close() {
        collector.close();
    }

    // Whatever a test sent, the collector must not be the worse for it.
    @AfterEach
    void takesTheNextGoodRequest() throws Exception {
        collector.forget();
        assertThat(collector.postProtobuf(Requests.named("next")).statusCode()).isEqualTo(200);
        assertThat(collector.sink.spanNames()).containsExactly("next");
        eventually(() -> assertThat(collector.inFlight()).isZero());
        collector.forget();
    }

    @Test
    void answersProtobufWithProtobuf() throws Exception {
        // When
        var response = collector.postProtobuf(Requests.named("a"));

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(contentType(response)).isEqualTo(PROTOBUF);
        assertThat(response.body()).isEmpty();
        assertThat(collector.sink.spanNames()).containsExactly("a");
    }

    @ParameterizedTest
    @ValueSource(strings = {JSON, "application/json; charset=utf-8"})
    void answersJsonWithJson(String type) throws Exception {
        // When
        var response = collector.post(Requests.json("a").getBytes(UTF_8), "content-type", type);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(contentType(response)).isEqualTo(JSON);
        assertThat(text(response)).isEqualTo("{}");
        assertThat(collector.sink.spanNames()).containsExactly("a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd", "deflate", "identity", "GZIP"})
    void readsEveryCompression(String encoding) throws Exception {
        // Given
        byte[] body = Requests.of(Requests.span("a"), Requests.withAttribute("x".repeat(1000)));

        // When
        var response = compressed(encoding, compress(encoding, body));

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(collector.sink.spanNames()).containsExactly("a", "attribute");
    }

    @Test
    void readsCompressedJson() throws Exception {
        // When
        var response =
                collector.post(
                        Requests.gzip(Requests.json("a").getBytes(UTF_8)),
                        "content-type",
                        JSON,
                        "content-encoding",
                        "gzip");

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(collector.sink.spanNames()).containsExactly("a");
    }

    @Test
    void takesAnEmptyRequest() throws Exception {
        // When
        var response = collector.postProtobuf(new byte[0]);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEmpty();
        assertThat(collector.sink.asked()).isZero();
    }

    @Test
    void countsRequestsAndSpans() throws Exception {
        // Given
        double requests = collector.requests("otlp-http", "ok");
        double spans = collector.count("millrace.spans.received");

        // When
        collector.postProtobuf(Requests.of(Requests.span("a"), Requests.span("b")));

        // Then
        eventually(() -> assertThat(collector.requests("otlp-http", "ok")).isEqualTo(requests + 1));
        assertThat(collector.count("millrace.spans.received")).isEqualTo(spans + 2);
    }

    @Test
    void takesTheGoodSpansAndNamesTheFirstBadOne() throws Exception {
        // Given
        double rejected = collector.count("millrace.spans.rejected", "reason", "trace-id");
        byte[] body =
                Requests.of(
                        Requests.span("good"),
                        Requests.span("bad").setTraceId(Requests.bytes("abcd")));

        // When
        var response = collector.postProtobuf(body);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        var partial = TestCollector.response(response.body()).getPartialSuccess();
        assertThat(partial.getRejectedSpans()).isOne();
        assertThat(partial.getErrorMessage())
                .startsWith("1 of 2 spans rejected, the first for ")
                .contains("(expected: ");
        assertThat(collector.sink.spanNames()).containsExactly("good");
        assertThat(collector.count("millrace.spans.rejected", "reason", "trace-id"))
                .isEqualTo(rejected + 1);
    }

    @ParameterizedTest
    @CsvSource({
        "00000000000000000000000000000000, eee19b7ec3c1b174",
        "'', eee19b7ec3c1b174",
        "5b8efff798038103d269b633813fc60c, 0000000000000000",
        "5b8efff798038103d269b633813fc60c, eee19b",
        "not hexadecimal, eee19b7ec3c1b174"
    })
    void rejectsZeroAndShortIds(String traceId, String spanId) throws Exception {
        // Given
        String body =
                Requests.json("bad")
                        .replace("5b8efff798038103d269b633813fc60c", traceId)
                        .replace("eee19b7ec3c1b174", spanId);

        // When
        var response = collector.post(body.getBytes(UTF_8), "content-type", JSON);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(text(response))
                .startsWith(
                        "{\"partialSuccess\":{\"rejectedSpans\":\"1\",\"errorMessage\":\"1 of 1")
                .contains("(expected: ");
        assertThat(collector.sink.asked()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-P31D", "P2D"})
    void rejectsAStartOutsideTheLimits(Duration fromNow) throws Exception {
        // Given
        double rejected = collector.count("millrace.spans.rejected", "reason", "start-time");

        // When
        var response = collector.postProtobuf(Requests.of(Requests.starting(fromNow)));

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(TestCollector.response(response.body()).getPartialSuccess().getRejectedSpans())
                .isOne();
        assertThat(collector.count("millrace.spans.rejected", "reason", "start-time"))
                .isEqualTo(rejected + 1);
    }

    @Test
    void repairsTextThatIsNotUtf8() throws Exception {
        // Given
        double repaired = collector.count("millrace.spans.repaired", "repair", "invalid-utf8");
        byte[] body = Requests.named("caf?");
        for (int i = 0; i < body.length; i++) {
            body[i] = body[i] == '?' ? (byte) 0xe9 : body[i];
        }

        // When
        var response = collector.postProtobuf(body);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEmpty();
        assertThat(collector.sink.spanNames()).containsExactly("caf\ufffd");
        assertThat(collector.count("millrace.spans.repaired", "repair", "invalid-utf8"))
                .isEqualTo(repaired + 1);
    }

    @Test
    void cutsAnAttributeThatIsTooLong() throws Exception {
        // Given
        double cut = collector.count("millrace.spans.repaired", "repair", "attribute-truncated");

        // When
        var response =
                collector.postProtobuf(Requests.of(Requests.withAttribute("x".repeat(2000))));

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        var attributes = collector.sink.spans().getFirst().attributes().entries();
        assertThat(attributes.getFirst().value())
                .isEqualTo(new AttributeValue.Text("x".repeat(1024)));
        assertThat(attributes.getLast().key()).isEqualTo("millrace.truncated");
        assertThat(collector.count("millrace.spans.repaired", "repair", "attribute-truncated"))
                .isEqualTo(cut + 1);
    }

    @Test
    void refusesMalformedProtobuf() throws Exception {
        // Given
        double malformed = collector.requests("otlp-http", "malformed");

        // When
        var response = collector.postProtobuf(new byte[] {10, 100, 1});

        // Then
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(contentType(response)).isEqualTo(PROTOBUF);
        var status = Status.parseFrom(response.body());
        assertThat(status.getCode()).isEqualTo(3);
        assertThat(status.getMessage()).startsWith("not OTLP: ");
        eventually(() ->
                assertThat(collector.requests("otlp-http", "malformed")).isEqualTo(malformed + 1));
    }

    @Test
    void refusesMalformedJson() throws Exception {
        // When
        var response =
                collector.post("{\"resourceSpans\": 5}".getBytes(UTF_8), "content-type", JSON);

        // Then
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(contentType(response)).isEqualTo(JSON);
        assertThat(text(response))
                .isEqualTo(
                        "{\"code\":3,\"message\":\"not OTLP JSON: \\\"5\\\" (expected: an array)"
                                + " (at line 1, column 19)\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd", "deflate"})
    void refusesABodyThatIsNotCompressedAsItSays(String encoding) throws Exception {
        // When
        var response = compressed(encoding, Requests.named("a"));

        // Then
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(Status.parseFrom(response.body()).getMessage())
                .endsWith("(expected: compressed as its header says)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd", "deflate"})
    void refusesACompressedBodyCutShort(String encoding) throws Exception {
        // Given
        byte[] whole = compress(encoding, Requests.of(Requests.withAttribute("x".repeat(1000))));

        // When
        var response = compressed(encoding, Arrays.copyOf(whole, whole.length - 5));

        // Then
        assertThat(response.statusCode()).isEqualTo(400);
    }

    @Test
    void refusesARequestOverTheLimit() throws Exception {
        // Given
        double tooLarge = collector.requests("otlp-http", "too-large");

        // When
        var response = collector.postProtobuf(new byte[TestCollector.MAX_REQUEST + 1]);

        // Then
        assertThat(response.statusCode()).isEqualTo(413);
        assertThat(response.headers().firstValue("retry-after")).isEmpty();
        assertThat(Status.parseFrom(response.body()).getMessage())
                .contains("(expected: at most 65536)");
        eventually(() ->
                assertThat(collector.requests("otlp-http", "too-large")).isEqualTo(tooLarge + 1));
    }

    @Test
    void refusesARequestOfUnknownLengthOverTheLimit() throws Exception {
        // When
        var response =
                collector.send(
                        collector
                                .request("/v1/traces")
                                .header("content-type", PROTOBUF)
                                .POST(
                                        HttpRequest.BodyPublishers.fromPublisher(
                                                HttpRequest.BodyPublishers.ofByteArray(
                                                        new byte[2 * TestCollector.MAX_REQUEST])))
                                .build());

        // Then
        assertThat(response.statusCode()).isEqualTo(413);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd", "deflate"})
    void refusesABombWithoutUnpackingIt(String encoding) throws Exception {
        // Given
        byte[] bomb = compress(encoding, new byte[40 << 20]);
        assertThat(bomb.length).isLessThan(TestCollector.MAX_REQUEST);

        // When
        var response = compressed(encoding, bomb);

        // Then
        assertThat(response.statusCode()).isEqualTo(413);
        assertThat(response.headers().firstValue("retry-after")).isEmpty();
    }

    @Test
    void takesARequestOfExactlyTheLimit() throws Exception {
        // Given
        byte[] body = Requests.ofSize(TestCollector.MAX_REQUEST);
        assertThat(body.length).isEqualTo(TestCollector.MAX_REQUEST);

        // When
        var response = collector.postProtobuf(body);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/plain", "application/xml", "application/octet-stream"})
    void refusesOtherContentTypes(String type) throws Exception {
        // When
        var response = collector.post(Requests.named("a"), "content-type", type);

        // Then
        assertThat(response.statusCode()).isEqualTo(415);
        assertThat(text(response))
                .isEqualTo(
                        "content-type: "
                                + type
                                + " (expected: application/x-protobuf or application/json)");
    }

    @Test
    void refusesOtherCompressions() throws Exception {
        // When
        var response = compressed("br", Requests.named("a"));

        // Then
        assertThat(response.statusCode()).isEqualTo(415);
        assertThat(Status.parseFrom(response.body()).getMessage())
                .isEqualTo("content-encoding: br (expected: gzip, zstd, deflate or identity)");
    }

    @Test
    void refusesOtherMethods() throws Exception {
        // When
        var response = collector.send(collector.request("/v1/traces").GET().build());

        // Then
        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(response.headers().firstValue("allow")).contains("POST");
        assertThat(text(response)).isEqualTo("method: GET (expected: POST)");
    }

    @Test
    void refusesOtherPaths() throws Exception {
        // Given
        double unknown = collector.requests("unknown", "unknown-path");

        // When
        var response = collector.send(collector.request("/v1/metrics").GET().build());

        // Then
        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(text(response))
                .isEqualTo(
                        "path: /v1/metrics (expected: /v1/traces or /api/v2/spans or /api/v1/spans or /api/traces or /sampling)");
        eventually(() ->
                assertThat(collector.requests("unknown", "unknown-path")).isEqualTo(unknown + 1));
    }

    @Test
    void asksToComeBackWhenTheSinkIsFull() throws Exception {
        // Given
        collector.sink.refuseNext(SinkException.Kind.OVER_CAPACITY, Duration.ofMillis(2500));

        // When
        var response = collector.postProtobuf(Requests.named("a"));

        // Then
        assertThat(response.statusCode()).isEqualTo(429);
        assertThat(response.headers().firstValue("retry-after")).contains("3");
        assertThat(Status.parseFrom(response.body()).getMessage()).isEqualTo("the log is slow");
    }

    @Test
    void asksToComeBackWhenTheSinkDoesNotAnswer() throws Exception {
        // Given
        collector.sink.refuseNext(SinkException.Kind.UNAVAILABLE, Duration.ZERO);

        // When
        var response = collector.post(Requests.json("a").getBytes(UTF_8), "content-type", JSON);

        // Then
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.headers().firstValue("retry-after")).contains("1");
        assertThat(text(response)).isEqualTo("{\"code\":14,\"message\":\"the log is slow\"}");
    }

    @Test
    void tellsNothingOfItsOwnMistakes() throws Exception {
        // Given
        collector
                .sink
                .holdNext()
                .given()
                .completeExceptionally(new IllegalStateException("secret"));

        // When
        var response = collector.postProtobuf(Requests.named("a"));

        // Then
        assertThat(response.statusCode()).isEqualTo(500);
        assertThat(Status.parseFrom(response.body()).getMessage()).isEqualTo("internal error");
    }

    private static HttpResponse<byte[]> compressed(String encoding, byte[] body) throws Exception {
        return collector.post(body, "content-type", PROTOBUF, "content-encoding", encoding);
    }

    private static byte[] compress(String encoding, byte[] body) {
        return switch (encoding) {
            case "gzip", "GZIP" -> Requests.gzip(body);
            case "zstd" -> Requests.zstd(body);
            case "deflate" -> Requests.deflate(body);
            default -> body;
        };
    }

    private static String contentType(HttpResponse<?> response) {
        return response.headers().firstValue("content-type").orElse("none");
    }

    private static String text(HttpResponse<byte[]> response) {
        return new String(response.body(), UTF_8);
    }
}
