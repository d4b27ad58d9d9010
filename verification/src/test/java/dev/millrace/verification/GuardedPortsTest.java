package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.TraceId;
import dev.millrace.testkit.Certificates;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A whole Millrace with certificates, credentials and tenants: at every port those get in who may,
/// and nobody else.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class GuardedPortsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final String SHOP = "Bearer shop-token-4711";
    private static final String BANK = "Basic " + base64("bank:vault-4711");
    private static final String ANYBODY = "Bearer any-token-4711";

    private static final String CREDENTIALS =
            """
            - name: shop
              token: shop-token-4711
              tenants: [shop]
            - name: bank
              user: bank
              password: vault-4711
              tenants: [bank]
            - name: operator
              token: any-token-4711
              tenants: "*"
            """;

    /// A port, and a request that its clients would send.
    record Port(String key, String path, String contentType) {

        @Override
        public String toString() {
            return key;
        }
    }

    private RunningMillrace millrace;
    private Certificates certificates;
    private Certificates.Party client;
    private SSLContext known;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        certificates = new Certificates(directory);
        var server = certificates.server();
        client = certificates.client("app");
        known = certificates.context(client);
        Path credentials = Files.writeString(directory.resolve("credentials.yaml"), CREDENTIALS);
        millrace =
                new RunningMillrace(
                        directory,
                        Map.of(
                                "tls.certificate", server.certificate().toString(),
                                "tls.key", server.key().toString(),
                                "tls.client-ca", certificates.authorityFile().toString(),
                                "tls.client-auth", "required",
                                "access.tenants", "true",
                                "access.credentials", credentials.toString(),
                                "access.refresh", "200ms"));
        millrace.start();
    }

    @AfterAll
    void stop() {
        millrace.stop();
        millrace.close();
    }

    static List<Port> ports() {
        return List.of(
                new Port("collector.receivers.otlp-grpc", "/v1/traces", "application/x-protobuf"),
                new Port("collector.receivers.otlp-http", "/v1/traces", "application/x-protobuf"),
                new Port("collector.receivers.zipkin", "/api/v2/spans", "application/json"),
                new Port("collector.receivers.jaeger-grpc", "/v1/traces", "application/x-protobuf"),
                new Port("collector.receivers.jaeger-http", "/api/traces", "application/x-thrift"),
                new Port("collector.receivers.sampling-http", "/sampling?service=shop", ""),
                new Port("collector.receivers.sampling-grpc", "/sampling?service=shop", ""),
                new Port("query", "/v1/services", ""));
    }

    @ParameterizedTest
    @MethodSource("ports")
    void aCertificateThatIsNotTrustedGetsInNowhere(Port port, @TempDir Path elsewhere) {
        var others = new Certificates(elsewhere);
        var strangers = others.client("app");
        for (var context :
                List.of(
                        certificates.context(null),
                        certificates.context(certificates.expiredClient("app")),
                        certificates.context(strangers))) {
            assertThatThrownBy(() -> status(context, port, SHOP, "shop"))
                    .isInstanceOf(IOException.class);
        }
        assertThatThrownBy(() -> plain(port)).isInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @MethodSource("ports")
    void aWrongCredentialOrTenantGetsInNowhere(Port port) throws Exception {
        assertThat(status(known, port, "", "shop")).isEqualTo(401);
        assertThat(status(known, port, "Bearer wrong", "shop")).isEqualTo(401);
        assertThat(status(known, port, "Basic " + base64("bank:wrong"), "bank")).isEqualTo(401);
        assertThat(status(known, port, SHOP, "bank")).isEqualTo(403);
        assertThat(status(known, port, BANK, "shop")).isEqualTo(403);
    }

    @ParameterizedTest
    @MethodSource("ports")
    void whoMayComeInDoes(Port port) throws Exception {
        for (var credential : List.of(SHOP, ANYBODY)) {
            assertThat(status(known, port, credential, "shop")).isNotIn(401, 403);
        }
    }

    @Test
    void oneTraceIdOfTwoTenantsIsTwoTraces() throws Exception {
        // Given
        var traceId = Otlp.newTraceId();

        // When
        assertThat(send(SHOP, "shop", traceId, "sell")).isEqualTo(200);
        assertThat(send(BANK, "bank", traceId, "pay")).isEqualTo(200);

        // Then
        await().atMost(PATIENCE)
                .untilAsserted(() -> {
                    assertThat(trace(SHOP, "shop", traceId)).contains("sell").doesNotContain("pay");
                    assertThat(trace(BANK, "bank", traceId)).contains("pay").doesNotContain("sell");
                });
        assertThat(page(SHOP, "shop", "/api/services"))
                .contains("of-shop")
                .doesNotContain("of-bank");
    }

    @Test
    void secretsAreInNoLog() {
        assertThat(millrace.log())
                .doesNotContain("token-4711", "vault-4711")
                .doesNotContain(base64("bank:vault-4711"));
    }

    private int send(String credential, String tenant, TraceId traceId, String name)
            throws IOException, InterruptedException {
        byte[] body = Otlp.request(Otlp.of("of-" + tenant, Otlp.span(traceId, 1, name)));
        try (var http = client(known)) {
            var request =
                    HttpRequest.newBuilder(uri("collector.receivers.otlp-http", "/v1/traces"))
                            .header("Content-Type", "application/x-protobuf")
                            .header("Authorization", credential)
                            .header("X-Scope-OrgID", tenant)
                            .POST(BodyPublishers.ofByteArray(body));
            return http.send(request.build(), BodyHandlers.discarding()).statusCode();
        }
    }

    private String trace(String credential, String tenant, TraceId traceId)
            throws IOException, InterruptedException {
        return page(credential, tenant, "/api/traces/" + traceId);
    }

    private String page(String credential, String tenant, String path)
            throws IOException, InterruptedException {
        try (var http = client(known)) {
            var request =
                    HttpRequest.newBuilder(uri("query", path))
                            .header("Authorization", credential)
                            .header("X-Scope-OrgID", tenant);
            return http.send(request.build(), BodyHandlers.ofString()).body();
        }
    }

    private int status(SSLContext context, Port port, String credential, String tenant)
            throws IOException, InterruptedException {
        try (var http = client(context)) {
            return http.send(request(port, "https", credential, tenant), BodyHandlers.discarding())
                    .statusCode();
        }
    }

    private int plain(Port port) throws IOException, InterruptedException {
        try (var http = HttpClient.newHttpClient()) {
            return http.send(request(port, "http", SHOP, "shop"), BodyHandlers.discarding())
                    .statusCode();
        }
    }

    private HttpRequest request(Port port, String scheme, String credential, String tenant) {
        var uri = URI.create(scheme + uri(port.key(), port.path()).toString().substring(5));
        var request = HttpRequest.newBuilder(uri).timeout(PATIENCE).header("X-Scope-OrgID", tenant);
        if (!credential.isEmpty()) {
            request.header("Authorization", credential);
        }
        if (!port.contentType().isEmpty()) {
            request.header("Content-Type", port.contentType())
                    .POST(BodyPublishers.ofByteArray(new byte[0]));
        }
        return request.build();
    }

    private URI uri(String key, String path) {
        return URI.create("https://localhost:" + millrace.setting(key + ".port") + path);
    }

    private static HttpClient client(SSLContext context) {
        return HttpClient.newBuilder().sslContext(context).connectTimeout(PATIENCE).build();
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
