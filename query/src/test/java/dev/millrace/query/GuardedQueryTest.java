package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.linecorp.armeria.client.ClientFactory;
import com.linecorp.armeria.client.grpc.GrpcClients;
import com.linecorp.armeria.common.auth.AuthToken;
import dev.millrace.access.Access;
import dev.millrace.access.AccessConfig;
import dev.millrace.access.CorsConfig;
import dev.millrace.access.Entrance;
import dev.millrace.access.Tls;
import dev.millrace.access.TlsConfig;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.testkit.Certificates;
import dev.millrace.testkit.Certificates.Party;
import dev.millrace.testkit.tempo.SearchRequest;
import dev.millrace.testkit.tempo.StreamingQuerierGrpc.StreamingQuerierBlockingStub;
import dev.millrace.wire.otlp.OtlpEncoder;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.jaegertracing.api_v3.GetServicesRequest;
import io.jaegertracing.api_v3.GetServicesResponse;
import io.jaegertracing.api_v3.QueryServiceGrpc;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The query port behind a door: two tenants have traces of the same id.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GuardedQueryTest {

    private static final String TENANT = "X-Scope-OrgID";

    // As Armeria writes variables and the rest of a path.
    private static final Pattern VARIABLE = Pattern.compile(":[a-zA-Z]+|\\*");

    // An empty message of gRPC.
    private static final byte[] PING = new byte[5];

    private Path folder;
    private Certificates certificates;
    private TraceId traceId;
    private final MemoryTraceStore store = new MemoryTraceStore();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final ScheduledExecutorService scheduler = Executors.newScheduledThreadPool(1);
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private QueryServer query;
    private HttpClient anonymous;
    private String address;
    private String grpc;

    @BeforeAll
    void start(@TempDir Path directory) throws IOException {
        folder = directory;
        certificates = new Certificates(folder);
        var spans = SampleTraces.rich();
        traceId = spans.getFirst().traceId();
        write(0, "shop", OtlpEncoder.encode(spans));
        write(1, "bank", OtlpEncoder.encode(List.of(spans.getFirst())));
        var credentials =
                Files.writeString(
                        folder.resolve("credentials.yaml"),
                        """
                        - {name: clerk, token: clerk-token, tenants: [shop]}
                        - {name: auditor, user: auditor, password: books, tenants: [shop, bank]}
                        - {name: robot, certificate: robot, tenants: [bank]}
                        - {name: guest, token: guest-token, tenants: [empty]}
                        """);
        var access =
                new Access(
                        new AccessConfig(true, TENANT, credentials, Duration.ofHours(1)),
                        Map.of(),
                        scheduler,
                        meters);
        access.start();
        var server = certificates.server();
        var tls =
                new Tls(
                        "query",
                        new TlsConfig(
                                server.certificate(),
                                server.key(),
                                List.of(certificates.authorityFile()),
                                TlsConfig.ClientAuth.OPTIONAL,
                                Duration.ofHours(1)),
                        scheduler,
                        meters);
        tls.start();
        query =
                new QueryServer(
                        new QueryConfig(
                                "127.0.0.1",
                                0,
                                Duration.ofSeconds(20),
                                100,
                                16,
                                ZipkinConfig.DEFAULT,
                                new JaegerConfig(0, Duration.ZERO)),
                        store,
                        meters,
                        InstantSource.fixed(SampleTraces.NOW),
                        new Entrance(
                                access,
                                tls,
                                new CorsConfig(
                                        List.of("https://ui.example"),
                                        CorsConfig.DEFAULT_HEADERS,
                                        Duration.ofHours(1))));
        query.start();
        open.push(query);
        address = "https://localhost:" + query.port();
        anonymous = client(null);
        grpc = "gproto+https://localhost:" + query.grpcPort() + "/";
    }

    @AfterAll
    void stop() throws Exception {
        for (var part : open) {
            part.close();
        }
        scheduler.shutdownNow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/pipeline", "/v1/sampling", "/v1/audit"})
    void theSystemAsAWholeIsForReadersOfTheDefaultTenant(String path) throws Exception {
        // When
        var response = get(null, path, "Authorization", "Bearer clerk-token");

        // Then
        assertThat(response.statusCode()).isEqualTo(403);
        assertThat(response.body()).contains("tenant: shop").contains("expected: default");
    }

    @Test
    void letsNobodyInAnywhereWithoutTheRightCredential() throws Exception {
        // Given: every path that is answered, with something for each variable
        var paths =
                query.routes().stream()
                        .map(route -> VARIABLE.matcher(route).replaceAll("x"))
                        .distinct()
                        .toList();
        assertThat(paths)
                .contains(
                        "/v1/traces/x",
                        "/api/services",
                        "/api/v2/traces",
                        "/tempo/api/search",
                        "/tempopb.StreamingQuerier/Search",
                        "/zipkin/config.json",
                        "/zipkin/static/x",
                        "/zipkin/",
                        "/assets/x",
                        "/x",
                        "/")
                .hasSizeGreaterThan(60);

        for (var path : paths) {
            // Then
            assertThat(refusal(path)).as(path).isEqualTo(401);
            assertThat(refusal(path, "authorization", "Bearer wrong")).as(path).isEqualTo(401);
            assertThat(refusal(path, "authorization", "Bearer clerk-token", TENANT, "bank"))
                    .as(path)
                    .isEqualTo(403);
        }
    }

    /// The status of a refusal, which gRPC words in its own way.
    private int refusal(String path, String... headers) throws Exception {
        if (!path.startsWith("/tempopb.")) {
            return get(null, path, headers).statusCode();
        }
        var request = HttpRequest.newBuilder(URI.create(address + path));
        request.header("content-type", "application/grpc").POST(BodyPublishers.ofByteArray(PING));
        if (headers.length > 0) {
            request.headers(headers);
        }
        var answer = anonymous.send(request.build(), BodyHandlers.discarding()).headers();
        return switch (answer.firstValue("grpc-status").orElse("none")) {
            case "16" -> 401;
            case "7" -> 403;
            case String other -> throw new AssertionError(path + ": grpc-status " + other);
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/services", "/tempo/api/search", "/zipkin/", "/"})
    void letsNobodyInWithAnotherCertificateThanTheRightOne(String path) throws Exception {
        // Given
        var stranger = new Certificates(Files.createDirectories(folder.resolve("elsewhere")));

        // Then
        assertThat(get(null, path).headers().firstValue("www-authenticate").orElse(""))
                .contains("Bearer", "Basic");
        assertThat(get(certificates.client("nobody"), path).statusCode()).isEqualTo(401);
        assertThatThrownBy(() -> get(certificates.expiredClient("robot"), path))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> get(stranger.client("robot"), path))
                .isInstanceOf(IOException.class);
    }

    @Test
    void streamsToEachTenantItsOwnTraces() {
        // Given
        var everything = SearchRequest.getDefaultInstance();

        // When
        var shop = tempo("clerk-token").search(everything).next();
        var empty = tempo("guest-token").search(everything).next();

        // Then
        assertThat(shop.getTracesList()).hasSize(1);
        assertThat(empty.getTracesList()).isEmpty();
        assertThat(empty.getMetrics().getInspectedTraces()).isZero();
    }

    private StreamingQuerierBlockingStub tempo(String token) {
        var factory =
                ClientFactory.builder()
                        .tlsCustomizer(
                                tls -> tls.trustManager(certificates.authorityFile().toFile()))
                        .build();
        open.push(factory);
        return GrpcClients.builder("gproto+" + address)
                .factory(factory)
                .auth(AuthToken.ofOAuth2(token))
                .build(StreamingQuerierBlockingStub.class);
    }

    @ParameterizedTest
    @CsvSource({"/v1/traces/", "/api/traces/", "/api/v3/traces/", "/tempo/api/traces/"})
    void showsEachTenantItsOwnTraceOfAnId(String path) throws Exception {
        // When
        var shop = get(null, path + traceId, "authorization", "Bearer clerk-token");
        var bank = get(certificates.client("robot"), path + traceId);
        var empty = get(null, path + traceId, "authorization", "Bearer guest-token");

        // Then
        assertThat(shop.statusCode()).isEqualTo(200);
        assertThat(bank.statusCode()).isEqualTo(200);
        assertThat(bank.body().length()).isLessThan(shop.body().length());
        assertThat(empty.statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @CsvSource({
        "/v1/services",
        "/api/services",
        "/tempo/api/search",
        "/tempo/api/search/tag/service.name/values",
        "/tempo/api/search/tag/name/values"
    })
    void letsACredentialOfSeveralTenantsChoose(String path) throws Exception {
        // Given
        var shown =
                "Basic "
                        + Base64.getEncoder()
                                .encodeToString("auditor:books".getBytes(StandardCharsets.UTF_8));

        // When
        var shop = get(null, path, "authorization", shown, TENANT, "shop");
        var bank = get(null, path, "authorization", shown, TENANT, "bank");
        var none = get(null, path, "authorization", shown);

        // Then
        assertThat(shop.statusCode()).isEqualTo(200);
        assertThat(bank.statusCode()).isEqualTo(200);
        assertThat(shop.body()).isNotEqualTo(bank.body());
        assertThat(none.statusCode()).isEqualTo(400);
        assertThat(none.body()).contains(TENANT);
        assertThat(get(null, "/", "authorization", shown).statusCode()).isEqualTo(200);
    }

    @Test
    void letsNobodyInOverGrpcEitherWithoutTheRightCredential() {
        var nobody = refusal(Map.of());
        var stranger = refusal(Map.of("authorization", "Bearer wrong"));
        var elsewhere = refusal(Map.of("authorization", "Bearer clerk-token", TENANT, "bank"));
        var undecided =
                refusal(
                        Map.of(
                                "authorization",
                                "Basic "
                                        + Base64.getEncoder()
                                                .encodeToString(
                                                        "auditor:books"
                                                                .getBytes(
                                                                        StandardCharsets.UTF_8))));

        assertThat(List.of(nobody, stranger, elsewhere, undecided))
                .containsExactly(
                        Status.Code.UNAUTHENTICATED,
                        Status.Code.UNAUTHENTICATED,
                        Status.Code.PERMISSION_DENIED,
                        Status.Code.INVALID_ARGUMENT);
    }

    @Test
    void showsEachTenantItsOwnOverGrpc() {
        // When
        var shop = services(Map.of("authorization", "Bearer clerk-token"));
        var empty = services(Map.of("authorization", "Bearer guest-token"));

        // Then
        assertThat(shop.getServicesList()).containsExactly("bank/eu", "shop");
        assertThat(empty.getServicesList()).isEmpty();
    }

    private Status.Code refusal(Map<String, String> headers) {
        return catchThrowableOfType(StatusRuntimeException.class, () -> services(headers))
                .getStatus()
                .getCode();
    }

    private GetServicesResponse services(Map<String, String> headers) {
        var factory =
                ClientFactory.builder()
                        .tlsCustomizer(
                                tls -> tls.trustManager(certificates.authorityFile().toFile()))
                        .build();
        open.push(factory);
        return GrpcClients.builder(grpc)
                .factory(factory)
                .setHeaders(headers.entrySet())
                .build(QueryServiceGrpc.QueryServiceBlockingStub.class)
                .getServices(GetServicesRequest.getDefaultInstance());
    }

    @Test
    void saysNoInTheWordsOfEachApi() throws Exception {
        // When
        var ours = get(null, "/v1/services");
        var jaegers = get(null, "/api/services");

        // Then
        assertThat(ours.body()).startsWith("{\"error\":{\"status\":401,");
        assertThat(jaegers.body()).contains("\"errors\":[{\"code\":401,");
    }

    @Test
    void letsAPageOfAnAllowedOriginReadTheAnswerAndTheRefusal() throws Exception {
        // When
        var answer =
                get(
                        null,
                        "/v1/services",
                        "authorization",
                        "Bearer clerk-token",
                        "origin",
                        "https://ui.example");
        var refusal = get(null, "/v1/services", "origin", "https://ui.example");

        // Then
        assertThat(answer.headers().firstValue("access-control-allow-origin"))
                .hasValue("https://ui.example");
        assertThat(refusal.headers().firstValue("access-control-allow-origin"))
                .hasValue("https://ui.example");
    }

    private void write(long offset, String tenant, Slice body) {
        store.write(
                List.of(
                        new Fragment(
                                new FragmentId("traces-complete", 0, offset),
                                new Tenant(tenant),
                                traceId,
                                body)));
    }

    private HttpResponse<String> get(@Nullable Party who, String path, String... headers)
            throws Exception {
        var request =
                HttpRequest.newBuilder(URI.create(address + path)).timeout(Duration.ofSeconds(20));
        if (headers.length > 0) {
            request.headers(headers);
        }
        var client = who == null ? anonymous : client(who);
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private HttpClient client(@Nullable Party who) {
        var client =
                HttpClient.newBuilder()
                        .sslContext(certificates.context(who))
                        .connectTimeout(Duration.ofSeconds(20))
                        .build();
        open.push(client::shutdownNow);
        return client;
    }
}
