package dev.millrace.collector;

import static dev.millrace.collector.TestCollector.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.HttpMethod;
import dev.millrace.access.Access;
import dev.millrace.access.AccessConfig;
import dev.millrace.access.CorsConfig;
import dev.millrace.access.Entrance;
import dev.millrace.model.Tenant;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Who may send, over each transport.
class EntranceTest {

    private static final String TENANT = "X-Scope-OrgID";
    private static final Tenant SHOP = new Tenant("shop");

    @TempDir static Path directory;

    private static ScheduledExecutorService scheduler;
    private static Access access;
    private static TestCollector collector;
    private static WebClient grpc;

    @BeforeAll
    static void start() throws Exception {
        var file = directory.resolve("credentials.yaml");
        Files.writeString(
                file,
                """
                - name: checkout
                  token: right
                  tenants: [shop, bank]
                """);
        scheduler = Executors.newSingleThreadScheduledExecutor();
        access =
                new Access(
                        new AccessConfig(true, TENANT, file, Duration.ofMinutes(1)),
                        Map.of(),
                        scheduler,
                        new SimpleMeterRegistry());
        access.start();
        var pages =
                new CorsConfig(
                        List.of("https://shop.example"),
                        CorsConfig.DEFAULT_HEADERS,
                        Duration.ofHours(1));
        collector =
                new TestCollector(
                        on(TestCollector.CONFIG, SHOP), _ -> new Entrance(access, null, pages));
        grpc = WebClient.of("h2c://127.0.0.1:" + collector.collector.port(Receiver.OTLP_GRPC));
    }

    @AfterAll
    static void close() {
        collector.close();
        access.close();
        scheduler.shutdownNow();
    }

    @BeforeEach
    void forget() {
        collector.forget();
    }

    @Test
    void takesSpansForTheTenantTheyAreSentFor() throws Exception {
        // When
        var response = post("/v1/traces", Requests.named("a"), "shop");

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(collector.sink.tenants()).containsExactly(SHOP);
    }

    @Test
    void takesCallsForTheTenantTheyAreSentFor() {
        // When
        var call =
                GrpcCall.send(
                        grpc,
                        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                        Requests.named("a"),
                        "authorization",
                        "Bearer right",
                        TENANT,
                        "bank");

        // Then
        assertThat(call.status()).isEqualTo("0");
        assertThat(collector.sink.tenants()).containsExactly(new Tenant("bank"));
    }

    @ParameterizedTest
    @CsvSource({
        "/v1/traces, otlp-http",
        "/api/v2/spans, zipkin-http",
        "/api/v1/spans, zipkin-http",
        "/api/traces, jaeger-http"
    })
    void turnsAWrongTokenAway(String path, String transport) throws Exception {
        // Given
        double before = collector.requests(transport, "unauthenticated");

        // When
        var response =
                send(path, Requests.named("a"), "authorization", "Bearer wrong", TENANT, "shop");

        // Then
        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(response.headers().firstValue("www-authenticate")).isPresent();
        assertThat(collector.sink.asked()).isZero();
        eventually(() ->
                assertThat(collector.requests(transport, "unauthenticated")).isEqualTo(before + 1));
        assertThat(post("/v1/traces", Requests.named("next"), "shop").statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export, otlp-grpc",
        "/zipkin.proto3.SpanService/Report, zipkin-grpc",
        "/jaeger.api_v2.CollectorService/PostSpans, jaeger-grpc"
    })
    void turnsCallsAway(String method, String transport) {
        // Given
        double wrong = collector.requests(transport, "unauthenticated");
        double forbidden = collector.requests(transport, "forbidden");

        // When
        var wrongToken =
                GrpcCall.send(
                        grpc, method, new byte[0], "authorization", "Bearer wrong", TENANT, "shop");
        var wrongTenant =
                GrpcCall.send(
                        grpc,
                        method,
                        new byte[0],
                        "authorization",
                        "Bearer right",
                        TENANT,
                        "other");

        // Then
        assertThat(wrongToken.status()).isEqualTo("16");
        assertThat(wrongTenant.status()).isEqualTo("7");
        assertThat(wrongTenant.message()).contains("(expected: a tenant of this credential)");
        eventually(() -> {
            assertThat(collector.requests(transport, "unauthenticated")).isEqualTo(wrong + 1);
            assertThat(collector.requests(transport, "forbidden")).isEqualTo(forbidden + 1);
        });
        assertThat(collector.sink.asked()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/traces", "/api/v2/spans", "/api/traces"})
    void turnsAWrongTenantAway(String path) throws Exception {
        // When
        var response = post(path, Requests.named("a"), "other");

        // Then
        assertThat(response.statusCode()).isEqualTo(403);
        assertThat(new String(response.body(), UTF_8)).contains("a tenant of this credential");
        assertThat(collector.sink.asked()).isZero();
    }

    @Test
    void wantsATenantWhereThereAreSeveral() throws Exception {
        // When
        var response = send("/api/v2/spans", Requests.named("a"), "authorization", "Bearer right");

        // Then
        assertThat(response.statusCode()).isEqualTo(400);
        eventually(() -> assertThat(collector.requests("zipkin-http", "no-tenant")).isEqualTo(1));
    }

    @Test
    void saysWhetherItIsThereToAnybody() throws Exception {
        assertThat(collector.send(collector.request("/health").GET().build()).statusCode())
                .isEqualTo(200);
    }

    @Test
    void letsAPageAskWhatItMayDo() {
        // When
        var response =
                WebClient.of("http://127.0.0.1:" + collector.collector.port(Receiver.OTLP_HTTP))
                        .prepare()
                        .method(HttpMethod.OPTIONS)
                        .path("/v1/traces")
                        .header("origin", "https://shop.example")
                        .header("access-control-request-method", "POST")
                        .execute()
                        .aggregate()
                        .join();

        // Then
        assertThat(response.status().code()).isEqualTo(200);
        assertThat(response.headers().get("access-control-allow-origin"))
                .isEqualTo("https://shop.example");
    }

    @Test
    void refusesUdpAsAWayAround() {
        // Given
        var config = on(TestCollector.CONFIG, null);
        var everywhere =
                new CollectorConfig(
                        "0.0.0.0",
                        config.ports(),
                        null,
                        config.maxRequest(),
                        config.maxInFlight(),
                        config.requestTimeout(),
                        config.idleTimeout(),
                        config.shutdownTimeout(),
                        config.maxConnections(),
                        config.limits(),
                        config.rates());
        var entrance = new Entrance(access, null, CorsConfig.NONE);

        // When, Then
        assertThatThrownBy(() ->
                        new Collector(
                                everywhere,
                                entrance,
                                null,
                                collector.sink,
                                InstantSource.fixed(Requests.NOW),
                                new SimpleMeterRegistry()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "receivers.jaeger-udp-compact: 0.0.0.0 (expected: off, on a loopback"
                                + " address, or with datagram-tenant named, for UDP cannot show"
                                + " credentials)");
        new Collector(
                        config,
                        entrance,
                        null,
                        collector.sink,
                        InstantSource.fixed(Requests.NOW),
                        new SimpleMeterRegistry())
                .close();
    }

    private static HttpResponse<byte[]> post(String path, byte[] body, String tenant)
            throws Exception {
        return send(path, body, "authorization", "Bearer right", TENANT, tenant);
    }

    private static HttpResponse<byte[]> send(String path, byte[] body, String... headers)
            throws Exception {
        return collector.send(
                collector
                        .request(path)
                        .header("content-type", type(path))
                        .headers(headers)
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build());
    }

    private static String type(String path) {
        return switch (path) {
            case "/v1/traces" -> "application/x-protobuf";
            case "/api/traces" -> "application/x-thrift";
            default -> "application/json";
        };
    }

    private static CollectorConfig on(CollectorConfig config, @Nullable Tenant datagramTenant) {
        return new CollectorConfig(
                config.host(),
                config.ports(),
                datagramTenant,
                config.maxRequest(),
                config.maxInFlight(),
                config.requestTimeout(),
                config.idleTimeout(),
                config.shutdownTimeout(),
                config.maxConnections(),
                config.limits(),
                config.rates());
    }
}
