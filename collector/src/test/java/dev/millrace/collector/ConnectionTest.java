package dev.millrace.collector;

import static dev.millrace.collector.TestCollector.eventually;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.linecorp.armeria.client.WebClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Clients that take up a connection and give nothing for it, at every TCP port.
@Timeout(30)
class ConnectionTest {

    private static final Duration REQUEST_TIMEOUT = Duration.ofMillis(400);
    private static final Duration IDLE_TIMEOUT = Duration.ofMillis(1200);
    private static final int MOST = 300;

    private static TestCollector collector;

    @BeforeAll
    static void start() {
        var config = TestCollector.CONFIG;
        collector =
                new TestCollector(
                        new CollectorConfig(
                                config.host(),
                                config.ports(),
                                null,
                                config.maxRequest(),
                                config.maxInFlight(),
                                REQUEST_TIMEOUT,
                                IDLE_TIMEOUT,
                                config.shutdownTimeout(),
                                MOST,
                                config.limits(),
                                config.rates()));
    }

    @AfterAll
    static void close() {
        collector.close();
    }

    @AfterEach
    void takesTheNextGoodRequest() throws Exception {
        collector.forget();
        eventually(() ->
                assertThat(collector.postProtobuf(Requests.named("next")).statusCode())
                        .isEqualTo(200));
        eventually(() -> assertThat(collector.inFlight()).isZero());
        collector.forget();
    }

    @ParameterizedTest
    @EnumSource(
            value = Receiver.class,
            names = {"OTLP_GRPC", "OTLP_HTTP", "ZIPKIN", "JAEGER_GRPC", "JAEGER_HTTP"})
    void closesAConnectionWhoseHeadersDribble(Receiver receiver) throws Exception {
        // Given
        double before = cuts();
        try (var socket = connect(receiver)) {
            var out = socket.getOutputStream();
            out.write("POST /v1/traces HTTP/1.1\r\nhost: localhost\r\n".getBytes(US_ASCII));
            long start = System.nanoTime();

            // When
            boolean open = true;
            while (open) {
                open = dribble(socket);
            }

            // Then
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(REQUEST_TIMEOUT.multipliedBy(10));
            assertThat(cuts()).isEqualTo(before + 1);
        }
    }

    @Test
    void closesAConnectionThatDribblesAfterAGoodRequest() throws Exception {
        // Given
        double before = cuts();
        try (var socket = connect(Receiver.OTLP_HTTP)) {
            byte[] body = Requests.named("a");
            socket.getOutputStream().write(head("content-length: " + body.length));
            socket.getOutputStream().write(body);
            assertThat(statusLine(socket)).startsWith("HTTP/1.1 200");

            // When
            socket.getOutputStream().write("POST ".getBytes(US_ASCII));

            // Then
            assertThat(isClosed(socket)).isTrue();
            assertThat(cuts()).isEqualTo(before + 1);
        }
    }

    @Test
    void closesAConnectionThatSaysNothing() throws Exception {
        try (var socket = connect(Receiver.ZIPKIN)) {
            // When, Then
            assertThat(isClosed(socket)).isTrue();
        }
    }

    @Test
    void keepsAConnectionThatComesBackInTime() throws Exception {
        // Given
        byte[] body = Requests.named("a");
        try (var socket = connect(Receiver.OTLP_HTTP)) {
            for (int i = 0; i < 4; i++) {
                // When
                socket.getOutputStream().write(head("content-length: " + body.length));
                socket.getOutputStream().write(body);

                // Then
                assertThat(statusLine(socket)).startsWith("HTTP/1.1 200");
                // Longer than headers may take, shorter than a connection may idle.
                socket.setSoTimeout((int) REQUEST_TIMEOUT.toMillis() + 100);
                skipUntilQuiet(socket);
            }
        }
    }

    @Test
    void answersABodyThatDribblesWithATimeout() throws Exception {
        // Given
        double before = collector.requests("zipkin-http", "timed-out");
        try (var socket = connect(Receiver.ZIPKIN)) {
            // When
            socket.getOutputStream()
                    .write(
                            "POST /api/v2/spans HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n["
                                    .getBytes(US_ASCII));

            // Then
            assertThat(statusLine(socket)).startsWith("HTTP/1.1 503");
            eventually(() ->
                    assertThat(collector.requests("zipkin-http", "timed-out"))
                            .isEqualTo(before + 1));
        }
    }

    @ParameterizedTest
    @CsvSource({"/v1/traces, 413", "/api/v2/spans, 413", "/api/v1/spans, 413", "/api/traces, 413"})
    void stopsAnEndlessStream(String path, int status) throws Exception {
        // Given
        try (var socket = connect(Receiver.OTLP_HTTP)) {
            socket.getOutputStream()
                    .write(
                            ("POST "
                                            + path
                                            + " HTTP/1.1\r\nhost: a\r\ncontent-type: "
                                            + type(path)
                                            + "\r\ntransfer-encoding: chunked\r\n\r\n")
                                    .getBytes(US_ASCII));

            // When
            byte[] chunk = new byte[8 << 10];
            var writer =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    while (true) {
                                        socket.getOutputStream()
                                                .write("2000\r\n".getBytes(US_ASCII));
                                        socket.getOutputStream().write(chunk);
                                        socket.getOutputStream().write("\r\n".getBytes(US_ASCII));
                                    }
                                } catch (IOException _) {
                                    // Closed in the end.
                                }
                            });

            // Then
            assertThat(statusLine(socket)).startsWith("HTTP/1.1 " + status);
            assertThat(collector.inFlight()).isLessThanOrEqualTo(2.0 * TestCollector.MAX_REQUEST);
            assertThat(writer.join(Duration.ofSeconds(10))).isTrue();
        }
    }

    @Test
    void refusesALengthOverTheLimitBeforeAnyByte() throws Exception {
        // Given
        try (var socket = connect(Receiver.JAEGER_HTTP)) {
            // When
            socket.getOutputStream()
                    .write(
                            ("POST /api/traces HTTP/1.1\r\nhost: a\r\ncontent-type:"
                                            + " application/x-thrift\r\ncontent-length:"
                                            + " 99999999999\r\n\r\n")
                                    .getBytes(US_ASCII));

            // Then
            assertThat(statusLine(socket)).startsWith("HTTP/1.1 413");
        }
    }

    @Test
    void readsNoMoreThanTheLengthPromises() throws Exception {
        // Given
        byte[] body = Requests.named("a");
        try (var socket = connect(Receiver.OTLP_HTTP)) {
            // When
            socket.getOutputStream().write(head("content-length: " + body.length));
            socket.getOutputStream().write(body);
            socket.getOutputStream().write("garbage\r\n\r\n".getBytes(US_ASCII));

            // Then
            assertThat(statusLine(socket)).startsWith("HTTP/1.1 200");
            assertThat(collector.sink.spanNames()).containsExactly("a");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export, 10000, 3",
        "/zipkin.proto3.SpanService/Report, 10000, 3",
        "/jaeger.api_v2.CollectorService/PostSpans, 10000, 3",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export, 2147483647, 3",
        "/zipkin.proto3.SpanService/Report, 2147483647, 3",
        "/jaeger.api_v2.CollectorService/PostSpans, 2147483647, 3",
        "/jaeger.api_v2.CollectorService/PostSpans, -1, 3"
    })
    void refusesAMessageThatLiesAboutItsLength(String method, int promised, String status) {
        // Given
        byte[] frame = ByteBuffer.allocate(15).put((byte) 0).putInt(promised).array();
        var client =
                WebClient.of("h2c://127.0.0.1:" + collector.collector.port(Receiver.JAEGER_GRPC));

        // When
        var call = GrpcCall.sendFrame(client, method, frame);

        // Then
        assertThat(call.status()).isEqualTo(status);
    }

    @Test
    void closesWhatIsOverTheLimitAtOnce() throws Exception {
        // Given
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < MOST; i++) {
                sockets.add(connect(Receiver.OTLP_GRPC));
            }

            // When
            int closed = 0;
            for (int i = 0; i < 20; i++) {
                var one = connect(Receiver.OTLP_HTTP);
                sockets.add(one);
                closed += isClosed(one) ? 1 : 0;
            }

            // Then
            assertThat(closed).isEqualTo(20);
        } finally {
            for (var socket : sockets) {
                socket.close();
            }
        }
    }

    private static String type(String path) {
        return path.equals("/v1/traces") ? "application/x-protobuf" : "application/x-thrift";
    }

    private static Socket connect(Receiver receiver) throws IOException {
        var socket =
                new Socket(InetAddress.getLoopbackAddress(), collector.collector.port(receiver));
        socket.setSoTimeout(10_000);
        return socket;
    }

    private static byte[] head(String length) {
        return ("POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\n"
                        + length
                        + "\r\n\r\n")
                .getBytes(US_ASCII);
    }

    /// Sends one more byte of a header, after listening for a moment.
    private static boolean dribble(Socket socket) throws IOException {
        socket.setSoTimeout(50);
        try {
            return socket.getInputStream().read() >= 0;
        } catch (SocketTimeoutException _) {
            try {
                socket.getOutputStream().write('a');
                return true;
            } catch (SocketException _) {
                return false;
            }
        } catch (SocketException _) {
            return false;
        }
    }

    /// Waits for the end, whatever comes before it.
    private static boolean isClosed(Socket socket) throws IOException {
        try {
            while (socket.getInputStream().read() >= 0) {
                socket.setSoTimeout(10_000);
            }
            return true;
        } catch (SocketTimeoutException _) {
            return false;
        } catch (SocketException _) {
            return true;
        }
    }

    private static void skipUntilQuiet(Socket socket) throws IOException {
        byte[] rest = new byte[1024];
        try {
            while (socket.getInputStream().read(rest) >= 0) {
                Arrays.fill(rest, (byte) 0);
            }
        } catch (SocketTimeoutException _) {
            socket.setSoTimeout(10_000);
        }
    }

    private static String statusLine(Socket socket) throws IOException {
        var line = new StringBuilder();
        var in = socket.getInputStream();
        for (int next = in.read(); next >= 0 && next != '\r'; next = in.read()) {
            line.append((char) next);
        }
        return line.toString();
    }

    private static double cuts() {
        return collector.count("millrace.collector.connections.cut");
    }
}
