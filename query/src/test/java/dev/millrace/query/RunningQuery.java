package dev.millrace.query;

import dev.millrace.access.Entrance;
import dev.millrace.query.system.SystemView;
import dev.millrace.storage.api.DecisionLookup;
import dev.millrace.storage.api.TraceStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// A query server on a free port over a store in memory, and a client for it.
final class RunningQuery implements AutoCloseable {

    final MemoryTraceStore store = new MemoryTraceStore();
    final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(20)).build();
    private final QueryServer server;

    RunningQuery() {
        this(new QueryConfig("127.0.0.1", 0, Duration.ofSeconds(20), 1500, 16));
    }

    RunningQuery(QueryConfig config) {
        server = serve(config, store);
    }

    /// Over a store of the caller's instead of the one in memory.
    RunningQuery(TraceStore asked) {
        this(ZipkinConfig.DEFAULT, asked);
    }

    /// Answers from a store of the caller's, and leaves its own alone.
    RunningQuery(ZipkinConfig zipkin, TraceStore asked) {
        var patience = Duration.ofSeconds(20);
        server =
                serve(
                        new QueryConfig(
                                "127.0.0.1", 0, patience, 1500, 16, zipkin, JaegerConfig.DEFAULT),
                        asked);
    }

    /// With an archive and Jaeger's services over gRPC.
    RunningQuery(TraceStore asked, @Nullable TraceArchive archive, JaegerConfig jaeger) {
        var config =
                new QueryConfig(
                        "127.0.0.1",
                        0,
                        Duration.ofSeconds(20),
                        1500,
                        16,
                        ZipkinConfig.DEFAULT,
                        jaeger);
        server =
                new QueryServer(
                        config,
                        asked,
                        DecisionLookup.none("none here"),
                        SystemView.none("none here"),
                        archive,
                        registry,
                        InstantSource.fixed(SampleTraces.NOW),
                        Entrance.open(registry));
        server.start();
    }

    /// Tells of decisions, too.
    RunningQuery(TraceStore asked, DecisionLookup decisions) {
        server =
                new QueryServer(
                        new QueryConfig("127.0.0.1", 0, Duration.ofSeconds(20), 1500, 16),
                        asked,
                        decisions,
                        SystemView.none("none here"),
                        null,
                        registry,
                        InstantSource.fixed(SampleTraces.NOW),
                        Entrance.open(registry));
        server.start();
    }

    /// Sees a system, too, of the caller's making.
    RunningQuery(SystemView system) {
        server =
                new QueryServer(
                        new QueryConfig("127.0.0.1", 0, Duration.ofSeconds(20), 1500, 16),
                        store,
                        DecisionLookup.none("none here"),
                        system,
                        null,
                        registry,
                        InstantSource.fixed(SampleTraces.NOW),
                        Entrance.open(registry));
        server.start();
    }

    /// The same, with any settings.
    RunningQuery(QueryConfig config, TraceStore asked) {
        server = serve(config, asked);
    }

    private QueryServer serve(QueryConfig config, TraceStore asked) {
        var opened =
                new QueryServer(config, asked, registry, InstantSource.fixed(SampleTraces.NOW));
        opened.start();
        return opened;
    }

    InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
    }

    int grpcPort() {
        return server.grpcPort();
    }

    HttpResponse<String> post(String path, String body) {
        var request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                        .timeout(Duration.ofSeconds(30))
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build();
        return client.sendAsync(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8))
                .join();
    }

    /// @param headers names and values in turn
    HttpResponse<String> get(String path, String... headers) {
        return send("GET", path, headers).join();
    }

    CompletableFuture<HttpResponse<String>> send(String method, String path, String... headers) {
        return client.sendAsync(
                request(method, path, headers),
                HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
    }

    HttpResponse<byte[]> getBytes(String path, String... headers) {
        return client.sendAsync(
                        request("GET", path, headers), HttpResponse.BodyHandlers.ofByteArray())
                .join();
    }

    /// The text of a file beside the tests.
    static String golden(String name) {
        try (var in = RunningQuery.class.getResourceAsStream(name)) {
            return in == null
                    ? name + " is missing"
                    : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
        server.close();
    }

    private HttpRequest request(String method, String path, String... headers) {
        var request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                        .timeout(Duration.ofSeconds(30))
                        .method(method, HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return request.build();
    }
}
