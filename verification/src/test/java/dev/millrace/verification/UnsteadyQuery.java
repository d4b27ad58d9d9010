package dev.millrace.verification;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// Stands before the query role and passes on what it is asked, or does what goes wrong in between.
final class UnsteadyQuery implements AutoCloseable {

    /// What partial answers say.
    static final String REASON = "the store of last year did not answer";

    /// What becomes of questions to `/v1`; the page itself is always served.
    enum Mood {
        STEADY,
        /// Connections end without an answer.
        AWAY,
        /// No answer until the mood changes.
        SLOW,
        /// Answers say that they are not whole.
        PARTIAL
    }

    private static final List<String> PASSED_ON =
            List.of("content-type", "content-security-policy", "cache-control");

    private final URI query;
    private final HttpClient http = HttpClient.newHttpClient();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private HttpServer server;
    private Mood mood = Mood.STEADY;

    /// @param query what it stands before
    UnsteadyQuery(URI query) {
        this.query = query;
        this.server = listen(0);
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    synchronized void is(Mood next) {
        mood = next;
        notifyAll();
    }

    /// Takes no connections at all.
    void stop() {
        server.stop(0);
    }

    /// Takes them again, where it did before.
    void startAgain() {
        server = listen(server.getAddress().getPort());
    }

    private HttpServer listen(int port) {
        try {
            var opened =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            opened.setExecutor(threads);
            opened.createContext("/", this::handle);
            opened.start();
            return opened;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            var path = exchange.getRequestURI();
            var now = path.getPath().startsWith("/v1/") ? awaitMood() : Mood.STEADY;
            if (now == Mood.AWAY) {
                return;
            }
            var request = HttpRequest.newBuilder(query.resolve(path.toString()));
            var accepted = exchange.getRequestHeaders().getFirst("Accept");
            if (accepted != null) {
                request.header("Accept", accepted);
            }
            var answer = http.send(request.build(), BodyHandlers.ofByteArray());
            for (var name : PASSED_ON) {
                answer.headers()
                        .firstValue(name)
                        .ifPresent(value -> exchange.getResponseHeaders().set(name, value));
            }
            byte[] body = answer.body();
            if (now == Mood.PARTIAL && answer.statusCode() == 200) {
                exchange.getResponseHeaders().set("Millrace-Partial", REASON);
                body = partial(body);
            }
            exchange.sendResponseHeaders(answer.statusCode(), body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized Mood awaitMood() throws InterruptedException {
        while (mood == Mood.SLOW) {
            wait();
        }
        return mood;
    }

    /// OTLP says so in the header alone.
    private static byte[] partial(byte[] body) {
        if (body.length == 0 || body[0] != '{') {
            return body;
        }
        var json = new String(body, UTF_8);
        var gap = "{\"partial\":true,\"reasons\":[\"" + REASON + "\"],";
        return (gap + json.substring(1)).getBytes(UTF_8);
    }

    @Override
    public void close() {
        is(Mood.AWAY);
        server.stop(0);
        threads.shutdownNow();
        http.shutdownNow();
    }
}
