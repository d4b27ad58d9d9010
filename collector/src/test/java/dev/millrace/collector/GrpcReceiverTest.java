package dev.millrace.collector;

import static dev.millrace.collector.TestCollector.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.RequestHeaders;
import dev.millrace.pipeline.SinkException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GrpcReceiverTest {

    private static final String EXPORT =
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    private static final String OK = "0";
    private static final String INVALID_ARGUMENT = "3";
    private static final String RESOURCE_EXHAUSTED = "8";
    private static final String UNIMPLEMENTED = "12";
    private static final String INTERNAL = "13";
    private static final String UNAVAILABLE = "14";

    private static TestCollector collector;
    private static WebClient client;

    /// What a call came back with.
    private record Reply(AggregatedHttpResponse http) {

        String status() {
            return field("grpc-status");
        }

        String message() {
            return field("grpc-message");
        }

        byte[] body() {
            byte[] framed = http.content().array();
            return Arrays.copyOfRange(framed, UnaryCall.PREFIX, framed.length);
        }

        boolean hasDetails() {
            return http.headers().contains("grpc-status-details-bin")
                    || http.trailers().contains("grpc-status-details-bin");
        }

        Duration retryDelay() throws Exception {
            var status =
                    Status.parseFrom(
                            Base64.getMimeDecoder().decode(field("grpc-status-details-bin")));
            var delay = status.getDetails(0).unpack(RetryInfo.class).getRetryDelay();
            return Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
        }

        private String field(String name) {
            return http.trailers().get(name, http.headers().get(name, "none"));
        }
    }

    @BeforeAll
    static void start() {
        collector = new TestCollector(TestCollector.CONFIG);
        client = WebClient.of("h2c://127.0.0.1:" + collector.collector.port(Receiver.OTLP_GRPC));
    }

    @AfterAll
    static void close() {
        collector.close();
    }

    // Whatever a test sent, the collector must not be the worse for it.
    @AfterEach
    void takesTheNextGoodRequest() {
        collector.forget();
        assertThat(call(Requests.named("next")).status()).isEqualTo(OK);
        assertThat(collector.sink.spanNames()).containsExactly("next");
        eventually(() -> assertThat(collector.inFlight()).isZero());
        collector.forget();
    }

    @Test
    void answersWithAnEmptyResponse() {
        // When
        var reply = call(Requests.named("a"));

        // Then
        assertThat(reply.status()).isEqualTo(OK);
        assertThat(reply.body()).isEmpty();
        assertThat(collector.sink.spanNames()).containsExactly("a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd", "deflate"})
    void readsEveryCompression(String encoding) {
        // Given
        byte[] message = Requests.of(Requests.span("a"), Requests.withAttribute("x".repeat(1000)));

        // When
        var reply = compressed(encoding, compress(encoding, message));

        // Then
        assertThat(reply.status()).isEqualTo(OK);
        assertThat(collector.sink.spanNames()).containsExactly("a", "attribute");
    }

    @Test
    void takesAnEmptyRequest() {
        // When
        var reply = call(new byte[0]);

        // Then
        assertThat(reply.status()).isEqualTo(OK);
        assertThat(collector.sink.asked()).isZero();
    }

    @Test
    void takesARequestOfExactlyTheLimit() {
        // When
        var reply = call(Requests.ofSize(TestCollector.MAX_REQUEST));

        // Then
        assertThat(reply.status()).isEqualTo(OK);
        assertThat(collector.sink.spanNames()).containsExactly("padded");
    }

    @Test
    void saysHowManySpansItRejected() throws Exception {
        // Given
        double partial = collector.requests("otlp-grpc", "partial");
        var bad = Requests.span("bad").setSpanId(Requests.bytes("0000000000000000"));

        // When
        var reply = call(Requests.of(bad, bad));

        // Then
        assertThat(reply.status()).isEqualTo(OK);
        var success = TestCollector.response(reply.body()).getPartialSuccess();
        assertThat(success.getRejectedSpans()).isEqualTo(2);
        assertThat(success.getErrorMessage())
                .startsWith("2 of 2 spans rejected, the first for ")
                .contains("(expected: ");
        eventually(() ->
                assertThat(collector.requests("otlp-grpc", "partial")).isEqualTo(partial + 1));
    }

    @Test
    void refusesMalformedProtobuf() {
        // Given
        double malformed = collector.requests("otlp-grpc", "malformed");

        // When
        var reply = call(new byte[] {10, 100, 1});

        // Then
        assertThat(reply.status()).isEqualTo(INVALID_ARGUMENT);
        assertThat(reply.message()).startsWith("not OTLP: ");
        assertThat(reply.hasDetails()).isFalse();
        eventually(() ->
                assertThat(collector.requests("otlp-grpc", "malformed")).isEqualTo(malformed + 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd", "deflate"})
    void refusesAMessageThatIsNotCompressedAsItSays(String encoding) {
        // When
        var reply = compressed(encoding, Requests.named("a"));

        // Then
        assertThat(reply.status()).isEqualTo(INVALID_ARGUMENT);
    }

    @Test
    void refusesAFrameCutShort() {
        // Given
        byte[] frame = frame(false, Requests.named("a"));

        // When
        var reply = send(EXPORT, "identity", Arrays.copyOf(frame, frame.length - 3));

        // Then
        assertThat(reply.status()).isEqualTo(INVALID_ARGUMENT);
    }

    @Test
    void refusesACallWithoutAMessage() {
        // Given
        double malformed = collector.requests("otlp-grpc", "malformed");

        // When
        var reply = send(EXPORT, "identity", new byte[0]);

        // Then
        assertThat(reply.status()).isEqualTo(INVALID_ARGUMENT);
        assertThat(reply.message())
                .isEqualTo("not a gRPC message: cut short (expected: the length in its prefix)");
        eventually(() ->
                assertThat(collector.requests("otlp-grpc", "malformed")).isEqualTo(malformed + 1));
    }

    // The spans of the second one would be lost without a word.
    @Test
    void refusesSeveralMessages() {
        // Given
        byte[] frame = frame(false, Requests.named("a"));
        byte[] two = ByteBuffer.allocate(2 * frame.length).put(frame).put(frame).array();

        // When
        var reply = send(EXPORT, "identity", two);

        // Then
        assertThat(reply.status()).isEqualTo(INVALID_ARGUMENT);
        assertThat(reply.message())
                .isEqualTo(
                        "not a gRPC message: "
                                + frame.length
                                + " bytes after the first message (expected: one message)");
        assertThat(collector.sink.asked()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 128, 255})
    void refusesAFlagThatSaysNothing(int flag) {
        // Given
        byte[] frame = frame(false, Requests.named("a"));
        frame[0] = (byte) flag;

        // When
        var reply = send(EXPORT, "gzip", frame);

        // Then
        assertThat(reply.status()).isEqualTo(INVALID_ARGUMENT);
        assertThat(reply.message())
                .isEqualTo(
                        "not a gRPC message: flag "
                                + flag
                                + " (expected: 0, or 1 of a compressed message)");
    }

    @Test
    void refusesACompressedMessageThatDoesNotSayHow() {
        // Given
        byte[] frame = frame(true, Requests.gzip(Requests.named("a")));

        // When
        var identity = GrpcCall.sendFrame(client, EXPORT, frame, "grpc-encoding", "identity");
        var nothing = GrpcCall.sendFrame(client, EXPORT, frame);

        // Then
        assertThat(List.of(identity.status(), nothing.status())).containsOnly(INVALID_ARGUMENT);
        assertThat(List.of(identity.message(), nothing.message()))
                .containsOnly(
                        "not a gRPC message: compressed, and grpc-encoding does not say how"
                                + " (expected: gzip, zstd or deflate)");
    }

    @Test
    void takesAMessageThatWasNotWorthCompressing() {
        // When
        var reply = send(EXPORT, "gzip", frame(false, Requests.named("a")));

        // Then
        assertThat(reply.status()).isEqualTo(OK);
        assertThat(collector.sink.spanNames()).containsExactly("a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/grpc", "application/grpc+proto"})
    void answersInTheContentTypeOfTheCall(String type) {
        // When
        var accepted = execute(HttpMethod.POST, type, frame(false, Requests.named("a")));
        var refused = execute(HttpMethod.POST, type, new byte[0]);

        // Then
        assertThat(accepted.trailers().get("grpc-status")).isEqualTo(OK);
        assertThat(refused.headers().get("grpc-status")).isEqualTo(INVALID_ARGUMENT);
        assertThat(List.of(accepted, refused))
                .allSatisfy(reply -> {
                    assertThat(reply.status().code()).isEqualTo(200);
                    assertThat(reply.headers().get("content-type")).isEqualTo(type);
                    assertThat(reply.headers().get("grpc-accept-encoding"))
                            .isEqualTo("gzip,zstd,deflate");
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/json",
                "application/x-protobuf",
                "application/grpc+json",
                "application/grpc-web+proto",
                "application/grpcs"
            })
    void refusesOtherContentTypes(String type) {
        // Given
        double unsupported = collector.requests("otlp-grpc", "unsupported");

        // When
        var reply = execute(HttpMethod.POST, type, frame(false, Requests.named("a")));

        // Then
        assertThat(reply.status().code()).isEqualTo(415);
        assertThat(reply.contentUtf8())
                .isEqualTo("content-type: " + type + " (expected: application/grpc)");
        assertThat(collector.sink.asked()).isZero();
        eventually(() ->
                assertThat(collector.requests("otlp-grpc", "unsupported"))
                        .isEqualTo(unsupported + 1));
    }

    @Test
    void refusesOtherMethods() {
        // When
        var reply = execute(HttpMethod.PUT, "application/grpc", new byte[0]);

        // Then
        assertThat(reply.status().code()).isEqualTo(405);
        assertThat(reply.headers().get("allow")).isEqualTo("POST");
    }

    @Test
    void refusesCompressionItDoesNotKnow() {
        // When
        var reply = compressed("snappy", Requests.named("a"));

        // Then
        assertThat(reply.status()).isEqualTo(UNIMPLEMENTED);
        assertThat(reply.message())
                .isEqualTo("grpc-encoding: snappy (expected: gzip, zstd, deflate or identity)");
    }

    @Test
    void refusesAnOversizedRequestForGood() {
        // Given
        double tooLarge = collector.requests("otlp-grpc", "too-large");

        // When
        var reply = call(new byte[TestCollector.MAX_REQUEST + 1]);

        // Then
        assertThat(reply.status()).isEqualTo(INVALID_ARGUMENT);
        assertThat(reply.hasDetails()).isFalse();
        eventually(() ->
                assertThat(collector.requests("otlp-grpc", "too-large")).isEqualTo(tooLarge + 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd", "deflate"})
    void refusesABombForGoodWithoutUnpackingIt(String encoding) {
        // When
        var reply = compressed(encoding, compress(encoding, new byte[40 << 20]));

        // Then
        assertThat(reply.status()).isEqualTo(INVALID_ARGUMENT);
        assertThat(reply.hasDetails()).isFalse();
    }

    @Test
    void asksToComeBackWhenTheSinkIsFull() throws Exception {
        // Given
        collector.sink.refuseNext(SinkException.Kind.OVER_CAPACITY, Duration.ofMillis(2500));

        // When
        var reply = call(Requests.named("a"));

        // Then
        assertThat(reply.status()).isEqualTo(RESOURCE_EXHAUSTED);
        assertThat(reply.message()).isEqualTo("the log is slow");
        assertThat(reply.retryDelay()).isEqualTo(Duration.ofMillis(2500));
    }

    @Test
    void asksToComeBackWhenTheSinkDoesNotAnswer() throws Exception {
        // Given
        collector.sink.refuseNext(SinkException.Kind.UNAVAILABLE, Duration.ofSeconds(4));

        // When
        var reply = call(Requests.named("a"));

        // Then
        assertThat(reply.status()).isEqualTo(UNAVAILABLE);
        assertThat(reply.retryDelay()).isEqualTo(Duration.ofSeconds(4));
    }

    @Test
    void tellsNothingOfItsOwnMistakes() {
        // Given
        collector
                .sink
                .holdNext()
                .given()
                .completeExceptionally(new IllegalStateException("secret"));

        // When
        var reply = call(Requests.named("a"));

        // Then
        assertThat(reply.status()).isEqualTo(INTERNAL);
        assertThat(reply.message()).isEqualTo("internal error");
    }

    @Test
    void refusesOtherServices() {
        // When
        var reply =
                send(
                        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
                        "identity",
                        frame(false, new byte[0]));

        // Then
        assertThat(reply.status()).isEqualTo(UNIMPLEMENTED);
        assertThat(reply.message()).contains("TraceService/Export");
    }

    private static Reply call(byte[] message) {
        return send(EXPORT, "identity", frame(false, message));
    }

    private static Reply compressed(String encoding, byte[] message) {
        return send(EXPORT, encoding, frame(true, message));
    }

    private static byte[] compress(String encoding, byte[] message) {
        return switch (encoding) {
            case "gzip" -> Requests.gzip(message);
            case "zstd" -> Requests.zstd(message);
            case "deflate" -> Requests.deflate(message);
            default -> throw new IllegalArgumentException(encoding);
        };
    }

    private static byte[] frame(boolean compressed, byte[] message) {
        return ByteBuffer.allocate(UnaryCall.PREFIX + message.length)
                .put((byte) (compressed ? 1 : 0))
                .putInt(message.length)
                .put(message)
                .array();
    }

    private static AggregatedHttpResponse execute(HttpMethod method, String type, byte[] body) {
        var headers = RequestHeaders.of(method, EXPORT, "content-type", type, "te", "trailers");
        return client.execute(headers, HttpData.wrap(body)).aggregate().join();
    }

    private static Reply send(String path, String encoding, byte[] body) {
        var headers =
                RequestHeaders.builder(HttpMethod.POST, path)
                        .add("content-type", "application/grpc")
                        .add("te", "trailers")
                        .add("grpc-encoding", encoding)
                        .build();
        return new Reply(client.execute(headers, HttpData.wrap(body)).aggregate().join());
    }
}
