package dev.millrace.verification;

import static io.opentelemetry.api.common.AttributeKey.longKey;
import static io.opentelemetry.api.common.AttributeKey.stringKey;
import static org.assertj.core.api.Assertions.assertThat;

import brave.Span.Kind;
import brave.Tracing;
import brave.sampler.Sampler;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Span;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.TraceId;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.zipkin.ZipkinSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import zipkin2.Endpoint;
import zipkin2.reporter.AsyncReporter;
import zipkin2.reporter.BytesMessageSender;
import zipkin2.reporter.Encoding;
import zipkin2.reporter.SpanBytesEncoder;
import zipkin2.reporter.brave.AsyncZipkinSpanHandler;
import zipkin2.reporter.okhttp3.OkHttpSender;

/// Programs with Zipkin's libraries against a whole Millrace, changed in nothing but the address.
@ExtendWith(SharedMillrace.class)
@ResourceLock(SharedMillrace.NAME)
class ZipkinClientsTest {

    private final RunningMillrace millrace;

    ZipkinClientsTest(RunningMillrace millrace) {
        this.millrace = millrace;
    }

    @ParameterizedTest
    @EnumSource
    void everyEncodingOfTheReporterIsStored(SpanBytesEncoder encoder) throws Exception {
        // Given
        String service = "reporter-" + encoder.name().toLowerCase(java.util.Locale.ROOT);
        var call = ZipkinSpans.call(service, System.currentTimeMillis() * 1_000);

        // When
        try (var sender = sender(encoder.encoding(), path(encoder));
                var reporter = AsyncReporter.builder(sender).build(encoder)) {
            call.forEach(reporter::report);
            reporter.flush();
        }

        // Then
        var traceId = TraceId.parse(call.getFirst().traceId());
        ZipkinSpans.assertIsCall(millrace.awaitTrace(traceId, call.size()).spans(), call);
    }

    @ParameterizedTest
    @EnumSource(
            value = Encoding.class,
            names = {"JSON", "PROTO3"})
    void bravesTraceIsStored(Encoding encoding) throws Exception {
        // Given
        String service = "brave-" + encoding.name().toLowerCase(java.util.Locale.ROOT);
        String traceId;

        // When
        try (var sender = sender(encoding, "/api/v2/spans");
                var handler = AsyncZipkinSpanHandler.newBuilder(sender).build();
                var tracing =
                        Tracing.newBuilder()
                                .localServiceName(service)
                                .traceId128Bit(true)
                                .sampler(Sampler.ALWAYS_SAMPLE)
                                .addSpanHandler(handler)
                                .build()) {
            var tracer = tracing.tracer();
            var server = tracer.newTrace().name("GET /menu").kind(Kind.SERVER).start();
            var client = tracer.newChild(server.context()).name("read").kind(Kind.CLIENT).start();
            client.remoteServiceName("cellar").annotate("asked").tag("shelf", "3");
            client.error(new IllegalStateException("the cellar is locked")).finish();
            server.tag("http.path", "/menu").finish();
            traceId = server.context().traceIdString();
            handler.flush();
        }

        // Then
        var spans = millrace.awaitTrace(TraceId.parse(traceId), 2).spans();
        var server = named("GET /menu", spans);
        var client = named("read", spans);
        assertThat(server.kind()).isEqualTo(SpanKind.SERVER);
        assertThat(server.serviceName()).isEqualTo(service);
        assertThat(server.attributes().find("http.path"))
                .contains(new AttributeValue.Text("/menu"));
        assertThat(client.parentSpanId()).isEqualTo(server.spanId());
        assertThat(client.kind()).isEqualTo(SpanKind.CLIENT);
        assertThat(client.attributes().find("peer.service"))
                .contains(new AttributeValue.Text("cellar"));
        assertThat(client.events().getFirst().name()).isEqualTo("asked");
        assertThat(client.status().code()).isEqualTo(Status.Code.ERROR);
    }

    @Test
    // OpenTelemetry gives the exporter up, but programs out there keep it.
    @SuppressWarnings("deprecation")
    void openTelemetrysZipkinExporterLosesNothingThatZipkinCarries() {
        // Given
        String service = "otel-zipkin";
        String traceId;

        // When
        try (var exporter =
                        ZipkinSpanExporter.builder()
                                .setEndpoint(millrace.zipkin() + "/api/v2/spans")
                                .build();
                var provider =
                        SdkTracerProvider.builder()
                                .setResource(
                                        Resource.create(
                                                Attributes.of(stringKey("service.name"), service)))
                                .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                                .build()) {
            var tracer = provider.tracerBuilder("shop.http").setInstrumentationVersion("2").build();
            var root = tracer.spanBuilder("POST /orders").startSpan();
            var child =
                    tracer.spanBuilder("fry")
                            .setParent(Context.root().with(root))
                            .setSpanKind(io.opentelemetry.api.trace.SpanKind.CLIENT)
                            .setAllAttributes(
                                    Attributes.of(stringKey("pan"), "iron", longKey("eggs"), 3L))
                            .startSpan();
            child.addEvent("burnt").setStatus(StatusCode.ERROR, "black").end();
            root.end();
            traceId = root.getSpanContext().getTraceId();
            assertThat(provider.forceFlush().join(10, TimeUnit.SECONDS).isSuccess()).isTrue();
        }

        // Then
        var spans = millrace.awaitTrace(TraceId.parse(traceId), 2).spans();
        var fry = named("fry", spans);
        assertThat(fry.kind()).isEqualTo(SpanKind.CLIENT);
        assertThat(fry.serviceName()).isEqualTo(service);
        assertThat(fry.attributes().find("pan")).contains(new AttributeValue.Text("iron"));
        assertThat(fry.attributes().find("eggs")).contains(new AttributeValue.Text("3"));
        assertThat(fry.events().getFirst().name()).isEqualTo("burnt");
        assertThat(fry.status().code()).isEqualTo(Status.Code.ERROR);
        assertThat(fry.status().message()).isEqualTo("black");
        assertThat(fry.scope().name()).isEqualTo("shop.http");
        assertThat(fry.scope().version()).isEqualTo("2");
    }

    private static Span named(String name, List<Span> spans) {
        return spans.stream().filter(span -> span.name().equals(name)).findFirst().orElseThrow();
    }

    private BytesMessageSender sender(Encoding encoding, String path) {
        return OkHttpSender.newBuilder()
                .endpoint(millrace.zipkin() + path)
                .encoding(encoding)
                .build();
    }

    private static String path(SpanBytesEncoder encoder) {
        return switch (encoder) {
            case JSON_V1, THRIFT -> "/api/v1/spans";
            case JSON_V2, PROTO3 -> "/api/v2/spans";
        };
    }

    /// One call between two services in Zipkin's words, and how it must look when it is stored.
    static final class ZipkinSpans {

        private ZipkinSpans() {}

        /// A client half and a server half that share an id, and work below them.
        ///
        /// @param micros when it began
        static List<zipkin2.Span> call(String service, long micros) {
            var random = ThreadLocalRandom.current();
            String traceId = "%016x%016x".formatted(random.nextLong() | 1, random.nextLong() | 1);
            var front =
                    Endpoint.newBuilder().serviceName(service + "-front").ip("10.0.0.1").build();
            var back =
                    Endpoint.newBuilder()
                            .serviceName(service + "-back")
                            .ip("10.0.0.2")
                            .port(80)
                            .build();
            var client =
                    zipkin2.Span.newBuilder()
                            .traceId(traceId)
                            .id("00000000000000a1")
                            .name("get")
                            .kind(zipkin2.Span.Kind.CLIENT)
                            .timestamp(micros)
                            .duration(5_000L)
                            .localEndpoint(front)
                            .remoteEndpoint(back)
                            .build();
            var server =
                    zipkin2.Span.newBuilder()
                            .traceId(traceId)
                            .id("00000000000000a1")
                            .shared(true)
                            .name("get")
                            .kind(zipkin2.Span.Kind.SERVER)
                            .timestamp(micros + 1_000)
                            .duration(3_000L)
                            .localEndpoint(back)
                            .remoteEndpoint(front)
                            .putTag("http.path", "/käse")
                            .build();
            var work =
                    zipkin2.Span.newBuilder()
                            .traceId(traceId)
                            .parentId("00000000000000a1")
                            .id("00000000000000b2")
                            .name("ripen")
                            .timestamp(micros + 1_500)
                            .duration(500L)
                            .localEndpoint(back)
                            .addAnnotation(micros + 1_600, "turned")
                            .putTag("error", "mould")
                            .build();
            return List.of(client, server, work);
        }

        static void assertIsCall(List<Span> stored, List<zipkin2.Span> sent) {
            assertThat(stored).hasSameSizeAs(sent);
            for (var span : sent) {
                var found =
                        stored.stream()
                                .filter(other ->
                                        other.serviceName().equals(span.localServiceName()))
                                .filter(other -> other.name().equals(span.name()))
                                .toList();
                assertThat(found).as("%s in %s", span, stored).hasSize(1);
                assertIs(found.getFirst(), span);
            }
        }

        private static void assertIs(Span stored, zipkin2.Span sent) {
            assertThat(stored.spanId().toString()).isEqualTo(sent.id());
            assertThat(stored.parentSpanId() == null ? null : stored.parentSpanId().toString())
                    .isEqualTo(sent.parentId());
            assertThat(stored.startNanos()).isEqualTo(sent.timestampAsLong() * 1_000);
            assertThat(stored.endNanos() - stored.startNanos())
                    .isEqualTo(sent.durationAsLong() * 1_000);
            var kind = sent.kind();
            if (kind != null) {
                assertThat(stored.kind()).isEqualTo(SpanKind.valueOf(kind.name()));
            }
            sent.tags()
                    .forEach((key, value) -> {
                        if (key.equals("error")) {
                            assertThat(stored.status().code()).isEqualTo(Status.Code.ERROR);
                        } else {
                            assertThat(stored.attributes().find(key))
                                    .contains(new AttributeValue.Text(value));
                        }
                    });
            assertThat(stored.events())
                    .extracting(dev.millrace.model.Event::name)
                    .containsExactlyElementsOf(
                            sent.annotations().stream().map(zipkin2.Annotation::value).toList());
        }
    }
}
