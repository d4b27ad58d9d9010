package dev.millrace.verification;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.TraceId;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Clients that hold connections, dribble, lie or never end harm nobody else.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Isolated("what it measures depends on the machine")
final class AbuseTest {

    private static final int IDLE_CONNECTIONS = 10_000;
    private static final int DRIBBLERS = 200;
    private static final int LIARS = 20;
    private static final long MEBIBYTE = 1 << 20;
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final List<TraceId> sentAfterwards = new ArrayList<>();
    private RunningMillrace millrace;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        millrace =
                new RunningMillrace(
                        directory,
                        Map.of(
                                "collector.request-timeout",
                                REQUEST_TIMEOUT.toSeconds() + "s",
                                "collector.max-request",
                                "4MiB",
                                "collector.max-in-flight",
                                "16MiB"));
        millrace.start();
    }

    @AfterEach
    void theNextGoodRequestIsTaken() throws Exception {
        sendsWell();
    }

    @AfterAll
    void everyGoodRequestIsStored() {
        try {
            assertThat(sentAfterwards)
                    .isNotEmpty()
                    .allSatisfy(traceId -> millrace.awaitTrace(traceId, 1));
        } finally {
            millrace.stop();
            millrace.close();
        }
    }

    @Test
    void tenThousandIdleConnectionsAreKeptAndTakeLittle() throws Exception {
        // Given
        long before = ProcessUsage.of(millrace.pid()).residentBytes();
        var connections = new ArrayList<SocketChannel>();
        try {
            // When
            for (int i = 0; i < IDLE_CONNECTIONS; i++) {
                connections.add(SocketChannel.open(address(millrace.otlp("http"))));
            }

            // Then
            assertThat(connections)
                    .allSatisfy(connection -> assertThat(connection.isOpen()).isTrue());
            for (int i = 0; i < 20; i++) {
                sendsWell();
            }
            long grown = ProcessUsage.of(millrace.pid()).residentBytes() - before;
            assertThat(grown / IDLE_CONNECTIONS).as("bytes a connection").isLessThan(64 << 10);
        } finally {
            for (var connection : connections) {
                connection.close();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"headers", "body"})
    void thoseWhoDribbleAreCutOffAndHoldUpNobody(String part) throws Exception {
        // Given
        String start =
                switch (part) {
                    case "headers" -> "POST /v1/traces HTTP/1.1\r\nHost: a\r\nX-Slow: ";
                    default -> post(100_000);
                };
        var sockets = new ArrayList<Socket>();
        for (int i = 0; i < DRIBBLERS; i++) {
            sockets.add(connected(millrace.otlp("http")));
            sockets.getLast().getOutputStream().write(start.getBytes(US_ASCII));
        }

        // When
        try (var pace = Executors.newSingleThreadScheduledExecutor()) {
            var dribbling =
                    pace.scheduleAtFixedRate(
                            () -> sockets.forEach(AbuseTest::dribble), 0, 100, MILLISECONDS);

            // Then
            for (int i = 0; i < 20; i++) {
                sendsWell();
            }
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(sockets).allMatch(AbuseTest::isCut));
            dribbling.cancel(false);
        } finally {
            for (var socket : sockets) {
                socket.close();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {5 * MEBIBYTE, 10_000_000_000L, Long.MAX_VALUE})
    void aLengthBeyondTheLimitIsRefusedBeforeTheBody(long length) throws Exception {
        // When
        String answer = exchange(post(length));

        // Then
        assertThat(answer).startsWith("HTTP/1.1 413");
    }

    @Test
    void whoSendsLessThanAnnouncedGetsNothingButHisTimeout() throws Exception {
        // Given
        var liars = new ArrayList<Socket>();
        try {
            // When
            for (int i = 0; i < LIARS; i++) {
                var liar = connected(millrace.otlp("http"));
                liars.add(liar);
                liar.getOutputStream().write((post(4_000_000) + "short").getBytes(US_ASCII));
            }

            // Then
            sendsWell();
            for (var liar : liars) {
                assertThat(answer(liar)).startsWith("HTTP/1.1 503");
            }
            assertThat(millrace.metric("millrace_collector_inflight_bytes")).isZero();
        } finally {
            for (var liar : liars) {
                liar.close();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/traces", "/api/v2/spans", "/api/traces"})
    void anEndlessStreamIsRefusedAtTheLimit(String path) throws Exception {
        // Given
        byte[] chunk = ("10000\r\n" + " ".repeat(0x10000) + "\r\n").getBytes(US_ASCII);
        try (var socket = connected(millrace.otlp("http"))) {
            var out = socket.getOutputStream();
            out.write(
                    ("POST "
                                    + path
                                    + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                                    + "Transfer-Encoding: chunked\r\n\r\n")
                            .getBytes(US_ASCII));

            // When
            long sent = 0;
            try {
                while (sent < 1_000 * MEBIBYTE && socket.getInputStream().available() == 0) {
                    out.write(chunk);
                    sent += 0x10000;
                }
            } catch (SocketException _) {
                // Cut off in the middle of a chunk: as good as an answer.
            }

            // Then
            assertThat(sent).isLessThan(100 * MEBIBYTE);
        }
    }

    /// The head of a request that announces so many bytes.
    private static String post(long length) {
        return """
        POST /v1/traces HTTP/1.1\r
        Host: a\r
        Content-Type: application/x-protobuf\r
        Content-Length: %d\r
        \r
        """
                .formatted(length);
    }

    private static void dribble(Socket socket) {
        try {
            socket.getOutputStream().write('a');
        } catch (IOException _) {
            // Cut off, as it should be.
        }
    }

    private static boolean isCut(Socket socket) {
        try {
            socket.setSoTimeout(1);
            // An answer may come first.
            return socket.getInputStream().read(new byte[4096]) < 0;
        } catch (SocketTimeoutException _) {
            return false;
        } catch (IOException _) {
            return true;
        }
    }

    private String exchange(String request) throws IOException {
        try (var socket = connected(millrace.otlp("http"))) {
            socket.getOutputStream().write(request.getBytes(US_ASCII));
            return answer(socket);
        }
    }

    private static String answer(Socket socket) throws IOException {
        socket.setSoTimeout((int) PATIENCE.toMillis());
        byte[] answer = new byte[4096];
        int length = socket.getInputStream().read(answer);
        return length < 0 ? "" : new String(answer, 0, length, US_ASCII);
    }

    private static Socket connected(String target) throws IOException {
        var socket = new Socket();
        socket.setTcpNoDelay(true);
        socket.connect(address(target), (int) PATIENCE.toMillis());
        return socket;
    }

    private static InetSocketAddress address(String target) {
        return new InetSocketAddress(
                InetAddress.getLoopbackAddress(), URI.create(target).getPort());
    }

    private void sendsWell() throws IOException, InterruptedException {
        var traceId = Otlp.newTraceId();
        byte[] body = Otlp.request(Otlp.of("well", Otlp.span(traceId, 1, "well")));
        assertThat(millrace.post(RunningMillrace.PROTOBUF, body).statusCode()).isEqualTo(200);
        sentAfterwards.add(traceId);
    }
}
