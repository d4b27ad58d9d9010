package dev.millrace.agent;

import com.google.protobuf.ByteString;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.nio.ByteBuffer;
import java.time.Instant;

/// Requests of one span.
final class Traces {

    static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private Traces() {}

    /// @param number of trace and span, at least 1; the span is named by it
    static TracesData of(String service, long number) {
        long start = NOW.toEpochMilli() * 1_000_000L;
        return TracesData.newBuilder()
                .addResourceSpans(
                        ResourceSpans.newBuilder()
                                .setResource(
                                        Resource.newBuilder()
                                                .addAttributes(
                                                        KeyValue.newBuilder()
                                                                .setKey("service.name")
                                                                .setValue(
                                                                        AnyValue.newBuilder()
                                                                                .setStringValue(
                                                                                        service))))
                                .addScopeSpans(
                                        ScopeSpans.newBuilder()
                                                .addSpans(
                                                        Span.newBuilder()
                                                                .setTraceId(id(16, number))
                                                                .setSpanId(id(8, number))
                                                                .setName("span " + number)
                                                                .setStartTimeUnixNano(start)
                                                                .setEndTimeUnixNano(start + 5))))
                .build();
    }

    private static ByteString id(int length, long number) {
        return ByteString.copyFrom(
                ByteBuffer.allocate(length).putLong(length - Long.BYTES, number).array());
    }
}
