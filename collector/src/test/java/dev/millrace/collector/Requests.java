package dev.millrace.collector;

import com.github.luben.zstd.Zstd;
import com.google.protobuf.ByteString;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;

/// OTLP requests, good and bad, as bytes.
final class Requests {

    /// When the tests take place.
    static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private static final HexFormat HEX = HexFormat.of();

    private Requests() {}

    static byte[] of(Span.Builder... spans) {
        var scopeSpans = ScopeSpans.newBuilder();
        for (var span : spans) {
            scopeSpans.addSpans(span);
        }
        return ExportTraceServiceRequest.newBuilder()
                .addResourceSpans(ResourceSpans.newBuilder().addScopeSpans(scopeSpans))
                .build()
                .toByteArray();
    }

    static byte[] named(String name) {
        return of(span(name));
    }

    /// A good request of exactly so many bytes, more than 60,000.
    static byte[] ofSize(int size) {
        int padding = 60_000;
        int rest = size - of(span("padded").setTraceState("x".repeat(padding))).length;
        return of(span("padded").setTraceState("x".repeat(padding + rest)));
    }

    static Span.Builder span(String name) {
        return Span.newBuilder()
                .setTraceId(bytes("5b8efff798038103d269b633813fc60c"))
                .setSpanId(bytes("eee19b7ec3c1b174"))
                .setName(name)
                .setStartTimeUnixNano(nanos(NOW))
                .setEndTimeUnixNano(nanos(NOW) + 1_000_000);
    }

    static Span.Builder starting(Duration fromNow) {
        return span("at another time").setStartTimeUnixNano(nanos(NOW.plus(fromNow)));
    }

    static Span.Builder withAttribute(String value) {
        return span("attribute")
                .addAttributes(
                        KeyValue.newBuilder()
                                .setKey("key")
                                .setValue(AnyValue.newBuilder().setStringValue(value)));
    }

    static String json(String name) {
        return """
        {"resourceSpans": [{"scopeSpans": [{"spans": [{
          "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174",
          "name": "%s", "startTimeUnixNano": "%d", "endTimeUnixNano": "%d"}]}]}]}
        """
                .formatted(name, nanos(NOW), nanos(NOW) + 1);
    }

    static ByteString bytes(String hex) {
        return ByteString.copyFrom(HEX.parseHex(hex));
    }

    static long nanos(Instant instant) {
        return instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
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

    static byte[] deflate(byte[] bytes) {
        var out = new ByteArrayOutputStream();
        try (OutputStream deflate = new DeflaterOutputStream(out)) {
            deflate.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    static byte[] zstd(byte[] bytes) {
        return Zstd.compress(bytes);
    }
}
