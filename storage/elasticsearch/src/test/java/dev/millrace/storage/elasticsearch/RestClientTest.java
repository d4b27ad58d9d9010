package dev.millrace.storage.elasticsearch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.millrace.model.ByteSize;
import dev.millrace.storage.api.ServerTls;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Connection;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Credentials;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Indices;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Refresh;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Writes;
import dev.millrace.testkit.Certificates;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What is between us and the servers: the network, proxies, certificates.
@Timeout(30)
final class RestClientTest {

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final AtomicInteger asked = new AtomicInteger();
    private final CountDownLatch over = new CountDownLatch(1);
    private @Nullable HttpServer server;

    private interface Reply {
        void to(HttpExchange exchange) throws IOException, InterruptedException;
    }

    private URI serving(HttpServer made, String scheme, Reply reply) {
        server = made;
        made.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        made.createContext(
                "/",
                exchange -> {
                    asked.incrementAndGet();
                    try (exchange) {
                        reply.to(exchange);
                    } catch (InterruptedException _) {
                        Thread.currentThread().interrupt();
                    }
                });
        made.start();
        return URI.create(scheme + "://127.0.0.1:" + made.getAddress().getPort());
    }

    private URI serving(Reply reply) throws IOException {
        return serving(HttpServer.create(loopback(), 0), "http", reply);
    }

    private static InetSocketAddress loopback() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    @AfterEach
    void close() {
        over.countDown();
        var running = server;
        if (running != null) {
            running.stop(0);
        }
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        exchange.getRequestBody().readAllBytes();
        byte[] bytes = body.getBytes(UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static RestClient client(URI... urls) {
        return new RestClient(
                new Connection(List.of(urls), Credentials.NONE, ServerTls.USUAL, PATIENCE));
    }

    private static StoreException.Kind kindOf(Runnable question) {
        try {
            question.run();
        } catch (StoreException e) {
            return e.kind();
        }
        throw new AssertionError("answered (expected: a failure)");
    }

    @Test
    void passesOverANodeThatIsAway() throws IOException {
        // Given
        int closed;
        try (var socket = new ServerSocket(0)) {
            closed = socket.getLocalPort();
        }
        var url = serving(exchange -> answer(exchange, 200, "{\"ok\": true}"));

        // When, Then
        try (var client = client(URI.create("http://127.0.0.1:" + closed), url)) {
            assertThat(client.get("/").body().path("ok").asBoolean()).isTrue();
        }
        try (var client = client(URI.create("http://127.0.0.1:" + closed))) {
            assertThat(kindOf(() -> client.get("/"))).isEqualTo(StoreException.Kind.UNAVAILABLE);
        }
    }

    @Test
    void goesOnToAnotherNodeAfterOneThatHangs() throws IOException {
        // Given: one sends the head of an answer and no more
        var first = new AtomicInteger();
        var url =
                serving(exchange -> {
                    if (first.getAndIncrement() == 0) {
                        exchange.sendResponseHeaders(200, 100);
                        over.await();
                    }
                    answer(exchange, 200, "{}");
                });
        var connection =
                new Connection(
                        List.of(url, URI.create(url + "/")),
                        Credentials.NONE,
                        ServerTls.USUAL,
                        Duration.ofMillis(200));

        // When, Then
        try (var client = new RestClient(connection)) {
            assertThat(kindOf(() -> client.get("/"))).isEqualTo(StoreException.Kind.UNAVAILABLE);
            assertThat(client.get("/").isGood()).isTrue();
        }
    }

    @Test
    void takesNoAnswerThatIsTooLarge() throws IOException {
        // Given
        var url = serving(exchange -> answer(exchange, 200, "\"" + "x".repeat(2_000) + "\""));
        var connection = new Connection(List.of(url), Credentials.NONE, ServerTls.USUAL, PATIENCE);

        // When, Then
        try (var client = new RestClient(connection, 1_000)) {
            assertThat(kindOf(() -> client.get("/"))).isEqualTo(StoreException.Kind.OVER_CAPACITY);
        }
        assertThat(asked).hasValue(1);
    }

    @Test
    void understandsAProxyThatSpeaksNoJson() throws IOException {
        // Given
        var url = serving(exchange -> answer(exchange, 502, "<h1>Bad gateway</h1>"));

        // When, Then
        try (var client = client(url)) {
            var answer = client.get("/");
            assertThat(answer.isGood()).isFalse();
            assertThat(answer.error()).contains("502").contains("Bad gateway");
        }
    }

    @Test
    void saysWhoWeAre() throws IOException {
        // Given
        var said = new AtomicReference<String>();
        var url =
                serving(exchange -> {
                    said.set(exchange.getRequestHeaders().getFirst("Authorization"));
                    answer(exchange, 200, "{}");
                });

        // When, Then
        for (var credentials :
                List.of(new Credentials("user", "pass", ""), new Credentials("", "", "a2V5"))) {
            var connection = new Connection(List.of(url), credentials, ServerTls.USUAL, PATIENCE);
            try (var client = new RestClient(connection)) {
                client.get("/");
                assertThat(said.get())
                        .isEqualTo(
                                credentials.apiKey().isEmpty()
                                        ? "Basic dXNlcjpwYXNz"
                                        : "ApiKey a2V5");
            }
        }
    }

    private URI servingTls(SSLContext context, boolean wantsCertificate) throws IOException {
        var https = HttpsServer.create(loopback(), 0);
        https.setHttpsConfigurator(
                new HttpsConfigurator(context) {
                    @Override
                    public void configure(HttpsParameters parameters) {
                        var wanted = context.getDefaultSSLParameters();
                        wanted.setNeedClientAuth(wantsCertificate);
                        parameters.setSSLParameters(wanted);
                    }
                });
        return serving(https, "https", exchange -> answer(exchange, 200, "{}"));
    }

    private static RestClient client(URI url, ServerTls tls) {
        return new RestClient(new Connection(List.of(url), Credentials.NONE, tls, PATIENCE));
    }

    private static void refuses(RestClient refusing, String... words) {
        try (var client = refusing) {
            assertThatThrownBy(() -> client.get("/"))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> {
                                assertThat(e.kind()).isEqualTo(StoreException.Kind.UNAVAILABLE);
                                assertThat(RestClient.needsSomebody(e))
                                        .as("%s, for %s", e, e.getCause())
                                        .isTrue();
                            })
                    .hasMessageContaining("expected: ")
                    .hasMessageContainingAll(words);
        }
    }

    @Test
    void trustsTheAuthorityItIsToldAndNoOther(@TempDir Path directory) throws Exception {
        // Given
        var certificates = new Certificates(Files.createDirectory(directory.resolve("ours")));
        var others = new Certificates(Files.createDirectory(directory.resolve("others")));
        var url = servingTls(certificates.context(certificates.server()), false);

        // When, Then
        try (var client = client(url, new ServerTls(certificates.authorityFile(), null, null))) {
            assertThat(client.get("/").isGood()).isTrue();
        }
        refuses(
                client(url, new ServerTls(others.authorityFile(), null, null)),
                "127.0.0.1:" + url.getPort(),
                "its certificate is not accepted",
                "signed by one in " + others.authorityFile());
        refuses(client(url), "signed by an authority that Java trusts");
    }

    @Test
    void trustsNobodyWhoIsCalledOtherwise(@TempDir Path directory) throws Exception {
        // Given
        var certificates = new Certificates(directory);
        var url = servingTls(certificates.context(certificates.serverOf("localhost")), false);
        var tls = new ServerTls(certificates.authorityFile(), null, null);

        // When, Then
        try (var client = client(URI.create("https://localhost:" + url.getPort()), tls)) {
            assertThat(client.get("/").isGood()).isTrue();
        }
        refuses(
                client(url, tls),
                "its certificate is not accepted",
                "for the name that the server is called by");
    }

    @Test
    void showsItsCertificateToAServerThatWantsOne(@TempDir Path directory) throws Exception {
        // Given
        var certificates = new Certificates(directory);
        var url = servingTls(certificates.context(certificates.server()), true);
        var authority = certificates.authorityFile();
        var ours = certificates.client("millrace");

        // When, Then
        try (var client = client(url, new ServerTls(authority, ours.certificate(), ours.key()))) {
            assertThat(client.get("/").isGood()).isTrue();
        }
        try (var client = client(url, new ServerTls(authority, null, null))) {
            assertThat(kindOf(() -> client.get("/"))).isEqualTo(StoreException.Kind.UNAVAILABLE);
        }
    }

    /// What is heard of it, where the connection is not closed before.
    @Test
    void saysThatAServerWantsACertificate() {
        // Given
        var alert =
                new SSLException(
                        "(certificate_required) Received fatal alert: certificate_required");
        var ours = Path.of("ours.pem");

        // When, Then
        assertThat(ServerTls.USUAL.refusal(new IOException(alert)).orElseThrow())
                .contains("it wants a certificate of ours", "certificate and certificate-key");
        assertThat(new ServerTls(null, ours, ours).refusal(alert).orElseThrow())
                .contains("it does not accept ours.pem", "certificate_required");
        assertThat(
                        ServerTls.USUAL.refusal(
                                new SSLException("Remote host terminated the handshake")))
                .isEmpty();
    }

    @Test
    void namesTheFileThatIsNoKeyOfItsCertificate(@TempDir Path directory) throws Exception {
        // Given
        var certificates = new Certificates(directory);
        var ours = certificates.client("millrace");
        var other = certificates.client("other");
        var text = Files.writeString(directory.resolve("text"), "secret");

        // When, Then
        for (var key : List.of(other.key(), text, directory.resolve("missing"))) {
            assertThatThrownBy(() -> new ServerTls(null, ours.certificate(), key).context())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("certificate-key: ")
                    .hasMessageContaining(key.toString())
                    .hasMessageContaining("expected: ")
                    .hasMessageNotContaining("secret");
        }
    }

    @Test
    void saysThatAServerSpeaksNoTls() throws IOException {
        // Given: it answers what it does not understand, as proxies do
        try (var socket = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            Thread.startVirtualThread(() -> {
                while (!socket.isClosed()) {
                    try (var caller = socket.accept()) {
                        var _ = caller.getInputStream().read(new byte[4_096]);
                        caller.getOutputStream()
                                .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(UTF_8));
                    } catch (IOException _) {
                        // The caller has gone, or the test is over.
                    }
                }
            });

            // When, Then
            refuses(
                    client(URI.create("https://127.0.0.1:" + socket.getLocalPort())),
                    "it does not speak TLS");
        }
    }

    @Test
    void saysWhoIsRefusedAndAsksNoOther() throws IOException {
        // Given
        var url =
                serving(exchange ->
                        answer(
                                exchange,
                                401,
                                """
                                {"error": {"type": "security_exception",
                                  "reason": "unable to authenticate user [tracing]"},
                                 "status": 401}
                                """));

        // When, Then
        refuses(
                client(url, new Credentials("tracing", "wrong-secret", "")),
                "127.0.0.1:" + url.getPort(),
                "user tracing is refused",
                "one that is known there, with its password",
                "unable to authenticate user [tracing]");
        refuses(client(url, new Credentials("", "", "a2V5")), "the api-key is refused");
        refuses(client(url, Credentials.NONE), "it asks who we are", "username and password");
        assertThat(asked).hasValue(3);
    }

    private static RestClient client(URI url, Credentials credentials) {
        return new RestClient(
                new Connection(List.of(url, url), credentials, ServerTls.USUAL, PATIENCE));
    }

    @Test
    void tellsWhichFileHoldsNoCertificate(@TempDir Path directory) {
        // Given
        var missing = directory.resolve("authority.pem");
        var connection =
                new Connection(
                        List.of(URI.create("https://localhost:9200")),
                        Credentials.NONE,
                        new ServerTls(missing, null, null),
                        PATIENCE);

        // When, Then
        assertThatThrownBy(() -> new RestClient(connection).close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(missing.toString())
                .hasMessageContaining("expected");
    }

    @Test
    void sendsAgainWhatAProxyHasNoTimeForAndHalvesWhatIsTooMuch() throws IOException {
        // Given: at first too busy, and never more than two documents
        var url =
                serving(exchange -> {
                    int lines =
                            new String(exchange.getRequestBody().readAllBytes(), UTF_8)
                                    .split("\n")
                                    .length;
                    if (asked.get() == 1) {
                        answer(exchange, 503, "busy");
                    } else if (lines > 4) {
                        answer(exchange, 413, "too much");
                    } else {
                        var item = "{\"index\": {\"status\": 201}}";
                        answer(
                                exchange,
                                200,
                                "{\"items\": ["
                                        + String.join(",", Collections.nCopies(lines / 2, item))
                                        + "]}");
                    }
                });
        var meters = new StoreMeters(new SimpleMeterRegistry());

        // When
        try (var client = client(url)) {
            var writer =
                    new BulkWriter(
                            client,
                            new Writes(Refresh.WAIT, ByteSize.ofMebibytes(1)),
                            false,
                            full(client),
                            meters);
            try (var run = writer.begin()) {
                for (int i = 0; i < 8; i++) {
                    run.add(new BulkItem("i", "" + i, "{}".getBytes(UTF_8), "fragment"));
                }
                run.finish();
            }
        }

        // Then: once too busy, once for 8, twice for 4, four times for 2
        assertThat(asked).hasValue(8);
    }

    private static FullIndices full(RestClient client) {
        var indices = new IndexAdmin(client, Indices.DAILY);
        return new FullIndices(new IndexUpkeep(client, Indices.DAILY, indices), Indices.DAILY);
    }
}
