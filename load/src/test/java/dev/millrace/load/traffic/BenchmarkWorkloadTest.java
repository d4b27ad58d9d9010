package dev.millrace.load.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.TraceId;
import dev.millrace.wire.jaeger.JaegerDecoder;
import dev.millrace.wire.jaeger.JaegerFormat;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.zipkin.ZipkinDecoder;
import dev.millrace.wire.zipkin.ZipkinFormat;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BenchmarkWorkloadTest {

    private static final long NOW = 1_790_000_000_000_000_000L;
    private static final long SEED = 7;

    @Test
    void holds512SpansOf420BytesInEachRequest() throws InvalidProtocolBufferException {
        // Given
        var workload = new BenchmarkWorkload(SEED, Encoding.OTLP);

        for (int i = 0; i < 7; i++) {
            // When
            var request = workload.next(NOW).getFirst();

            // Then
            var data = TracesData.parseFrom(request.body().toByteArray());
            var sizes =
                    data.getResourceSpansList().stream()
                            .flatMap(it -> it.getScopeSpansList().stream())
                            .flatMap(it -> it.getSpansList().stream())
                            .map(io.opentelemetry.proto.trace.v1.Span::getSerializedSize)
                            .toList();
            assertThat(request.spans()).isEqualTo(512);
            assertThat(sizes).hasSize(512).containsOnly(420);
            assertThat(data.getResourceSpansCount()).isGreaterThanOrEqualTo(5);
        }
    }

    @Test
    void interleavesAtLeastFiftyTracesInEachRequest() {
        // Given
        var workload = new BenchmarkWorkload(SEED, Encoding.OTLP);

        for (int i = 0; i < 7; i++) {
            // When
            var spans = spans(workload, NOW);

            // Then
            var ids = spans.stream().map(Span::traceId).toList();
            assertThat(new HashSet<>(ids)).hasSizeGreaterThanOrEqualTo(50);
            assertThat(ids.get(0)).isNotEqualTo(ids.get(1));
        }
    }

    @Test
    void makesWholeTracesOfTenSpansWithOneRootAcrossRequests() {
        // Given
        var workload = new BenchmarkWorkload(SEED, Encoding.OTLP);
        var spans = new ArrayList<Span>();

        // When
        for (int i = 0; i < 10; i++) {
            spans.addAll(spans(workload, NOW));
        }

        // Then
        Map<TraceId, List<Span>> traces =
                spans.stream().collect(Collectors.groupingBy(Span::traceId));
        assertThat(traces).hasSize(512);
        assertThat(traces.values())
                .allSatisfy(trace -> {
                    var ids = trace.stream().map(Span::spanId).collect(Collectors.toSet());
                    var parents =
                            trace.stream()
                                    .flatMap(it -> Stream.ofNullable(it.parentSpanId()))
                                    .toList();
                    assertThat(ids).hasSize(10).containsAll(parents);
                    assertThat(parents).hasSize(9);
                });
    }

    @Test
    void repeatsItsIdsWithTheSameSeedAndMovesTheTimes() {
        // Given
        var one = new BenchmarkWorkload(SEED, Encoding.OTLP);
        var two = new BenchmarkWorkload(SEED, Encoding.OTLP);
        var other = new BenchmarkWorkload(SEED + 1, Encoding.OTLP);

        // When
        var first = spans(one, NOW);
        var second = spans(two, NOW + 5_000);
        var third = spans(other, NOW);

        // Then
        assertThat(ids(first)).isEqualTo(ids(second)).doesNotContainAnyElementsOf(ids(third));
        assertThat(first.getFirst().startNanos() + 5_000).isEqualTo(second.getFirst().startNanos());
        assertThat(first).allMatch(span -> span.endNanos() <= NOW && span.durationNanos() > 0);
    }

    @ParameterizedTest
    @EnumSource
    void makesTheSameSpansInEveryEncoding(Encoding encoding) {
        // Given
        var workload = new BenchmarkWorkload(SEED, encoding);
        var plain = new BenchmarkWorkload(SEED, Encoding.OTLP);

        for (int i = 0; i < 7; i++) {
            // When
            var request = workload.next(NOW + i).getFirst();

            // Then
            var otlp = plain.next(NOW + i).getFirst().body();
            assertThat(request.otlp()).isEqualTo(otlp);
            assertThat(request.spans()).isEqualTo(512);
            var sent = essence(decoded(encoding, request.body()));
            assertThat(sent)
                    .hasSize(512)
                    .containsExactlyInAnyOrderElementsOf(essence(decoded(Encoding.OTLP, otlp)));
        }
    }

    private static List<String> essence(List<Span> spans) {
        return spans.stream()
                .map(it ->
                        "%s %s %s %s %s %d %d"
                                .formatted(
                                        it.traceId(),
                                        it.spanId(),
                                        it.parentSpanId(),
                                        it.serviceName(),
                                        it.name(),
                                        it.startNanos() / 1_000,
                                        it.durationNanos() / 1_000))
                .toList();
    }

    private static List<Span> decoded(Encoding encoding, Slice body) {
        var zipkin = new ZipkinDecoder(64 << 20);
        return OtlpDecoder.spans(
                switch (encoding) {
                    case OTLP -> body;
                    case ZIPKIN_JSON -> zipkin.traces(ZipkinFormat.JSON_V2, body, NOW);
                    case ZIPKIN_PROTO -> zipkin.traces(ZipkinFormat.PROTOBUF, body, NOW);
                    case JAEGER_PROTO ->
                            new JaegerDecoder(64 << 20).traces(JaegerFormat.POST_SPANS, body, NOW);
                });
    }

    private static List<Span> spans(BenchmarkWorkload workload, long nowNanos) {
        return OtlpDecoder.spans(workload.next(nowNanos).getFirst().body());
    }

    private static List<SpanId> ids(List<Span> spans) {
        return spans.stream().map(Span::spanId).toList();
    }
}
