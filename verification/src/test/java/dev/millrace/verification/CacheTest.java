package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.TraceId;
import dev.millrace.testkit.RedisServer;
import dev.millrace.testkit.search.SearchServer;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is remembered of traces that grow, where those who write them and those who answer for them
/// are processes of their own: one that answers shares a Redis with the writer, one has none.
class CacheTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private static final RedisServer REDIS = RedisServer.down();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @TempDir private static Path directory;

    private static MillraceProcess writer;
    private static MillraceProcess alone;
    private static MillraceProcess sharing;

    private static MillraceProcess process(String name, String role, Map<String, String> more) {
        var settings = new LinkedHashMap<String, String>();
        settings.put("storage.type", "elasticsearch");
        settings.put(
                "storage.elasticsearch.urls",
                SearchServer.shared(SearchServer.Kind.OPENSEARCH).uri().toString());
        settings.put("storage.elasticsearch.index-prefix", "cached");
        settings.put("storage.elasticsearch.shards", "1");
        settings.put("storage.elasticsearch.replicas", "0");
        settings.put("aggregator.quiet-period", "500ms");
        settings.put("aggregator.commit-interval", "200ms");
        settings.put("ingester.batch-delay", "100ms");
        settings.put("log.level", "warn");
        settings.putAll(more);
        return new MillraceProcess(name, directory.resolve(name), List.of(role), settings);
    }

    @BeforeAll
    static void start() throws Exception {
        REDIS.start();
        var shared = Map.of("redis.uri", REDIS.uri().toString(), "cache.redis-wait", "1s");
        writer = process("writer", "up", shared);
        sharing = process("sharing", "query", shared);
        alone = process("alone", "query", Map.of("cache.trace-expiry", "3s"));
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            var starts =
                    List.of(writer, sharing, alone).stream()
                            .<Future<?>>map(process ->
                                    executor.submit(() -> {
                                        process.start();
                                        return true;
                                    }))
                            .toList();
            for (var start : starts) {
                start.get();
            }
        }
    }

    @AfterAll
    static void close() {
        for (var process : List.of(writer, sharing, alone)) {
            process.close();
        }
        REDIS.close();
        HTTP.shutdownNow();
    }

    @BeforeEach
    void awaitRedis() {
        await().atMost(PATIENCE)
                .until(() ->
                        writer.metric("millrace_cache_up") == 1
                                && sharing.metric("millrace_cache_up") == 1);
    }

    @Test
    void aTraceThatGrowsIsNeverAnsweredAsItWas() throws Exception {
        // Given: a trace of now that both remember.
        var trace = Otlp.newTraceId();
        send(Otlp.span(trace, 1, "first"), "young");
        awaitWritten("young", 1);
        for (int i = 0; i < 3; i++) {
            assertThat(spans(sharing, trace)).isEqualTo(1);
            assertThat(spans(alone, trace)).isEqualTo(1);
        }
        assertThat(answered(alone, "checked")).isPositive();
        assertThat(answered(sharing, "checked")).isPositive();

        // When
        send(Otlp.span(trace, 2, "second"), "young");
        awaitWritten("young", 2);

        // Then
        assertThat(spans(sharing, trace)).isEqualTo(2);
        assertThat(spans(alone, trace)).isEqualTo(2);

        // When: nobody can make anybody forget.
        REDIS.kill();
        try {
            assertThat(spans(sharing, trace)).isEqualTo(2);
            send(Otlp.span(trace, 3, "third"), "young");
            awaitWritten("young", 3);

            // Then
            assertThat(spans(sharing, trace)).isEqualTo(3);
            assertThat(spans(alone, trace)).isEqualTo(3);
            assertThat(answered(sharing, "unreachable")).isPositive();
        } finally {
            REDIS.start();
        }
    }

    @Test
    void aSpanThatIsHoursLateIsSeenAtOnceWithRedisAndAfterTheExpiryWithout() throws Exception {
        // Given: a trace of hours ago that both remember.
        var trace = Otlp.newTraceId();
        send(hoursAgo(Otlp.span(trace, 1, "first")), "old");
        awaitWritten("old", 1);
        for (int i = 0; i < 3; i++) {
            assertThat(spans(sharing, trace)).isEqualTo(1);
            assertThat(spans(alone, trace)).isEqualTo(1);
        }
        assertThat(answered(sharing, "hit") + answered(alone, "hit")).isPositive();

        // When
        send(hoursAgo(Otlp.span(trace, 2, "second")), "old");
        awaitWritten("old", 2);

        // Then: the one is told, before the write is done; the other one's memory ends.
        double read = answered(sharing, "missed");
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> spans(sharing, trace) == 2);
        assertThat(answered(sharing, "missed")).isGreaterThan(read);
        await().atMost(PATIENCE).until(() -> spans(alone, trace) == 2);
    }

    private static Span.Builder hoursAgo(Span.Builder span) {
        long hours = Duration.ofHours(3).toNanos();
        return span.setStartTimeUnixNano(span.getStartTimeUnixNano() - hours)
                .setEndTimeUnixNano(span.getEndTimeUnixNano() - hours);
    }

    private void send(Span.Builder span, String service) throws Exception {
        var request =
                HttpRequest.newBuilder(writer.otlpHttp().resolve("/v1/traces"))
                        .timeout(PATIENCE)
                        .header("Content-Type", RunningMillrace.PROTOBUF)
                        .POST(BodyPublishers.ofByteArray(Otlp.request(Otlp.of(service, span))))
                        .build();
        assertThat(HTTP.send(request, BodyHandlers.ofByteArray()).statusCode()).isEqualTo(200);
    }

    // Searches are not remembered.
    private void awaitWritten(String service, int spans) {
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> searched(service) == spans);
    }

    private int searched(String service) throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(alone.query().resolve("/api/traces?service=" + service))
                        .timeout(PATIENCE)
                        .build();
        var found = MAPPER.readTree(HTTP.send(request, BodyHandlers.ofString()).body());
        return found.path("data").path(0).path("spans").size();
    }

    private int spans(MillraceProcess process, TraceId trace) {
        return new StoredTraces(HTTP, process.query())
                .apply(trace)
                .map(found -> found.spans().size())
                .orElse(0);
    }

    private static double answered(MillraceProcess process, String outcome) throws Exception {
        return process.metric("millrace_cache_questions_total", "outcome=\"" + outcome + "\"");
    }
}
