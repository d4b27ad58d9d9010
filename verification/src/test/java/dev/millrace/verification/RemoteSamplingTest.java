package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.TraceId;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.extension.trace.jaeger.sampler.JaegerRemoteSampler;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Programs with OpenTelemetry's Java SDK that ask a whole Millrace what to sample.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RemoteSamplingTest {

    private static final Duration BETWEEN_POLLS = Duration.ofMillis(250);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private static final String STRATEGIES =
            """
            {
              "default_strategy": {
                "type": "probabilistic",
                "param": 0.25,
                "operation_strategies": [
                  {"operation": "GET /health", "type": "probabilistic", "param": 0}
                ]
              },
              "service_strategies": [
                {
                  "service": "shop-sampling-grpc",
                  "type": "probabilistic",
                  "param": 0,
                  "operation_strategies": [
                    {"operation": "POST /orders", "type": "probabilistic", "param": 1}
                  ]
                },
                {
                  "service": "shop-jaeger-grpc",
                  "type": "probabilistic",
                  "param": 1,
                  "operation_strategies": [
                    {"operation": "GET /orders", "type": "probabilistic", "param": 0}
                  ]
                },
                {
                  "service": "changing",
                  "type": "probabilistic",
                  "param": 0,
                  "operation_strategies": [
                    {"operation": "POST /orders", "type": "probabilistic", "param": 0}
                  ]
                }
              ]
            }
            """;

    private Path strategies;
    private RunningMillrace millrace;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        strategies = Files.writeString(directory.resolve("strategies.json"), STRATEGIES);
        millrace =
                new RunningMillrace(
                        directory,
                        Map.of(
                                "sampling.remote.file",
                                strategies.toString(),
                                "sampling.remote.refresh",
                                "100ms"));
        millrace.start();
    }

    @AfterAll
    void stop() {
        millrace.stop();
        millrace.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"sampling-grpc", "jaeger-grpc"})
    void aProgramSendsTheOperationsItIsTold(String receiver) throws Exception {
        // Given
        String service = "shop-" + receiver;
        try (var program = new Program(millrace, service, receiver, Sampler.alwaysOff())) {
            program.awaitStrategy(millrace, "PerOperationSampler");

            // When
            var health = program.work("GET /health");
            var reading = program.work("GET /orders");
            var order = program.work("POST /orders");
            program.flush();

            // Then
            var stored = millrace.awaitTrace(TraceId.parse(order.getTraceId()), 2);
            assertThat(stored.spans())
                    .allSatisfy(span -> assertThat(span.serviceName()).isEqualTo(service));
            assertThat(List.of(health, reading)).noneMatch(SpanContext::isSampled);
            // All would have come in the same request.
            assertThat(traceIds(millrace.search(service, Map.of())))
                    .containsExactly(order.getTraceId());
        }
    }

    @Test
    void aProgramFollowsTheFileWhileAllRuns() throws Exception {
        // Given
        try (var program = new Program(millrace, "changing", "sampling-grpc", Sampler.alwaysOn())) {
            program.awaitStrategy(millrace, "POST /orders=TraceIdRatioBased{0.000000}");
            assertThat(program.work("POST /orders").isSampled()).isFalse();

            // When
            var changed = MAPPER.readTree(STRATEGIES);
            ((ObjectNode) changed.at("/service_strategies/2/operation_strategies/0"))
                    .put("param", 1);
            Files.writeString(strategies, changed.toString());

            // Then
            program.awaitStrategy(millrace, "POST /orders=TraceIdRatioBased{1.000000}");
            var order = program.work("POST /orders");
            program.flush();
            millrace.awaitTrace(TraceId.parse(order.getTraceId()), 2);
            assertThat(program.work("GET /orders").isSampled()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sampling-grpc", "jaeger-grpc"})
    void aServiceThatIsNotNamedGetsTheDefault(String receiver) throws Exception {
        try (var program = new Program(millrace, "nobody", receiver, Sampler.alwaysOff())) {
            program.awaitStrategy(
                    millrace,
                    "default=TraceIdRatioBased{0.250000}, "
                            + "perOperation={GET /health=TraceIdRatioBased{0.000000}}");
        }
        var told = strategy(millrace, "nobody");
        assertThat(rest(told)).isEqualTo(0.25);
        assertThat(probability(told, "GET /health")).contains(0.0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/sampling",
                "/sampling?service=",
                "/sampling?service=a&service=b",
                "/api/sampling",
                "/"
            })
    void aQuestionWithoutAServiceIsRefused(String path) throws Exception {
        var answer = ask(millrace, path);
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).matches("service: \\[.*] \\(expected: one name\\)");
    }

    @Test
    void aBusyOperationIsSampledLess(@TempDir Path directory) throws Exception {
        // Given
        var settings =
                Map.of(
                        "sampling.remote.adaptive.enabled", "true",
                        "sampling.remote.adaptive.initial", "1",
                        "sampling.remote.adaptive.interval", "500ms",
                        "sampling.remote.adaptive.target-per-second", "1");
        try (var adaptive = new RunningMillrace(directory, settings)) {
            adaptive.start();
            try (var program =
                    new Program(adaptive, "busy", "sampling-grpc", Sampler.alwaysOff())) {
                program.awaitStrategy(adaptive, "TraceIdRatioBased{1.000000}");

                // When
                adaptive.patiently(() -> {
                    program.hurry(100);
                    return probability(strategy(adaptive, "busy"), "GET /").stream()
                            .filter(probability -> probability < 0.1)
                            .toList();
                });

                // Then
                program.awaitStrategy(adaptive, "GET /=TraceIdRatioBased{0.0");
                assertThat(program.hurry(1_000)).isLessThan(500);
                assertThat(rest(strategy(adaptive, "idle"))).isEqualTo(1);
            }
            adaptive.stop();
        }
    }

    /// What a service is told over HTTP.
    private static JsonNode strategy(RunningMillrace millrace, String service)
            throws IOException, InterruptedException {
        var answer = ask(millrace, "/sampling?service=" + service);
        assertThat(answer.statusCode()).isEqualTo(200);
        return MAPPER.readTree(answer.body());
    }

    private static HttpResponse<String> ask(RunningMillrace millrace, String path)
            throws IOException, InterruptedException {
        return millrace.page(URI.create("http://" + millrace.samplingHostPort() + path));
    }

    /// The probability of operations that are not named.
    private static double rest(JsonNode strategy) {
        return strategy.at("/probabilisticSampling/samplingRate").asDouble(Double.NaN);
    }

    private static Optional<Double> probability(JsonNode strategy, String operation) {
        return elements(strategy.at("/operationSampling/perOperationStrategies"))
                .filter(entry -> entry.path("operation").asText().equals(operation))
                .map(entry -> entry.at("/probabilisticSampling/samplingRate").asDouble())
                .findFirst();
    }

    private static List<String> traceIds(JsonNode traces) {
        return elements(traces).map(trace -> trace.path("traceID").asText()).toList();
    }

    private static Stream<JsonNode> elements(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }

    /// A service with OpenTelemetry's SDK and its sampler that asks.
    private static final class Program implements AutoCloseable {

        private final JaegerRemoteSampler sampler;
        private final SdkTracerProvider provider;
        private final Tracer tracer;

        /// @param receiver that it asks
        /// @param until it is told something
        Program(RunningMillrace millrace, String service, String receiver, Sampler until) {
            sampler =
                    JaegerRemoteSampler.builder()
                            .setServiceName(service)
                            .setEndpoint(
                                    "http://127.0.0.1:"
                                            + millrace.setting(
                                                    "collector.receivers." + receiver + ".port"))
                            .setPollingInterval(BETWEEN_POLLS)
                            .setInitialSampler(until)
                            .build();
            var exporter =
                    OtlpGrpcSpanExporter.builder().setEndpoint(millrace.otlp("grpc")).build();
            provider =
                    SdkTracerProvider.builder()
                            .setResource(Resource.builder().put("service.name", service).build())
                            .setSampler(sampler)
                            .addSpanProcessor(BatchSpanProcessor.builder(exporter).build())
                            .build();
            tracer = provider.get("shop");
        }

        /// @param part of how the sampler describes itself
        void awaitStrategy(RunningMillrace millrace, String part) {
            millrace.patiently(() -> {
                String description = sampler.getDescription();
                return description.contains(part) ? List.of(description) : List.of();
            });
        }

        /// A root and a child.
        SpanContext work(String operation) {
            var root = tracer.spanBuilder(operation).setNoParent().startSpan();
            tracer.spanBuilder("inside").setParent(Context.root().with(root)).startSpan().end();
            root.end();
            return root.getSpanContext();
        }

        /// So many traces at once, and how many of them were sampled.
        long hurry(int traces) {
            long sampled =
                    IntStream.range(0, traces)
                            .mapToObj(_ -> work("GET /"))
                            .filter(SpanContext::isSampled)
                            .count();
            flush();
            return sampled;
        }

        void flush() {
            assertThat(provider.forceFlush().join(10, TimeUnit.SECONDS).isSuccess()).isTrue();
        }

        @Override
        public void close() {
            sampler.shutdown().join(10, TimeUnit.SECONDS);
            provider.close();
        }
    }
}
