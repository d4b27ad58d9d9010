package dev.millrace.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.server.Server;
import dev.millrace.access.TlsConfig.ClientAuth;
import dev.millrace.testkit.Certificates;
import dev.millrace.testkit.Certificates.Party;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A real server behind a door, and clients that try to come in.
class DoorTest {

    @TempDir Path folder;
    private Certificates certificates;
    private Party server;
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final ScheduledExecutorService scheduler = Executors.newScheduledThreadPool(1);
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    @BeforeEach
    void issue() {
        certificates = new Certificates(folder);
        server = certificates.server();
    }

    @AfterEach
    void stop() throws Exception {
        for (var part : open) {
            part.close();
        }
        scheduler.shutdownNow();
    }

    @Test
    void knowsAClientByItsCertificate() throws Exception {
        // Given
        int port = start(mutual(ClientAuth.REQUIRED), CorsConfig.NONE);

        // Then
        assertThat(get(port, certificates.client("agent"))).isEqualTo("200 shop agents");
        assertThat(get(port, certificates.client("nobody"))).startsWith("401 ");
    }

    @Test
    void letsNoStrangerNorAnybodyExpiredNorNamelessThrough() throws Exception {
        // Given
        int port = start(mutual(ClientAuth.REQUIRED), CorsConfig.NONE);
        var stranger = new Certificates(Files.createDirectory(folder.resolve("elsewhere")));

        // Then
        assertThatThrownBy(() -> get(port, certificates.expiredClient("agent")))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> get(port, stranger.client("agent")))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> get(port, null)).isInstanceOf(IOException.class);
    }

    @Test
    void asksForACertificateOrSomethingElseWhereItIsOptional() throws Exception {
        // Given
        int port = start(mutual(ClientAuth.OPTIONAL), CorsConfig.NONE);
        var stranger = new Certificates(Files.createDirectory(folder.resolve("elsewhere")));

        // Then
        assertThat(get(port, certificates.client("agent"))).isEqualTo("200 shop agents");
        assertThat(get(port, null)).startsWith("401 ");
        assertThat(get(port, null, "authorization", "Bearer right")).isEqualTo("200 bank teller");
        assertThatThrownBy(() -> get(port, stranger.client("agent")))
                .isInstanceOf(IOException.class);
    }

    @Test
    void speaksNoTlsOlderThan12() throws Exception {
        // Given
        int port = start(TlsConfig.of(server.certificate(), server.key()), CorsConfig.NONE);
        var versions = new ArrayList<String>();

        // When
        for (var version : List.of("TLSv1.1", "TLSv1.2", "TLSv1.3")) {
            try (var socket = socket(port)) {
                socket.setEnabledProtocols(new String[] {version});
                socket.startHandshake();
                versions.add(socket.getSession().getProtocol());
            } catch (IOException _) {
                versions.add("none");
            }
        }

        // Then
        assertThat(versions).containsExactly("none", "TLSv1.2", "TLSv1.3");
    }

    @Test
    void takesUpNewCertificatesAndKeepsOpenConnections() throws Exception {
        // Given
        int port = start(mutual(ClientAuth.REQUIRED), CorsConfig.NONE);
        var agent = certificates.client("agent");
        var later = new Certificates(Files.createDirectory(folder.resolve("later")));
        var kept = client(certificates.context(agent));
        assertThat(send(kept, port)).isEqualTo("200 shop agents");

        // When
        Files.copy(
                later.authorityFile(),
                certificates.authorityFile(),
                StandardCopyOption.REPLACE_EXISTING);
        Certificates.replace(server, later.server());

        // Then
        awaitReload("success");
        assertThat(send(kept, port)).isEqualTo("200 shop agents");
        assertThatThrownBy(() -> get(port, agent)).isInstanceOf(IOException.class);
        var newcomer = client(later.context(later.client("agent")));
        assertThat(send(newcomer, port)).isEqualTo("200 shop agents");
    }

    @Test
    void keepsItsCertificateWhereTheNewOneIsBrokenOrAnothersKey() throws Exception {
        // Given
        int port = start(mutual(ClientAuth.REQUIRED), CorsConfig.NONE);
        var agent = certificates.client("agent");

        // When
        Files.copy(certificates.server().key(), server.key(), StandardCopyOption.REPLACE_EXISTING);

        // Then
        awaitReload("failure");
        assertThat(get(port, agent)).isEqualTo("200 shop agents");
        assertThat(
                        meters.get("millrace.tls.certificate.expiry")
                                .tag("server", "test")
                                .timeGauge()
                                .value(TimeUnit.SECONDS))
                .isEqualTo(
                        (double)
                                server.bundle()
                                        .getCertificate()
                                        .getNotAfter()
                                        .toInstant()
                                        .getEpochSecond());
    }

    @Test
    void doesNotStartWithAKeyOfAnother() {
        // Given
        var config = TlsConfig.of(server.certificate(), certificates.server().key());
        var tls = new Tls("test", config, scheduler, meters);

        // Then
        assertThatThrownBy(tls::start)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not the key of");
    }

    @ParameterizedTest
    @CsvSource({
        "Bearer wrong, bank, 401, credential",
        "Bearer right, shop, 403, X-Scope-OrgID: shop",
        "'', bank, 401, credential"
    })
    void saysNoInPlainText(String shown, String tenant, int status, String words) throws Exception {
        // Given
        int port = start(null, CorsConfig.NONE);

        // When
        var answer = ask(port, shown, tenant, "text/x-anything");

        // Then
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.body()).contains(words);
        assertThat(answer.headers().firstValue("www-authenticate").isPresent())
                .isEqualTo(status == 401);
    }

    @Test
    void saysNoInTheWordsOfOtlpAndOfGrpc() throws Exception {
        // Given
        int port = start(null, CorsConfig.NONE);

        // When
        var json = ask(port, "Bearer right", "shop", "application/json");
        var protobuf = ask(port, "Bearer right", "shop", "application/x-protobuf");
        var grpc = ask(port, "Bearer wrong", "bank", "application/grpc+proto");

        // Then
        assertThat(json.statusCode()).isEqualTo(403);
        assertThat(json.body()).startsWith("{\"code\":7,\"message\":\"X-Scope-OrgID: shop");
        assertThat(protobuf.body()).startsWith("\b\u0007\u0012").contains("X-Scope-OrgID: shop");
        assertThat(grpc.statusCode()).isEqualTo(200);
        assertThat(grpc.headers().firstValue("grpc-status")).hasValue("16");
        assertThat(grpc.headers().firstValue("grpc-message").orElse("")).startsWith("credential");
        assertThat(grpc.headers().firstValue("content-type")).hasValue("application/grpc+proto");
    }

    @Test
    void checksASlowPasswordOffTheEventLoop() throws Exception {
        // Given
        int port = start(null, CorsConfig.NONE);
        var shown =
                "Basic "
                        + Base64.getEncoder()
                                .encodeToString(
                                        "auditor:correct horse".getBytes(StandardCharsets.UTF_8));

        // Then
        assertThat(get(port, null, "authorization", shown)).isEqualTo("200 bank auditor");
        assertThat(get(port, null, "authorization", shown)).isEqualTo("200 bank auditor");
    }

    @Test
    void tellsBrowsersWhichPagesMayCall() throws Exception {
        // Given
        int port =
                start(
                        null,
                        new CorsConfig(
                                List.of("https://shop.example"),
                                CorsConfig.DEFAULT_HEADERS,
                                Duration.ofHours(1)));

        // When
        var friend = preflight(port, "https://shop.example");
        var foe = preflight(port, "https://evil.example");

        // Then
        assertThat(friend.headers().firstValue("access-control-allow-origin"))
                .hasValue("https://shop.example");
        assertThat(friend.headers().firstValue("access-control-allow-headers").orElse(""))
                .containsIgnoringCase("X-Scope-OrgID");
        assertThat(foe.headers().firstValue("access-control-allow-origin")).isEmpty();
    }

    private int start(@Nullable TlsConfig config, CorsConfig cors) throws Exception {
        var credentials =
                Files.writeString(
                        folder.resolve("credentials.yaml"),
                        """
                        - {name: agents, certificate: "spiffe://test/agent", tenants: [shop]}
                        - {name: teller, token: right, tenants: [bank]}
                        - name: auditor
                          user: auditor
                          password-hash: $pbkdf2-sha256$1000$MDEyMzQ1Njc4OWFiY2RlZg$cBg8D2DungRB9k76szThf5ehfyBz991ay6PT8Srwk4M
                          tenants: [bank]
                        """);
        var access =
                new Access(
                        new AccessConfig(true, "X-Scope-OrgID", credentials, Duration.ofHours(1)),
                        Map.of(),
                        scheduler,
                        meters);
        access.start();
        Tls tls = null;
        if (config != null) {
            tls = new Tls("test", config, scheduler, meters);
            tls.start();
        }
        var entrance = new Entrance(access, tls, cors);
        var builder = Server.builder().gracefulShutdownTimeoutMillis(0, 0);
        entrance.port(builder, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        entrance.applyTo(builder);
        builder.serviceUnder(
                "/",
                entrance.door()
                        .apply((context, _) ->
                                HttpResponse.of(
                                        Access.tenant(context)
                                                + " "
                                                + Access.admitted(context).principal())));
        var running = builder.build();
        running.start().get(20, TimeUnit.SECONDS);
        open.push(() -> {
            var _ = running.closeAsync();
        });
        return running.activeLocalPort();
    }

    private TlsConfig mutual(ClientAuth clientAuth) {
        return new TlsConfig(
                server.certificate(),
                server.key(),
                List.of(certificates.authorityFile()),
                clientAuth,
                Duration.ofMillis(20));
    }

    private void awaitReload(String outcome) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(10))
                .until(() ->
                        meters.get("millrace.tls.reloads").tag("outcome", outcome).counter().count()
                                > 0);
    }

    private String get(int port, @Nullable Party who, String... headers) throws Exception {
        return send(client(certificates.context(who)), port, headers);
    }

    private String send(HttpClient client, int port, String... headers) throws Exception {
        boolean secure = meters.find("millrace.tls.reloads").counter() != null;
        var request =
                HttpRequest.newBuilder(
                                URI.create(
                                        (secure ? "https" : "http") + "://localhost:" + port + "/"))
                        .timeout(Duration.ofSeconds(20));
        if (headers.length > 0) {
            request.headers(headers);
        }
        var answer = client.send(request.build(), BodyHandlers.ofString());
        return answer.statusCode() + " " + answer.body();
    }

    private java.net.http.HttpResponse<String> ask(
            int port, String shown, String tenant, String contentType) throws Exception {
        var client = client(certificates.context(null));
        var request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/traces"))
                        .header("content-type", contentType)
                        .header("X-Scope-OrgID", tenant)
                        .POST(HttpRequest.BodyPublishers.ofString("body"))
                        .timeout(Duration.ofSeconds(20));
        if (!shown.isEmpty()) {
            request.header("authorization", shown);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private java.net.http.HttpResponse<String> preflight(int port, String origin) throws Exception {
        var client = client(certificates.context(null));
        var request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/traces"))
                        .header("origin", origin)
                        .header("access-control-request-method", "POST")
                        .header("access-control-request-headers", "content-type")
                        .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                        .timeout(Duration.ofSeconds(20))
                        .build();
        return client.send(request, BodyHandlers.ofString());
    }

    private SSLSocket socket(int port) throws IOException {
        var socket = certificates.context(null).getSocketFactory().createSocket("localhost", port);
        socket.setSoTimeout(20_000);
        return (SSLSocket) socket;
    }

    private HttpClient client(SSLContext context) {
        var client =
                HttpClient.newBuilder()
                        .sslContext(context)
                        .connectTimeout(Duration.ofSeconds(20))
                        .build();
        open.push(client::shutdownNow);
        return client;
    }
}
