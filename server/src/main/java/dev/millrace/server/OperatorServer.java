package dev.millrace.server;

import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import dev.millrace.server.config.MillraceConfig.EndpointConfig;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/// A small HTTP server for operators and their tools: health on one port, metrics on another.
final class OperatorServer implements AutoCloseable {

    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(5);
    private static final long STOP_SECONDS = 5;

    private final String name;
    private final EndpointConfig endpoint;
    private final Server server;

    /// @param name the section of the configuration that says where it listens
    OperatorServer(String name, EndpointConfig endpoint, Consumer<ServerBuilder> services) {
        this.name = name;
        this.endpoint = endpoint;
        var builder =
                Server.builder()
                        .http(new InetSocketAddress(endpoint.host(), endpoint.port()))
                        .requestTimeout(REQUEST_TIMEOUT);
        services.accept(builder);
        server = builder.build();
    }

    void start() throws StartException {
        try {
            server.start().join();
        } catch (CompletionException e) {
            throw new StartException(
                    "%s: cannot listen on %s:%d (%s); %s.host and %s.port say where"
                            .formatted(
                                    name,
                                    endpoint.host(),
                                    endpoint.port(),
                                    rootMessage(e),
                                    name,
                                    name),
                    e);
        }
    }

    private static String rootMessage(Throwable failure) {
        var root = failure;
        for (var cause = root; cause != null; cause = cause.getCause()) {
            root = cause;
        }
        return root.getMessage() == null ? root.toString() : root.getMessage();
    }

    /// The address to call, without a path: `http://127.0.0.1:13133`.
    String address() {
        return "http://" + endpoint.host() + ":" + server.activeLocalPort();
    }

    @Override
    public void close() {
        try {
            var _ = server.stop().get(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            throw new IllegalStateException(name + ": did not stop", e);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
