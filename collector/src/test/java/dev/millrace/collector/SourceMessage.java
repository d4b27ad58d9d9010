package dev.millrace.collector;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.wire.jaeger.JaegerEncoder;
import io.opentelemetry.exporter.internal.otlp.traces.TraceRequestMarshaler;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.IdGenerator;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import zipkin2.Endpoint;
import zipkin2.codec.SpanBytesEncoder;

/// A message with one span of a millisecond, from another producer where the tests have one.
enum SourceMessage {
    OTLP(SourceEncoding.OTLP_PROTO) {
        @Override
        byte[] span(TraceId traceId, String name) {
            return otlp(traceId, name);
        }
    },
    OTLP_IN_JSON(SourceEncoding.OTLP_JSON) {
        @Override
        byte[] span(TraceId traceId, String name) {
            var json = new ByteArrayOutputStream();
            try {
                openTelemetrys(traceId, name).writeJsonTo(json);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return json.toByteArray();
        }
    },
    JAEGER(SourceEncoding.JAEGER_PROTO) {
        @Override
        byte[] span(TraceId traceId, String name) {
            return JaegerEncoder.protobuf(Slice.of(otlp(traceId, name))).getFirst();
        }
    },
    JAEGER_IN_JSON(SourceEncoding.JAEGER_JSON) {
        @Override
        byte[] span(TraceId traceId, String name) {
            return """
            {"traceId": "%s", "spanId": "%s", "operationName": "%s", "startTime": "%s",
             "duration": "0.001s", "process": {"serviceName": "shop"}}
            """
                    .formatted(base64(traceId.toString()), base64(SPAN_ID), name, Requests.NOW)
                    .getBytes(UTF_8);
        }
    },
    ZIPKIN_V1(SourceEncoding.ZIPKIN_JSON) {
        @Override
        byte[] span(TraceId traceId, String name) {
            return zipkins(SpanBytesEncoder.JSON_V1, traceId, name);
        }
    },
    ZIPKIN_V2(SourceEncoding.ZIPKIN_JSON) {
        @Override
        byte[] span(TraceId traceId, String name) {
            return zipkins(SpanBytesEncoder.JSON_V2, traceId, name);
        }
    },
    ZIPKIN_V2_ON_LINES_OF_ITS_OWN(SourceEncoding.ZIPKIN_JSON) {
        @Override
        byte[] span(TraceId traceId, String name) {
            var list = new String(zipkins(SpanBytesEncoder.JSON_V2, traceId, name), UTF_8);
            return ("\r\n" + list + "\n").getBytes(UTF_8);
        }
    },
    ZIPKIN_IN_PROTOBUF(SourceEncoding.ZIPKIN_PROTO) {
        @Override
        byte[] span(TraceId traceId, String name) {
            return zipkins(SpanBytesEncoder.PROTO3, traceId, name);
        }
    },
    ZIPKIN_IN_THRIFT(SourceEncoding.ZIPKIN_THRIFT) {
        @Override
        byte[] span(TraceId traceId, String name) {
            return zipkins(SpanBytesEncoder.THRIFT, traceId, name);
        }
    };

    static final String SPAN_ID = "eee19b7ec3c1b174";

    private static final long MICROS = Requests.NOW.toEpochMilli() * 1_000;

    final SourceEncoding encoding;

    SourceMessage(SourceEncoding encoding) {
        this.encoding = encoding;
    }

    /// Of the service `shop`, from the moment of the tests on.
    abstract byte[] span(TraceId traceId, String name);

    private static byte[] otlp(TraceId traceId, String name) {
        var binary = new ByteArrayOutputStream();
        try {
            openTelemetrys(traceId, name).writeBinaryTo(binary);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return binary.toByteArray();
    }

    /// What OpenTelemetry's SDK would export.
    private static TraceRequestMarshaler openTelemetrys(TraceId traceId, String name) {
        var ended = new Ended();
        try (var provider =
                SdkTracerProvider.builder()
                        .setIdGenerator(new OneSpan(traceId))
                        .setResource(Resource.builder().put("service.name", "shop").build())
                        .addSpanProcessor(SimpleSpanProcessor.create(ended))
                        .build()) {
            provider.get("library")
                    .spanBuilder(name)
                    .setStartTimestamp(Requests.NOW)
                    .startSpan()
                    .end(Requests.NOW.plusMillis(1));
        }
        return TraceRequestMarshaler.create(ended.spans);
    }

    private record OneSpan(TraceId traceId) implements IdGenerator {
        @Override
        public String generateTraceId() {
            return traceId.toString();
        }

        @Override
        public String generateSpanId() {
            return SPAN_ID;
        }
    }

    private static final class Ended implements SpanExporter {
        private final List<SpanData> spans = new ArrayList<>();

        @Override
        public CompletableResultCode export(Collection<SpanData> exported) {
            spans.addAll(exported);
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode flush() {
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode shutdown() {
            return CompletableResultCode.ofSuccess();
        }
    }

    private static byte[] zipkins(SpanBytesEncoder encoder, TraceId traceId, String name) {
        return encoder.encodeList(
                List.of(
                        zipkin2.Span.newBuilder()
                                .traceId(traceId.toString())
                                .id(SPAN_ID)
                                .name(name)
                                .timestamp(MICROS)
                                .duration(1_000)
                                .localEndpoint(Endpoint.newBuilder().serviceName("shop").build())
                                .build()));
    }

    private static String base64(String hex) {
        return Base64.getEncoder().encodeToString(HexFormat.of().parseHex(hex));
    }
}
