package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.server.OperatorServer.Answer;
import dev.millrace.server.config.MillraceConfig.EndpointConfig;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class OperatorServerTest {

    private static final EndpointConfig ANY_PORT = new EndpointConfig("127.0.0.1", 0);

    @Test
    void aPageThatFailsIsAnsweredWithWhatWentWrong() throws Exception {
        Function<String, Answer> failing =
                _ -> {
                    throw new IllegalStateException("no figures");
                };
        try (var server = new OperatorServer("metrics", ANY_PORT, Map.of("/metrics", failing))) {
            server.start();

            var answer = get(server, "/metrics");

            assertThat(answer.statusCode()).isEqualTo(500);
            assertThat(answer.body()).contains("metrics").contains("no figures");
        }
    }

    @Test
    void aPathThatIsNotThereIsAnsweredWithThoseThatAre() throws Exception {
        Function<String, Answer> page = _ -> new Answer(200, "text/plain", "ready");
        try (var server = new OperatorServer("health", ANY_PORT, Map.of("/ready", page))) {
            server.start();

            var answer = get(server, "/redy");

            assertThat(answer.statusCode()).isEqualTo(404);
            assertThat(answer.body()).contains("/ready");
        }
    }

    private static HttpResponse<String> get(OperatorServer server, String path)
            throws IOException, InterruptedException {
        try (var http = HttpClient.newHttpClient()) {
            return http.send(
                    HttpRequest.newBuilder(URI.create(server.address() + path)).build(),
                    BodyHandlers.ofString());
        }
    }
}
