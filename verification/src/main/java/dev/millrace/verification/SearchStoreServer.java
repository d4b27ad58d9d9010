package dev.millrace.verification;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.ServerTls;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Connection;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Credentials;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Indices;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Layout;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Rotation;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.TagsAsFields;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Writes;
import dev.millrace.storage.elasticsearch.ElasticsearchStore;
import dev.millrace.testkit.Certificates;
import dev.millrace.testkit.search.SearchServer;
import dev.millrace.wire.otlp.ProtoWriter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/// Elasticsearch or OpenSearch, as a [StoreServer].
///
/// It watches its disk and, where that gets full, lets nobody write to its indices until there is
/// room again. Both it does by itself.
final class SearchStoreServer implements StoreServer {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PREFIX = "proof";
    private static final ByteSize DISK = ByteSize.ofMebibytes(3_072);

    /// With less room nothing more is written.
    private static final int FLOOD_STAGE_MEBIBYTES = 400;

    /// Less than that, and enough for what comes before the server has noticed.
    private static final ByteSize ROOM = ByteSize.ofMebibytes(300);

    private static final Duration BLOCKED_WITHIN = Duration.ofSeconds(90);
    private static final Duration LOOK_EVERY = Duration.ofMillis(250);
    private static final int PAGE = 2_000;
    private static final long LAST_MINUTE = 100_000_000;

    private static final int RESOURCE_SPANS = 1;
    private static final int SCOPE_SPANS = 2;
    private static final int SPANS = 2;

    private final String name;
    private final SmallDisk disk;
    private final SearchServer server;

    private SearchStoreServer(String name, SmallDisk disk, SearchServer server) {
        this.name = name;
        this.disk = disk;
        this.server = server;
    }

    static SearchStoreServer launch(SearchServer.Kind kind) {
        String product =
                switch (kind) {
                    case OPENSEARCH -> "OpenSearch";
                    case ELASTICSEARCH -> "Elasticsearch";
                };
        return launch(product, home -> SearchServer.launch(kind, home));
    }

    /// One that speaks TLS alone, and asks who comes.
    ///
    /// @param distribution of Elasticsearch, unpacked
    static SearchStoreServer launch(Path distribution) {
        return launch(
                "Elasticsearch",
                home ->
                        SearchServer.launch(
                                distribution, home, guard(home.resolveSibling("certificates"))));
    }

    private static SearchServer.Guard guard(Path directory) {
        try {
            var certificates = new Certificates(Files.createDirectory(directory));
            var node = certificates.serverOf("localhost");
            var login =
                    new SearchServer.Login(certificates.authorityFile(), "tracing", "of-the-proof");
            return new SearchServer.Guard(node.certificate(), node.key(), login);
        } catch (IOException e) {
            throw new UncheckedIOException(directory + ": no place for certificates", e);
        }
    }

    private static SearchStoreServer launch(String product, Function<Path, SearchServer> launcher) {
        var disk = SmallDisk.mounted(DISK);
        try {
            var server = launcher.apply(Files.createDirectory(disk.path().resolve("server")));
            var store = new SearchStoreServer(product + " " + version(server), disk, server);
            store.watchTheDisk();
            return store;
        } catch (IOException e) {
            throw new UncheckedIOException(disk.path() + ": no place for a server", e);
        }
    }

    private static String version(SearchServer server) {
        return json(server.request("GET", "/_nodes/_local?filter_path=nodes.*.version", ""))
                .path("nodes")
                .elements()
                .next()
                .path("version")
                .asText();
    }

    private void watchTheDisk() {
        var answer =
                ask(
                        "PUT",
                        "/_cluster/settings",
                        """
                        {"persistent": {
                          "cluster.info.update.interval": "10s",
                          "cluster.routing.allocation.disk.threshold_enabled": true,
                          "cluster.routing.allocation.disk.watermark.low": "%dmb",
                          "cluster.routing.allocation.disk.watermark.high": "%dmb",
                          "cluster.routing.allocation.disk.watermark.flood_stage": "%dmb"
                        }}
                        """
                                .formatted(
                                        FLOOD_STAGE_MEBIBYTES + 200,
                                        FLOOD_STAGE_MEBIBYTES + 100,
                                        FLOOD_STAGE_MEBIBYTES));
        if (!answer.path("acknowledged").asBoolean()) {
            throw new IllegalStateException("watermarks not set: " + answer);
        }
    }

    SearchServer server() {
        return server;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Map<String, String> settings() {
        var settings =
                new HashMap<>(
                        Map.of(
                                "storage.type", "elasticsearch",
                                "storage.elasticsearch.urls", server.uri().toString(),
                                "storage.elasticsearch.index-prefix", PREFIX,
                                "storage.elasticsearch.shards", "1",
                                "storage.elasticsearch.replicas", "0"));
        server.login()
                .ifPresent(login ->
                        settings.putAll(
                                Map.of(
                                        "storage.elasticsearch.username", login.user(),
                                        "storage.elasticsearch.password", login.password(),
                                        "storage.elasticsearch.certificate-authority",
                                                login.authority().toString())));
        return settings;
    }

    private Connection connection() {
        var usual = Connection.to(server.uri());
        return server.login()
                .map(login ->
                        new Connection(
                                usual.urls(),
                                new Credentials(login.user(), login.password(), ""),
                                new ServerTls(login.authority(), null, null),
                                usual.requestTimeout()))
                .orElse(usual);
    }

    @Override
    public void kill() {
        server.kill();
    }

    @Override
    public void stop() {
        server.stop();
    }

    @Override
    public void start() {
        server.start();
    }

    @Override
    public void freeze() {
        server.freeze();
    }

    @Override
    public void thaw() {
        server.thaw();
    }

    @Override
    public String fillDisk() {
        disk.leave(ROOM);
        long deadline = System.nanoTime() + BLOCKED_WITHIN.toNanos();
        while (!isBlocked()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        name
                                + ": still writes with "
                                + ROOM
                                + " of disk after "
                                + BLOCKED_WITHIN
                                + " (expected: a block)");
            }
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
            // It has ways to make room.
            disk.leave(ROOM);
        }
        return "blocks its indices";
    }

    private boolean isBlocked() {
        return server.request("GET", "/" + PREFIX + "-*/_settings", "")
                .contains("read_only_allow_delete");
    }

    @Override
    public String freeDisk() {
        disk.free();
        return "lifts the block by itself when there is room";
    }

    @Override
    public Map<TraceId, List<Slice>> spans() {
        ask("POST", "/" + PREFIX + "-*/_refresh", "");
        var spans = new HashMap<TraceId, List<Slice>>();
        var page =
                ask(
                        "POST",
                        "/" + PREFIX + "-jaeger-span-*/_search?scroll=2m",
                        """
                        {"size": %d, "sort": ["_doc"], "_source": ["traceID", "millrace"]}
                        """
                                .formatted(PAGE));
        while (!page.path("hits").path("hits").isEmpty()) {
            for (var hit : page.path("hits").path("hits")) {
                var source = hit.path("_source");
                spans.computeIfAbsent(
                                TraceId.parse(source.path("traceID").asText()),
                                _ -> new ArrayList<>(1))
                        .add(body(source.path("millrace")));
            }
            page =
                    ask(
                            "POST",
                            "/_search/scroll",
                            """
                            {"scroll": "2m", "scroll_id": "%s"}
                            """
                                    .formatted(page.path("_scroll_id").asText()));
        }
        return spans;
    }

    // TracesData of one span, out of the parts of it that the document has.
    private static Slice body(JsonNode exact) {
        var resource = bytes(exact, "resource");
        var scope = bytes(exact, "scope");
        var span = bytes(exact, "span");
        int inScope = scope.length() + ProtoWriter.lengthDelimitedSize(SPANS, span.length());
        int inResource = resource.length() + ProtoWriter.lengthDelimitedSize(SCOPE_SPANS, inScope);
        return new ProtoWriter(inResource + 16)
                .header(RESOURCE_SPANS, inResource)
                .raw(resource.array(), resource.offset(), resource.length())
                .header(SCOPE_SPANS, inScope)
                .raw(scope.array(), scope.offset(), scope.length())
                .bytes(SPANS, span)
                .finish();
    }

    private static Slice bytes(JsonNode exact, String field) {
        try {
            byte[] bytes = exact.path(field).binaryValue();
            if (bytes == null) {
                throw new IllegalStateException(
                        "millrace." + field + ": " + exact.path(field) + " (expected: base64)");
            }
            return Slice.of(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public List<DependencyMinute> figures() {
        var indices =
                new Indices(PREFIX, Layout.DAILY, "-", Rotation.DAY, Rotation.DAY, 1, 0, false);
        var config =
                new ElasticsearchConfig(connection(), indices, TagsAsFields.NONE, Writes.DEFAULT);
        try (var store = new ElasticsearchStore(config, new SimpleMeterRegistry())) {
            store.start();
            return store.dependencies(Tenant.DEFAULT, 0, LAST_MINUTE);
        }
    }

    private JsonNode ask(String method, String path, String body) {
        var answer = json(server.request(method, path, body));
        if (answer.has("error")) {
            throw new IllegalStateException(path + ": " + answer.path("error"));
        }
        return answer;
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } finally {
            disk.close();
        }
    }
}
