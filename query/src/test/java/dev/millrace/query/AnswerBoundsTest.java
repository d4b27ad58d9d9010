package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import com.linecorp.armeria.common.QueryParams;
import dev.millrace.model.Attributes;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What our own API does not look at any more, and that it says so.
class AnswerBoundsTest {

    @Test
    void leavesOutTheOldestFiguresWhenTimeIsUp(@TempDir Path directory) throws IOException {
        // Given: a second goes by between two looks at the clock.
        var seconds = new AtomicLong();
        try (var store =
                new LocalTraceStore(LocalStoreConfig.in(directory), new SimpleMeterRegistry())) {
            store.start();
            var endpoints = new HashMap<String, Endpoint>();
            new FiguresApi(
                            store,
                            InstantSource.fixed(SampleTraces.NOW),
                            Duration.ofSeconds(2),
                            () -> seconds.getAndIncrement() * 1_000_000_000)
                    .bind((path, _, endpoint) -> endpoints.put(path, endpoint));

            // When
            var answer =
                    ask(endpoints, "/v1/dependencies", Map.of(), "start", "2026-11-21T00:00:00Z");

            // Then
            assertThat(answer.gaps())
                    .containsExactly(
                            "what is older than 2026-11-21T02:01:00Z was not read within PT2S");
            assertThat(text(answer))
                    .isEqualTo(
                            "{\"start\":\"2026-11-21T00:00:00Z\",\"end\":\"2026-11-21T03:01:00Z\","
                                    + "\"links\":[],\"partial\":true,\"reasons\":[\"what is older"
                                    + " than 2026-11-21T02:01:00Z was not read within PT2S\"]}");
        }
    }

    @Test
    void looksAtSoManyTracesForAttributesAndNoMore() throws IOException {
        // Given
        var store = new MemoryTraceStore();
        for (int i = 1; i <= 3; i++) {
            store.keep(
                    SampleTraces.plain(
                            new TraceId(0, i), "service-" + i, SampleTraces.NOW_NANOS - i));
        }
        var endpoints = new HashMap<String, Endpoint>();
        new AttributesApi(store, new BoundedScan(2, Duration.ofSeconds(1), () -> 0))
                .bind((path, _, endpoint) -> endpoints.put(path, endpoint));

        // When
        var answer = ask(endpoints, "/v1/attributes/{key}/values", Map.of("key", "service.name"));

        // Then
        assertThat(text(answer))
                .contains("service-1", "service-2", "\"tracesRead\":2")
                .doesNotContain("service-3");
        assertThat(answer.gaps()).containsExactly("only the newest 2 traces were looked at");
    }

    @Test
    void leavesOutValuesThatAreTooLong() throws IOException {
        // Given
        var store = new MemoryTraceStore();
        store.keep(
                List.of(
                        Span.builder(new TraceId(0, 1), new SpanId(1))
                                .time(1, 2)
                                .attributes(
                                        Attributes.of(
                                                SampleTraces.text("statement", "x".repeat(1_025)),
                                                SampleTraces.text("statement", "short")),
                                        0)
                                .build()));
        var endpoints = new HashMap<String, Endpoint>();
        new AttributesApi(store, new BoundedScan(2, Duration.ofSeconds(1), () -> 0))
                .bind((path, _, endpoint) -> endpoints.put(path, endpoint));

        // When
        var answer = ask(endpoints, "/v1/attributes/{key}/values", Map.of("key", "statement"));

        // Then
        assertThat(text(answer)).contains("short").doesNotContain("xxx");
        assertThat(answer.gaps())
                .containsExactly("values of more than 1024 characters are left out");
    }

    private static Answer ask(
            Map<String, Endpoint> endpoints,
            String path,
            Map<String, String> variables,
            String... parameters) {
        var query = QueryParams.builder();
        for (int i = 0; i < parameters.length; i += 2) {
            query.add(parameters[i], parameters[i + 1]);
        }
        return Objects.requireNonNull(endpoints.get(path), path)
                .answer(new Parameters(Tenant.DEFAULT, variables, query.build(), List.of()));
    }

    private static String text(Answer answer) throws IOException {
        var body = new ByteArrayOutputStream();
        answer.body().writeTo(body);
        return body.toString(StandardCharsets.UTF_8);
    }
}
