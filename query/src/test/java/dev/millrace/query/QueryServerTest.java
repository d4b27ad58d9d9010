package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Attributes;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class QueryServerTest {

    private static RunningQuery query;

    @BeforeAll
    static void start() {
        query = new RunningQuery();
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    @AfterEach
    void soothe() {
        query.store.beforeReads(() -> {});
    }

    @ParameterizedTest
    @CsvSource({
        "INVALID_REQUEST, 400",
        "NOT_SUPPORTED, 501",
        "OVER_CAPACITY, 503",
        "UNAVAILABLE, 503",
        "CORRUPT, 500",
        "BUG, 500"
    })
    void wordsAStoresFailureForEachApi(StoreException.Kind kind, int status) {
        // Given
        query.store.beforeReads(() -> {
            throw new StoreException(kind, "no can do");
        });

        // When
        var ours = query.get("/v1/services");
        var jaegers = query.get("/api/services");
        var tempos = query.get("/tempo/api/search");

        // Then
        assertThat(ours.statusCode()).isEqualTo(status);
        assertThat(ours.body())
                .isEqualTo("{\"error\":{\"status\":" + status + ",\"message\":\"no can do\"}}");
        assertThat(jaegers.statusCode()).isEqualTo(status);
        assertThat(jaegers.body())
                .contains("\"errors\":[{\"code\":" + status + ",\"msg\":\"no can do\"}]");
        assertThat(tempos.statusCode()).isEqualTo(status);
        assertThat(tempos.body()).isEqualTo("no can do");
        assertThat(ours.headers().firstValue("retry-after").isPresent()).isEqualTo(status == 503);
    }

    @ParameterizedTest
    @EnumSource(StoreException.Kind.class)
    void hasAStatusForEveryKindOfFailure(StoreException.Kind kind) {
        // When
        var status = Dialect.statusOf(kind);

        // Then
        assertThat(status.isError()).isTrue();
    }

    @Test
    void keepsTheWordsOfAMistakeOfOursToItself() {
        // Given
        query.store.beforeReads(() -> {
            throw new IllegalStateException("secret");
        });

        // When
        var response = query.get("/v1/services");

        // Then
        assertThat(response.statusCode()).isEqualTo(500);
        assertThat(response.body()).contains("internal error").doesNotContain("secret");
    }

    @Test
    void turnsAwayMoreRequestsThanItMayWorkOn() throws Exception {
        var config = new QueryConfig("127.0.0.1", 0, Duration.ofSeconds(20), 100, 2);
        try (var small = new RunningQuery(config)) {
            // Given
            var arrived = new CountDownLatch(2);
            var release = new CountDownLatch(1);
            small.store.beforeReads(() -> {
                arrived.countDown();
                await(release);
            });
            var first = small.send("GET", "/v1/services");
            var second = small.send("GET", "/api/services");
            assertThat(arrived.await(20, TimeUnit.SECONDS)).isTrue();

            // When
            var third = small.get("/v1/services");
            release.countDown();

            // Then
            assertThat(third.statusCode()).isEqualTo(503);
            assertThat(third.headers().firstValue("retry-after")).hasValue("1");
            assertThat(first.join().statusCode()).isEqualTo(200);
            assertThat(second.join().statusCode()).isEqualTo(200);
        }
    }

    @Test
    void answersForAStoreThatTakesTooLong() {
        var config = new QueryConfig("127.0.0.1", 0, Duration.ofMillis(50), 100, 2);
        var release = new CountDownLatch(1);
        try (var small = new RunningQuery(config)) {
            // Given
            small.store.beforeReads(() -> await(release));

            // When
            var response = small.get("/v1/services");
            release.countDown();

            // Then
            assertThat(response.statusCode()).isEqualTo(504);
            assertThat(response.body()).contains("no answer from the store within PT0.05S");
        }
    }

    @Test
    void sendsALongTraceWhole() {
        // Given
        var id = new TraceId(1, 1);
        query.store.keep(longTrace(id, 100));

        // When
        var ours = query.get("/v1/traces/" + id).body();
        var jaegers = query.get("/api/traces/" + id).body();

        // Then
        assertThat(ours).hasSizeGreaterThan(1_000_000).contains("step 5000").endsWith("]}");
        assertThat(jaegers).contains("step 5000").endsWith("\"errors\":null}");
    }

    @Test
    void takesOnlyReads() {
        // When
        var post = query.send("POST", "/api/traces?service=a").join();
        var head = query.send("HEAD", "/v1/services").join();

        // Then
        assertThat(post.statusCode()).isEqualTo(405);
        assertThat(post.headers().firstValue("allow")).hasValue("GET, HEAD");
        assertThat(post.body()).contains("method: POST (expected: GET or HEAD)");
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
    }

    @Test
    void countsAndTimesRequests() {
        // Given
        MeterRegistry registry;

        // When
        try (var fresh = new RunningQuery()) {
            registry = fresh.registry;
            fresh.get("/v1/services");
            fresh.get("/api/traces");
            fresh.get("/");
        }

        // Then
        assertThat(requests(registry, "native", "services", "200")).isEqualTo(1);
        assertThat(requests(registry, "jaeger", "search", "400")).isEqualTo(1);
        assertThat(requests(registry, "pages", "index", "200")).isEqualTo(1);
        assertThat(
                        registry.get("millrace.query.latency")
                                .tags("api", "pages", "endpoint", "index")
                                .timer()
                                .count())
                .isEqualTo(1);
        assertThat(registry.get("millrace.query.running").gauge().value()).isZero();
    }

    @Test
    void saysWhichAddressIsTaken() {
        // Given
        int taken = query.address().getPort();
        var config = new QueryConfig("127.0.0.1", taken, Duration.ofSeconds(1), 1, 1);
        try (var second =
                new QueryServer(config, query.store, query.registry, InstantSource.system())) {
            // When, then
            assertThatThrownBy(second::start)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("query server on 127.0.0.1:" + taken)
                    .hasMessageContaining("in use");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'', 0, 1, 1, 1, 'host: \"\" (expected: a host name or address)'",
        "h, 99999, 1, 1, 1, port: 99999 (expected: 0 to 65535)",
        "h, 0, 0, 1, 1, 'request timeout: PT0S (expected: above zero, at most 1 h)'",
        "h, 0, 1, 10001, 1, 'max traces: 10001 (expected: 1 to 10000)'",
        "h, 0, 1, 1, 0, 'max concurrent requests: 0 (expected: at least 1)'"
    })
    void refusesSettingsThatCannotWork(
            String host, int port, int seconds, int traces, int requests, String message) {
        assertThatThrownBy(() ->
                        new QueryConfig(host, port, Duration.ofSeconds(seconds), traces, requests))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private static List<Span> longTrace(TraceId id, int padding) {
        var pad = Attributes.of(SampleTraces.text("pad", "x".repeat(padding)));
        return IntStream.rangeClosed(1, 5_000)
                .mapToObj(i ->
                        Span.builder(id, new SpanId(i))
                                .name("step " + i)
                                .time(i, i + 1L)
                                .attributes(pad, 0)
                                .build())
                .toList();
    }

    private static double requests(
            MeterRegistry registry, String api, String endpoint, String status) {
        return registry.get("millrace.query.requests")
                .tags("api", api, "endpoint", endpoint, "status", status)
                .counter()
                .count();
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new IllegalStateException("never released");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
