package dev.millrace.storage.elasticsearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.millrace.testkit.Certificates;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Base64;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// TLS and passwords before a server that has neither, as proxies have them, and as a server with
/// security of its own answers.
final class FrontDoor implements AutoCloseable {

    static final String USER = "tracing";
    static final String PASSWORD = "of-the-tests";
    static final String API_KEY =
            Base64.getEncoder().encodeToString("key:of-the-tests".getBytes(UTF_8));

    private static final String REFUSAL =
            """
            {"error": {"root_cause": [{"type": "security_exception",
              "reason": "unable to authenticate for REST request [/]"}],
              "type": "security_exception",
              "reason": "unable to authenticate for REST request [/]"},
             "status": 401}
            """;

    private final URI behind;
    private final Set<String> welcome;
    private final HttpsServer server;
    private final HttpClient client = HttpClient.newHttpClient();
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();

    /// @param behind the server that those who are let in reach
    FrontDoor(URI behind, Certificates certificates) throws IOException {
        this.behind = behind;
        var pair = (USER + ":" + PASSWORD).getBytes(UTF_8);
        this.welcome =
                Set.of("Basic " + Base64.getEncoder().encodeToString(pair), "ApiKey " + API_KEY);
        this.server =
                HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(
                new HttpsConfigurator(certificates.context(certificates.serverOf("localhost"))));
        server.setExecutor(executor);
        server.createContext("/", this::answer);
        server.start();
    }

    URI uri() {
        return URI.create("https://localhost:" + server.getAddress().getPort());
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            String who = exchange.getRequestHeaders().getFirst("Authorization");
            if (who == null || !welcome.contains(who)) {
                send(exchange, 401, REFUSAL.getBytes(UTF_8));
                return;
            }
            var request =
                    HttpRequest.newBuilder(behind.resolve(exchange.getRequestURI().toString()))
                            .method(exchange.getRequestMethod(), BodyPublishers.ofByteArray(body));
            String type = exchange.getRequestHeaders().getFirst("Content-Type");
            if (type != null) {
                request.header("Content-Type", type);
            }
            var answer = client.send(request.build(), BodyHandlers.ofByteArray());
            answer.headers()
                    .firstValue("X-elastic-product")
                    .ifPresent(
                            name -> exchange.getResponseHeaders().set("X-elastic-product", name));
            send(exchange, answer.statusCode(), answer.body());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
    }

    @Override
    public void close() {
        server.stop(0);
        executor.shutdownNow();
        client.shutdownNow();
    }
}
