package dev.millrace.verification;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.google.protobuf.ByteString;
import dev.millrace.model.TraceId;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;
import java.util.zip.GZIPOutputStream;

/// OTLP requests as bytes, made with OpenTelemetry's published classes.
final class Otlp {

    private Otlp() {}

    static TraceId newTraceId() {
        var random = ThreadLocalRandom.current();
        return new TraceId(random.nextLong(), random.nextLong() | 1);
    }

    /// A good span of 5 ms that ends now.
    static Span.Builder span(TraceId traceId, long spanId, String name) {
        long end = nanos(Instant.now());
        return Span.newBuilder()
                .setTraceId(id(traceId))
                .setSpanId(id(spanId))
                .setName(name)
                .setKind(Span.SpanKind.SPAN_KIND_SERVER)
                .setStartTimeUnixNano(end - 5_000_000)
                .setEndTimeUnixNano(end);
    }

    static ByteString id(TraceId traceId) {
        return ByteString.copyFrom(
                ByteBuffer.allocate(16).putLong(traceId.high()).putLong(traceId.low()).flip());
    }

    static ByteString id(long spanId) {
        return ByteString.copyFrom(ByteBuffer.allocate(8).putLong(spanId).flip());
    }

    static KeyValue text(String key, String value) {
        return KeyValue.newBuilder()
                .setKey(key)
                .setValue(AnyValue.newBuilder().setStringValue(value))
                .build();
    }

    /// The spans of one service.
    static ResourceSpans of(String service, Span.Builder... spans) {
        var scope = ScopeSpans.newBuilder();
        for (var span : spans) {
            scope.addSpans(span);
        }
        return ResourceSpans.newBuilder()
                .setResource(Resource.newBuilder().addAttributes(text("service.name", service)))
                .addScopeSpans(scope)
                .build();
    }

    static byte[] request(ResourceSpans... services) {
        var request = ExportTraceServiceRequest.newBuilder();
        for (var service : services) {
            request.addResourceSpans(service);
        }
        return request.build().toByteArray();
    }

    /// Puts other bytes of the same number for some, which the classes would refuse.
    static byte[] replace(byte[] request, String bytes, String byOthers) {
        return new String(request, ISO_8859_1).replace(bytes, byOthers).getBytes(ISO_8859_1);
    }

    static byte[] gzip(byte[] bytes) {
        var out = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    static long nanos(Instant instant) {
        return instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
    }
}
