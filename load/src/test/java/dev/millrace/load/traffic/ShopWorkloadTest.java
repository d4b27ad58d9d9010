package dev.millrace.load.traffic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShopWorkloadTest {

    private static final long NOW = 1_790_000_000_000_000_000L;
    private static final TrafficShape PLAIN = new TrafficShape(512, 0, Duration.ZERO, 0, 0, 1_000);

    @ParameterizedTest
    @ValueSource(longs = {1, 7, 20_260_821})
    void repeatsItselfWithTheSameSeed(long seed) {
        // Given
        var shape = new TrafficShape(200, 0.05, Duration.ofSeconds(5), 0.05, 50, 500);

        // When
        var one = requests(new ShopWorkload(seed, shape, Encoding.OTLP), 12, NOW);
        var two = requests(new ShopWorkload(seed, shape, Encoding.OTLP), 12, NOW);
        var other = requests(new ShopWorkload(seed + 1, shape, Encoding.OTLP), 12, NOW);

        // Then
        assertThat(sent(one)).as("seed %s", seed).isEqualTo(sent(two)).isNotEqualTo(sent(other));
    }

    private static List<?> sent(List<Request> requests) {
        return requests.stream()
                .map(it -> List.of(it.body(), it.otlp(), it.spans(), it.delayNanos()))
                .toList();
    }

    @Test
    void movesItsTimesWithTheTimeItIsGiven() {
        // When
        var one = spans(requests(new ShopWorkload(7, PLAIN, Encoding.OTLP), 3, NOW));
        var two =
                spans(requests(new ShopWorkload(7, PLAIN, Encoding.OTLP), 3, NOW + 1_000_000_000));

        // Then
        assertThat(two).hasSameSizeAs(one);
        for (int i = 0; i < one.size(); i++) {
            assertThat(two.get(i).spanId()).isEqualTo(one.get(i).spanId());
            assertThat(two.get(i).startNanos() - one.get(i).startNanos()).isEqualTo(1_000_000_000);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 7, 20_260_821})
    void givesEveryTraceOneRootAndEverySpanItsParent(long seed) {
        // When
        var traces = traces(requests(new ShopWorkload(seed, PLAIN, Encoding.OTLP), 20, NOW));

        // Then
        assertThat(traces).as("seed %s", seed).hasSizeGreaterThan(200);
        assertThat(traces.values())
                .as("seed %s", seed)
                .allSatisfy(trace -> {
                    Set<SpanId> ids = new HashSet<>();
                    trace.forEach(span -> assertThat(ids.add(span.spanId())).isTrue());
                    assertThat(trace.stream().filter(it -> it.parentSpanId() == null)).hasSize(1);
                    assertThat(trace)
                            .allMatch(it ->
                                    it.parentSpanId() == null || ids.contains(it.parentSpanId()));
                });
    }

    @Test
    void showsThirtyServicesAndDozensOfOperations() {
        // When
        var spans = spans(requests(new ShopWorkload(7, PLAIN, Encoding.OTLP), 60, NOW));

        // Then
        assertThat(spans.stream().map(Span::serviceName).distinct()).hasSize(30);
        assertThat(
                        spans.stream()
                                .map(it -> it.serviceName() + " " + it.kind() + " " + it.name())
                                .distinct())
                .hasSizeGreaterThan(100);
        assertThat(spans.stream().map(Span::resource).distinct()).hasSizeBetween(60, 90);
    }

    @Test
    void containsWhatMakesTracingHard() {
        // When
        var spans = spans(requests(new ShopWorkload(7, PLAIN, Encoding.OTLP), 60, NOW));
        var byId = new HashMap<SpanId, Span>();
        spans.forEach(span -> byId.put(span.spanId(), span));

        // Then
        var names = spans.stream().flatMap(it -> it.events().stream()).map(it -> it.name());
        assertThat(names).contains("exception", "retry");
        assertThat(spans.stream().filter(Span::isError).count() / (double) spans.size())
                .isBetween(0.002, 0.05);
        assertThat(spans)
                .as("a retry")
                .anyMatch(it -> it.attributes().find("http.request.resend_count").isPresent());
        assertThat(spans)
                .as("a batch consumer")
                .anyMatch(it ->
                        it.kind() == SpanKind.CONSUMER
                                && it.parentSpanId() == null
                                && it.links().size() > 1
                                && it.links().stream()
                                        .noneMatch(to -> to.traceId().equals(it.traceId())));
        assertThat(spans)
                .as("a clock that is off")
                .anyMatch(it -> {
                    var parent = byId.get(it.parentSpanId());
                    return parent != null && it.startNanos() < parent.startNanos();
                });
        var durations = spans.stream().mapToLong(Span::durationNanos).sorted().toArray();
        assertThat(durations[durations.length - 1])
                .as("an outlier")
                .isGreaterThan(100 * durations[durations.length / 2]);
    }

    @Test
    void endsItsSpansJustNow() {
        // When
        var traces = traces(requests(new ShopWorkload(7, PLAIN, Encoding.OTLP), 10, NOW));

        // Then
        assertThat(traces.values())
                .allSatisfy(trace ->
                        assertThat(trace.stream().mapToLong(Span::endNanos).max().orElseThrow())
                                .isBetween(NOW - 3_000_000_000L, NOW + 2_500_000_000L));
    }

    @Test
    void linksOnlyToSpansThatWereSent() {
        // When
        var spans = spans(requests(new ShopWorkload(7, PLAIN, Encoding.OTLP), 60, NOW));

        // Then
        var ids = spans.stream().map(Span::spanId).collect(Collectors.toSet());
        assertThat(spans.stream().flatMap(it -> it.links().stream()))
                .isNotEmpty()
                .allMatch(link -> ids.contains(link.spanId()));
    }

    @Test
    void spreadsATraceOverSeveralRequests() {
        // When
        var requests = requests(new ShopWorkload(7, PLAIN, Encoding.OTLP), 1, NOW);

        // Then
        var first = OtlpDecoder.spans(requests.getFirst().body());
        var second = OtlpDecoder.spans(requests.get(1).body());
        assertThat(first.stream().map(Span::traceId).distinct())
                .containsAnyElementsOf(second.stream().map(Span::traceId).distinct().toList());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 7, 20_260_821})
    void sendsTheConfiguredShareLateAndWithinTheDelay(long seed) {
        // Given
        var delay = Duration.ofSeconds(6);
        var shape = new TrafficShape(512, 0.1, delay, 0, 0, 1_000);

        // When
        var requests = requests(new ShopWorkload(seed, shape, Encoding.OTLP), 20, NOW);

        // Then
        var late = requests.stream().filter(it -> it.delayNanos() > 0).toList();
        double share = spans(late).size() / (double) spans(requests).size();
        assertThat(share).as("seed %s", seed).isCloseTo(0.1, within(0.02));
        assertThat(late)
                .as("seed %s", seed)
                .allMatch(it -> it.delayNanos() >= delay.toNanos() / 3)
                .allMatch(it -> it.delayNanos() <= delay.toNanos());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 7, 20_260_821})
    void repeatsTheConfiguredShareHalfOfItWithALaterEnd(long seed) {
        // Given
        var shape = new TrafficShape(512, 0, Duration.ZERO, 0.1, 0, 1_000);

        // When
        var spans = spans(requests(new ShopWorkload(seed, shape, Encoding.OTLP), 20, NOW));

        // Then
        var copies =
                spans.stream().collect(Collectors.groupingBy(Span::spanId)).values().stream()
                        .toList();
        var doubled = copies.stream().filter(it -> it.size() == 2).toList();
        var grown = doubled.stream().filter(it -> !it.get(0).equals(it.get(1))).toList();
        assertThat(doubled.size() / (double) copies.size())
                .as("seed %s", seed)
                .isCloseTo(0.1, within(0.02));
        assertThat(grown.size() / (double) doubled.size())
                .as("seed %s", seed)
                .isCloseTo(0.5, within(0.1));
        assertThat(grown)
                .as("seed %s", seed)
                .allMatch(it -> it.get(0).endNanos() != it.get(1).endNanos());
    }

    @Test
    void makesEveryNthTraceGiant() {
        // Given
        var shape = new TrafficShape(512, 0, Duration.ZERO, 0, 40, 5_000);

        // When
        var traces = traces(requests(new ShopWorkload(7, shape, Encoding.OTLP), 10, NOW));

        // Then
        var giants = traces.values().stream().filter(it -> it.size() >= 5_000).toList();
        assertThat(giants).hasSize(traces.size() / 40);
        assertThat(giants).isNotEmpty().allMatch(it -> it.size() < 5_100);
    }

    @Test
    void keepsRequestsSmallEnoughForOrdinaryReceivers() {
        // Given
        var shape = new TrafficShape(1, 0.3, Duration.ofSeconds(1), 0.3, 5, 5_000);

        // When
        var requests = requests(new ShopWorkload(7, shape, Encoding.OTLP), 20, NOW);

        // Then
        assertThat(requests)
                .allMatch(it -> it.spans() >= 1 && it.spans() <= 512)
                .allMatch(it -> it.body().length() < 1 << 20)
                .allMatch(it -> it.spans() == OtlpDecoder.spans(it.body()).size());
    }

    @Test
    void refusesAShareOutsideZeroToOne() {
        assertThatThrownBy(() -> new TrafficShape(1, 1.5, Duration.ZERO, 0, 0, 1))
                .hasMessage("late share: 1.5 (expected: 0 to 1)");
    }

    private static List<Request> requests(ShopWorkload workload, int rounds, long nowNanos) {
        var requests = new ArrayList<Request>();
        for (int i = 0; i < rounds; i++) {
            requests.addAll(workload.next(nowNanos));
        }
        return requests;
    }

    private static List<Span> spans(List<Request> requests) {
        return requests.stream().flatMap(it -> OtlpDecoder.spans(it.body()).stream()).toList();
    }

    private static Map<TraceId, List<Span>> traces(List<Request> requests) {
        return spans(requests).stream().collect(Collectors.groupingBy(Span::traceId));
    }
}
