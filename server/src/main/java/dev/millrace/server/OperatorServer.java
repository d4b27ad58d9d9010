package dev.millrace.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.millrace.server.config.MillraceConfig.EndpointConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A small HTTP server for operators and their tools: health on one port, metrics on another.
///
/// It is the JDK's, with threads of its own, so that it answers however busy the event loops of the
/// receivers are, is there before anything else is loaded, and stops at once.
final class OperatorServer implements AutoCloseable {

    /// What is sent back.
    record Answer(int status, String type, String body) {}

    private static final Logger LOG = LoggerFactory.getLogger(OperatorServer.class);

    private final String name;
    private final EndpointConfig endpoint;
    private final Map<String, Function<String, Answer>> pages;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private volatile @Nullable HttpServer server;

    /// @param name the section of the configuration that says where it listens
    /// @param pages what to answer for each path, given the request's `Accept` header
    OperatorServer(
            String name, EndpointConfig endpoint, Map<String, Function<String, Answer>> pages) {
        this.name = name;
        this.endpoint = endpoint;
        this.pages = Map.copyOf(pages);
    }

    void start() throws StartException {
        try {
            var opened =
                    HttpServer.create(new InetSocketAddress(endpoint.host(), endpoint.port()), 0);
            opened.createContext("/", this::handle);
            opened.setExecutor(threads);
            opened.start();
            server = opened;
        } catch (IOException e) {
            throw new StartException(
                    "%s: cannot listen on %s:%d: %s (%s.host and %s.port say where to listen)"
                            .formatted(
                                    name,
                                    endpoint.host(),
                                    endpoint.port(),
                                    e.getMessage(),
                                    name,
                                    name),
                    e);
        }
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            var page = pages.get(exchange.getRequestURI().getPath());
            String accept = exchange.getRequestHeaders().getFirst("Accept");
            send(exchange, page == null ? notFound() : read(page, accept == null ? "" : accept));
        }
    }

    // Whatever were thrown here would close the connection, without an answer and without a word.
    private Answer read(Function<String, Answer> page, String accept) {
        try {
            return page.apply(accept);
        } catch (RuntimeException e) {
            LOG.atError().addKeyValue("server", name).setCause(e).log("A page cannot be written");
            return new Answer(500, "text/plain; charset=utf-8", name + ": " + e + "\n");
        }
    }

    private Answer notFound() {
        var known = String.join(", ", pages.keySet().stream().sorted().toList());
        return new Answer(404, "text/plain; charset=utf-8", "Here are: " + known + "\n");
    }

    private static void send(HttpExchange exchange, Answer answer) throws IOException {
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", answer.type());
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(answer.status(), head ? -1 : body.length);
        if (!head) {
            exchange.getResponseBody().write(body);
        }
    }

    /// The address to call, without a path: `http://127.0.0.1:13133`.
    ///
    /// @throws IllegalStateException before [#start()]
    String address() {
        var started = server;
        if (started == null) {
            throw new IllegalStateException(name + ": not started");
        }
        return "http://" + endpoint.host() + ":" + started.getAddress().getPort();
    }

    @Override
    public void close() {
        var started = server;
        if (started != null) {
            started.stop(0);
        }
        threads.shutdownNow();
    }
}
