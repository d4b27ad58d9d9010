package dev.millrace.verification;

import static io.opentelemetry.api.common.AttributeKey.booleanArrayKey;
import static io.opentelemetry.api.common.AttributeKey.booleanKey;
import static io.opentelemetry.api.common.AttributeKey.doubleArrayKey;
import static io.opentelemetry.api.common.AttributeKey.doubleKey;
import static io.opentelemetry.api.common.AttributeKey.longArrayKey;
import static io.opentelemetry.api.common.AttributeKey.longKey;
import static io.opentelemetry.api.common.AttributeKey.stringArrayKey;
import static io.opentelemetry.api.common.AttributeKey.stringKey;
import static io.opentelemetry.api.common.AttributeKey.valueKey;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Span;
import dev.millrace.model.TraceId;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.KeyValue;
import io.opentelemetry.api.common.Value;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanLimits;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.opentelemetry.sdk.trace.samplers.SamplingDecision;
import io.opentelemetry.sdk.trace.samplers.SamplingResult;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A program with OpenTelemetry's Java SDK against a whole Millrace.
@ExtendWith(SharedMillrace.class)
@ResourceLock(SharedMillrace.NAME)
class OpenTelemetrySdkTest {

    private static final long LARGER_THAN_A_DOUBLE_HOLDS = (1L << 53) + 1;

    private static final SpanContext ELSEWHERE =
            SpanContext.createFromRemoteParent(
                    "0af7651916cd43dd8448eb211c80319c",
                    "b7ad6b7169203331",
                    TraceFlags.getSampled(),
                    TraceState.builder().put("vendor", "opaque").build());

    private static final Attributes SCOPE =
            Attributes.of(stringKey("scope.team"), "payments", longKey("scope.level"), 2L);

    private static final Attributes EVERY_TYPE =
            Attributes.builder()
                    .put(stringKey("text"), "grüße, 世界 😀")
                    .put(stringKey("empty"), "")
                    .put(booleanKey("bool"), true)
                    .put(longKey("long"), Long.MIN_VALUE)
                    .put(longKey("large"), LARGER_THAN_A_DOUBLE_HOLDS)
                    .put(doubleKey("double"), 0.1)
                    .put(stringArrayKey("texts"), "a", "", "c")
                    .put(booleanArrayKey("bools"), true, false)
                    .put(longArrayKey("longs"), 1L, -1L, Long.MAX_VALUE)
                    .put(doubleArrayKey("doubles"), -0.0, 1e300, Double.MIN_VALUE)
                    .put(stringArrayKey("none"), List.of())
                    .put(valueKey("bytes"), Value.of(new byte[] {0, -1, 127}))
                    .put(
                            valueKey("nested"),
                            Value.of(
                                    KeyValue.of("inner", Value.of("text")),
                                    KeyValue.of(
                                            "mixed",
                                            Value.of(Value.of(1), Value.of(true), Value.empty()))))
                    .build();

    private final RunningMillrace millrace;

    OpenTelemetrySdkTest(RunningMillrace millrace) {
        this.millrace = millrace;
    }

    @ParameterizedTest
    @ValueSource(strings = {"grpc", "http"})
    void aTraceComesBackWhole(String transport) {
        // When
        var sent = orderedBreakfast("sdk-" + transport, transport);

        // Then
        var stored = millrace.awaitTrace(sent.getFirst().traceId(), sent.size());
        assertThat(stored.spans()).containsExactlyInAnyOrderElementsOf(sent);
        assertThat(stored.root().map(Span::name)).contains("POST /orders");
    }

    @ParameterizedTest
    @ValueSource(strings = {"grpc", "http"})
    void jaegersApiShowsTheSame(String transport) throws Exception {
        // Given
        var sent = orderedBreakfast("sdk-jaeger-" + transport, transport);
        var traceId = sent.getFirst().traceId();
        millrace.awaitTrace(traceId, sent.size());

        // When
        var trace = millrace.get("/api/traces/" + traceId).at("/data/0");

        // Then
        assertThat(trace.path("traceID").asText()).isEqualTo(traceId.toString());
        assertThat(trace.path("spans")).hasSize(sent.size());
        var root = span(trace, "POST /orders");
        assertThat(tags(root.path("tags")))
                .containsEntry("text", "string grüße, 世界 😀")
                .containsEntry("empty", "string ")
                .containsEntry("bool", "bool true")
                .containsEntry("long", "int64 " + Long.MIN_VALUE)
                .containsEntry("large", "int64 " + LARGER_THAN_A_DOUBLE_HOLDS)
                .containsEntry("double", "float64 0.1")
                .containsEntry("texts", "string [\"a\",\"\",\"c\"]")
                .containsEntry("longs", "string [1,-1,9223372036854775807]")
                .containsEntry("bytes", "binary AP9/")
                .containsEntry("nested", "string {\"inner\":\"text\",\"mixed\":[1,true,null]}")
                .containsEntry("span.kind", "string server")
                .containsEntry("otel.scope.name", "string shop.http")
                .containsEntry("otel.scope.version", "string 1.4.2")
                .containsEntry("error", "bool true")
                .containsEntry("otel.status_description", "string the pan is on fire");
        assertThat(tags(root.at("/logs/0/fields")))
                .containsEntry("event", "string caught fire")
                .containsEntry("double", "float64 0.1");
        assertThat(root.at("/references/0/traceID").asText()).isEqualTo(ELSEWHERE.getTraceId());
        var child = span(trace, "fry");
        assertThat(child.at("/references/0/refType").asText()).isEqualTo("CHILD_OF");
        assertThat(child.at("/references/0/spanID").asText())
                .isEqualTo(root.path("spanID").asText());
        var process = trace.path("processes").path(root.path("processID").asText());
        assertThat(process.path("serviceName").asText()).isEqualTo("sdk-jaeger-" + transport);
        assertThat(tags(process.path("tags")))
                .containsEntry("deployment.environment.name", "string kitchen");
    }

    @ParameterizedTest
    @ValueSource(strings = {"grpc", "http"})
    void aSearchFindsItByWhatItHolds(String transport) throws Exception {
        // Given
        String service = "sdk-search-" + transport;
        var sent = orderedBreakfast(service, transport);
        var traceId = sent.getFirst().traceId();
        millrace.awaitTrace(traceId, sent.size());

        // Then
        for (var tags :
                List.of(
                        Map.<String, String>of(),
                        Map.of("text", "grüße, 世界 😀", "bool", "true"),
                        Map.of("large", Long.toString(LARGER_THAN_A_DOUBLE_HOLDS)),
                        Map.of("double", "0.1"),
                        Map.of("error", "true"),
                        Map.of("deployment.environment.name", "kitchen"),
                        Map.of("span.kind", "producer"))) {
            assertThat(ids(millrace.search(service, tags))).as("%s", tags).containsExactly(traceId);
        }
        assertThat(ids(millrace.search(service, Map.of("text", "another")))).isEmpty();
        assertThat(ids(millrace.search("sdk-other", Map.of()))).isEmpty();
        assertThat(millrace.get("/api/services").path("data").toString()).contains(service);
        assertThat(millrace.get("/api/services/" + service + "/operations").path("data").toString())
                .contains("POST /orders", "fry", "notify");
    }

    private static List<TraceId> ids(JsonNode traces) {
        var ids = new ArrayList<TraceId>();
        traces.forEach(trace -> ids.add(TraceId.parse(trace.path("traceID").asText())));
        return ids;
    }

    private static JsonNode span(JsonNode trace, String name) {
        for (var span : trace.path("spans")) {
            if (span.path("operationName").asText().equals(name)) {
                return span;
            }
        }
        throw new AssertionError(name + ": no such span in " + trace);
    }

    /// Type and value of each tag by its key.
    private static Map<String, String> tags(JsonNode tags) {
        var values = new HashMap<String, String>();
        for (var tag : tags) {
            values.put(
                    tag.path("key").asText(),
                    tag.path("type").asText() + " " + tag.path("value").asText());
        }
        return values;
    }

    /// Runs the program: one trace of five spans from two tracers.
    ///
    /// @return the spans as they must come back
    private List<Span> orderedBreakfast(String service, String transport) {
        var spans = new SentSpans(exporter(transport), SCOPE);
        try (var provider =
                SdkTracerProvider.builder()
                        .setResource(
                                Resource.create(
                                        Attributes.builder()
                                                .put("service.name", service)
                                                .put("deployment.environment.name", "kitchen")
                                                .put("host.cpus", 2)
                                                .build(),
                                        "https://opentelemetry.io/schemas/1.30.0"))
                        .setSampler(new Stating(Sampler.alwaysOn()))
                        .setSpanLimits(SpanLimits.builder().setMaxNumberOfEvents(2).build())
                        .addSpanProcessor(BatchSpanProcessor.builder(spans).build())
                        .build()) {
            orderBreakfast(
                    provider.tracerBuilder("shop.http")
                            .setInstrumentationVersion("1.4.2")
                            .setSchemaUrl("https://opentelemetry.io/schemas/1.28.0")
                            .build(),
                    provider.tracerBuilder("shop.kitchen").build());
            assertThat(provider.forceFlush().join(10, TimeUnit.SECONDS).isSuccess()).isTrue();
        }
        assertThat(spans.sent()).hasSize(5);
        return spans.sent();
    }

    private static void orderBreakfast(Tracer http, Tracer kitchen) {
        var start = Instant.now();
        var root =
                http.spanBuilder("POST /orders")
                        .setNoParent()
                        .setSpanKind(SpanKind.SERVER)
                        .setStartTimestamp(start)
                        .setAllAttributes(EVERY_TYPE)
                        .addLink(ELSEWHERE, EVERY_TYPE)
                        .startSpan();
        var inRoot = Context.root().with(root);
        var fry = kitchen.spanBuilder("fry").setParent(inRoot).startSpan();
        var inFry = inRoot.with(fry);
        http.spanBuilder("GET /pans")
                .setParent(inFry)
                .setSpanKind(SpanKind.CLIENT)
                .startSpan()
                .setStatus(StatusCode.OK)
                .end();
        var notify =
                http.spanBuilder("notify")
                        .setParent(inFry)
                        .setSpanKind(SpanKind.PRODUCER)
                        .startSpan();
        kitchen.spanBuilder("told")
                .setParent(inRoot.with(notify))
                .setSpanKind(SpanKind.CONSUMER)
                .addLink(notify.getSpanContext())
                .startSpan()
                .end();
        notify.end();
        fry.end();
        root.addEvent("caught fire", EVERY_TYPE, start.plusNanos(1_234_567));
        root.addEvent("extinguished", start.plusMillis(2));
        root.addEvent("beyond the SDK's limit");
        root.setStatus(StatusCode.ERROR, "the pan is on fire");
        root.end(start.plusMillis(40));
    }

    private SpanExporter exporter(String transport) {
        return switch (transport) {
            case "grpc" ->
                    OtlpGrpcSpanExporter.builder().setEndpoint(millrace.otlp("grpc")).build();
            case "http" ->
                    OtlpHttpSpanExporter.builder()
                            .setEndpoint(millrace.otlp("http") + "/v1/traces")
                            .build();
            default -> throw new IllegalArgumentException(transport);
        };
    }

    /// Puts something into the trace state of every span.
    private record Stating(Sampler sampler) implements Sampler {

        @Override
        public SamplingResult shouldSample(
                Context parent,
                String traceId,
                String name,
                SpanKind kind,
                Attributes attributes,
                List<LinkData> links) {
            var decision =
                    sampler.shouldSample(parent, traceId, name, kind, attributes, links)
                            .getDecision();
            return new Stated(decision);
        }

        @Override
        public String getDescription() {
            return "stating";
        }
    }

    private record Stated(SamplingDecision getDecision) implements SamplingResult {

        @Override
        public Attributes getAttributes() {
            return Attributes.empty();
        }

        @Override
        public TraceState getUpdatedTraceState(TraceState parent) {
            return parent.toBuilder().put("ot", "th:0").put("shop", "breakfast").build();
        }
    }
}
