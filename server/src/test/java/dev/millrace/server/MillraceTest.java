package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.ConfigSources;
import dev.millrace.server.config.MillraceConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class MillraceTest {

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private final List<String> closed = new ArrayList<>();

    @AfterAll
    static void closeClient() {
        CLIENT.close();
    }

    private static MillraceConfig config(String... settings) throws ConfigException {
        return new ConfigSources()
                .flags(List.of("health.port=0", "metrics.port=0", "stop-deadline=10s"))
                .flags(List.of(settings))
                .load()
                .values();
    }

    private static Millrace millrace(Wiring wiring, String... settings) throws ConfigException {
        return new Millrace(config(settings), wiring, Clock.systemUTC());
    }

    private static HttpResponse<String> get(String address, String... headers)
            throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(address)).timeout(Duration.ofSeconds(10));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return CLIENT.send(request.build(), BodyHandlers.ofString());
    }

    private static String health(Millrace millrace, String page) {
        return millrace.addresses().getOrDefault("health", "").replace("/status", page);
    }

    private static JsonNode json(HttpResponse<String> response) throws IOException {
        return new ObjectMapper().readTree(response.body());
    }

    @Test
    void isReadyWhenEveryPartIsUpAndSaysWhichOneIsNot() throws Exception {
        // Given
        var store = new AtomicReference<>(PartState.down("no space left"));
        Wiring wiring =
                parts -> {
                    parts.push("store", () -> closed.add("store"), store::get);
                    parts.push("collector", () -> closed.add("collector"), PartState::up);
                    parts.listening("OTLP", "http://127.0.0.1:4318");
                };
        try (var millrace = millrace(wiring)) {
            millrace.start();

            // When
            var down = get(health(millrace, "/ready"));
            var live = get(health(millrace, "/live"));
            store.set(PartState.up());
            var up = get(health(millrace, "/ready"));

            // Then
            assertThat(down.statusCode()).isEqualTo(503);
            assertThat(json(down).at("/ready").asBoolean()).isFalse();
            assertThat(json(down).at("/phase").asText()).isEqualTo("serving");
            assertThat(json(down).at("/parts/0"))
                    .isEqualTo(
                            new ObjectMapper()
                                    .readTree(
                                            """
                                            {"name":"store","state":"down","reason":"no space left"}
                                            """));
            assertThat(json(down).at("/parts/1/state").asText()).isEqualTo("up");
            assertThat(json(down).at("/addresses/OTLP").asText()).endsWith(":4318");
            assertThat(live.statusCode()).isEqualTo(200);
            assertThat(up.statusCode()).isEqualTo(200);
            assertThat(json(up).at("/ready").asBoolean()).isTrue();
        }
        assertThat(closed).containsExactly("collector", "store");
    }

    @Test
    void aCheckThatFailsIsAPartThatIsDown() throws Exception {
        // Given
        Wiring wiring =
                parts ->
                        parts.push(
                                "store",
                                () -> closed.add("store"),
                                () -> {
                                    throw new IllegalStateException("closed");
                                });
        try (var millrace = millrace(wiring)) {
            millrace.start();

            // When
            var status = json(get(health(millrace, "/status")));

            // Then
            assertThat(status.at("/parts/0/state").asText()).isEqualTo("down");
            assertThat(status.at("/parts/0/reason").asText()).contains("closed");
        }
    }

    @Test
    void answersHealthAndIsNotReadyWhilePartsAreOpened() throws Exception {
        // Given
        int port = freePort();
        var answers = new ArrayList<HttpResponse<String>>();
        Wiring wiring =
                _ -> {
                    answers.add(get("http://127.0.0.1:" + port + "/ready"));
                    answers.add(get("http://127.0.0.1:" + port + "/live"));
                };

        // When
        try (var millrace = millrace(wiring, "health.port=" + port)) {
            millrace.start();
        }

        // Then
        assertThat(answers).extracting(HttpResponse::statusCode).containsExactly(503, 200);
        assertThat(json(answers.getFirst()).at("/phase").asText()).isEqualTo("starting");
    }

    @Test
    void servesMetricsOfTheProcessAndOfItsParts() throws Exception {
        // Given
        Wiring wiring =
                parts -> {
                    parts.push("store", () -> closed.add("store"), PartState::up);
                    parts.push("broker", () -> closed.add("broker"), () -> PartState.down("away"));
                    parts.meters().counter("millrace.spans.received").increment(3);
                };
        try (var millrace = millrace(wiring)) {
            millrace.start();
            String address = millrace.addresses().getOrDefault("metrics", "");

            // When
            var text = get(address);
            var open = get(address, "Accept", "application/openmetrics-text");

            // Then
            assertThat(text.statusCode()).isEqualTo(200);
            assertThat(text.headers().firstValue("content-type").orElse("")).contains("0.0.4");
            assertThat(text.body())
                    .contains("millrace_part_up{part=\"store\"} 1")
                    .contains("millrace_part_up{part=\"broker\"} 0")
                    .contains("millrace_spans_received_total 3.0")
                    .contains("millrace_info{version=")
                    .contains("jvm_memory_used_bytes")
                    .contains("process_uptime_seconds")
                    .contains("logback_events_total");
            assertThat(open.body()).endsWith("# EOF\n");
        }
    }

    @Test
    void namesThePagesForAPathThereIsNot() throws Exception {
        try (var millrace = millrace(_ -> {})) {
            millrace.start();

            // When
            var answer = get(health(millrace, "/healthz"));

            // Then
            assertThat(answer.statusCode()).isEqualTo(404);
            assertThat(answer.body()).isEqualTo("Here are: /, /live, /ready, /status\n");
        }
    }

    @Test
    void closesWhatWasOpenedWhenAPartCannotStart() throws Exception {
        // Given
        Wiring wiring =
                parts -> {
                    parts.push("store", () -> closed.add("store"));
                    throw new IOException("broker: port 9092 is taken");
                };
        try (var millrace = millrace(wiring)) {

            // When
            assertThatExceptionOfType(StartException.class)
                    .isThrownBy(millrace::start)
                    .withMessage("cannot start: java.io.IOException: broker: port 9092 is taken");

            // Then
            assertThat(closed).containsExactly("store");
            assertThat(millrace.phase()).isInstanceOf(Phase.Stopped.class);
        }
    }

    @Test
    void saysWhichPortIsTaken() throws Exception {
        // Given
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                var millrace = millrace(_ -> {}, "health.port=" + taken.getLocalPort())) {

            // When, then
            assertThatExceptionOfType(StartException.class)
                    .isThrownBy(millrace::start)
                    .withMessageStartingWith(
                            "health: cannot listen on 127.0.0.1:%d", taken.getLocalPort())
                    .withMessageContaining("health.port");
        }
    }

    @Test
    void stopsAtTheDeadlineThoughAPartHangs() throws Exception {
        // Given
        var never = new CountDownLatch(1);
        Wiring wiring =
                parts -> {
                    parts.push("store", () -> closed.add("store"));
                    parts.push("collector", never::await);
                };
        var millrace = millrace(wiring, "stop-deadline=100ms");
        millrace.start();

        // When
        millrace.close();

        // Then
        assertThat(millrace.phase()).isInstanceOf(Phase.Stopped.class);
        assertThat(closed).isEmpty();
        assertThatCode(millrace::awaitStop).doesNotThrowAnyException();
        never.countDown();
    }

    @Test
    void isNotReadyWhileItStops() throws Exception {
        // Given
        var answers = new ArrayList<HttpResponse<String>>();
        var address = new AtomicReference<String>("");
        Wiring wiring = parts -> parts.push("store", () -> answers.add(get(address.get())));
        try (var millrace = millrace(wiring)) {
            millrace.start();
            address.set(health(millrace, "/ready"));
        }

        // Then
        assertThat(answers).extracting(HttpResponse::statusCode).containsExactly(503);
        assertThat(json(answers.getFirst()).at("/phase").asText()).isEqualTo("draining");
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
