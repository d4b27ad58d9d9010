package dev.millrace.verification;

import static dev.millrace.verification.RunningMillrace.PROTOBUF;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.testkit.RedisServer;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Two whole collectors that sample at the head and tell each other of errors through a real Redis,
/// which is hung, killed and started again under load.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class HeadSamplingTest {

    private static final long SEED = 20_261_122;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final double RATE = 0.25;
    // A quarter is kept: those whose last 56 bits are in the upper quarter, which is 0xc0... and
    // up.
    private static final String RATE_AS_STORED = "ot=th:c";
    private static final long RANDOMNESS = (1L << 56) - 1;
    private static final long LEAST_KEPT = 0xc0L << 48;

    /// Requests are answered without a word from Redis. Were one to wait for it, then this long, so
    /// that no request can be within the bound that did.
    private static final Duration REDIS_TIMEOUT = Duration.ofSeconds(5);

    private static final Duration REQUEST_BOUND = Duration.ofSeconds(4);

    /// Less than comes while Redis hangs.
    private static final int QUEUED_IDS = 300;

    private static final int FEW = 20;

    private final Random random = new Random(SEED);
    // Errors sent to `one`, all of which it tells others, or counts as not told.
    private final AtomicInteger errors = new AtomicInteger();
    private RedisServer redis;
    private RunningMillrace one;
    private RunningMillrace other;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        redis = RedisServer.launch();
        one =
                new RunningMillrace(
                        directory.resolve("one"),
                        settings(Map.of("redis.max-queued-ids", Integer.toString(QUEUED_IDS))));
        other =
                new RunningMillrace(
                        directory.resolve("other"),
                        settings(
                                Map.of(
                                        "mode",
                                        "direct",
                                        "sampling.head.remembered-traces",
                                        Integer.toString(FEW))));
        one.start();
        other.start();
    }

    private Map<String, String> settings(Map<String, String> more) {
        var all = new HashMap<>(more);
        all.put("sampling.head.enabled", "true");
        all.put("sampling.head.probability", Double.toString(RATE));
        // The machine that runs the tests is busy, and what that lowers is another matter.
        all.put("sampling.load.high-mark", "1");
        all.put("sampling.load.low-mark", "1");
        all.put("redis.uri", redis.uri().toString());
        all.put("redis.timeout", REDIS_TIMEOUT.toMillis() + "ms");
        return all;
    }

    @AfterAll
    void stop() {
        one.close();
        other.close();
        redis.close();
    }

    @Test
    void keepsTheConfiguredShareOfTracesWhole() throws Exception {
        // Given
        int traces = 400;
        var sent = new ArrayList<TraceId>();
        for (int i = 0; i < traces; i++) {
            sent.add(anyTrace());
        }

        // When
        sendInHundreds(sent, 1);
        var shuffled = new ArrayList<>(sent);
        Collections.shuffle(shuffled, random);
        sendInHundreds(shuffled, 2);
        awaitStored();

        // Then
        var kept = sent.stream().flatMap(traceId -> one.trace(traceId).stream()).toList();
        assertThat(kept)
                .as("seed %s", SEED)
                .allSatisfy(trace -> assertThat(trace.spans()).hasSize(2))
                .flatExtracting(Trace::spans)
                .allSatisfy(span -> assertThat(span.traceState()).isEqualTo(RATE_AS_STORED));
        assertThat(kept)
                .as("seed %s", SEED)
                .extracting(Trace::traceId)
                .containsExactlyElementsOf(sent.stream().filter(HeadSamplingTest::isKept).toList());
        // Six standard deviations to either side.
        double expected = traces * RATE;
        double deviation = Math.sqrt(expected * (1 - RATE));
        assertThat((double) kept.size())
                .as("seed %s", SEED)
                .isBetween(expected - 6 * deviation, expected + 6 * deviation);
    }

    @Test
    void keepsAFailedTraceAndWhatComesLaterOfIt() throws Exception {
        // Given
        var traceId = droppedTrace();

        // When
        send(one, Otlp.of("shop", Otlp.span(traceId, 1, "before")));
        sendError(one, traceId, 2);
        send(one, Otlp.of("shop", Otlp.span(traceId, 3, "after")));
        send(one, Otlp.of("bank", Otlp.span(traceId, 4, "long after")));

        // Then
        var trace = one.awaitTrace(traceId, 3);
        assertThat(trace.spans())
                .extracting(dev.millrace.model.Span::name)
                .containsExactlyInAnyOrder("fail", "after", "long after");
        assertThat(trace.spans())
                .allSatisfy(span -> {
                    assertThat(span.traceState()).isEqualTo("ot=th:0");
                    assertThat(span.attributes().find("millrace.head"))
                            .contains(new AttributeValue.Text("error"));
                });
    }

    @Test
    void keepsTheSpansOfATraceThatFailedAtAnotherCollector() throws Exception {
        // Given
        var traceId = droppedTrace();
        send(other, Otlp.of("shop", Otlp.span(traceId, 1, "before")));

        // When
        sendError(one, traceId, 2);
        awaitKnownAt(other, traceId);
        send(other, Otlp.of("shop", Otlp.span(traceId, 3, "after")));

        // Then
        await().atMost(PATIENCE)
                .until(() ->
                        other.trace(traceId).stream()
                                .flatMap(trace -> trace.spans().stream())
                                .anyMatch(span -> span.name().equals("after")));
        assertThat(other.trace(traceId).orElseThrow().spans())
                .extracting(dev.millrace.model.Span::name)
                .doesNotContain("before");
    }

    @Test
    void noRequestWaitsForRedisAndNoTraceIsTornWhileItHangsDiesAndReturns() throws Exception {
        // Given
        double refusedBefore = one.metric("millrace_cache_rejected_total");
        double timeoutsBefore = one.metric("millrace_cache_timeouts_total");
        double droppedBefore = one.metric("millrace_cache_ids_dropped_total");
        var load = new SteadyLoad(one, random);

        // When
        try (load) {
            load.start();
            load.awaitMore(50);

            redis.freeze();
            awaitTrue(() -> one.metric("millrace_cache_timeouts_total") > timeoutsBefore);
            awaitTrue(() -> one.metric("millrace_cache_ids_dropped_total") > droppedBefore);
            load.awaitMore(50);
            redis.thaw();
            awaitTrue(() -> one.metric("millrace_cache_ids_queued") < QUEUED_IDS);
            load.awaitMore(50);

            redis.kill();
            awaitTrue(() -> one.metric("millrace_cache_up") == 0);
            awaitTrue(() -> one.metric("millrace_cache_rejected_total") > refusedBefore);
            load.awaitMore(50);
            redis.start();
            awaitTrue(() -> one.metric("millrace_cache_up") == 1);
            load.awaitMore(50);
        }
        load.sendTheRest();
        errors.addAndGet(load.errors());

        // Then
        assertThat(load.failures()).as("seed %s", SEED).isEmpty();
        assertThat(load.slowest()).as("seed %s", SEED).isLessThan(REQUEST_BOUND);

        awaitStored();
        assertThat(load.traces())
                .as("seed %s", SEED)
                .allSatisfy(traceId -> {
                    var spans = one.trace(traceId).map(Trace::spans).orElse(List.of());
                    assertThat(spans).hasSize(isKept(traceId) ? 2 : 0);
                    assertThat(spans)
                            .allSatisfy(span ->
                                    assertThat(span.traceState()).isEqualTo(RATE_AS_STORED));
                });

        // Every failed trace was told to the others, or counted as given up.
        awaitTrue(() ->
                one.metric("millrace_cache_ids_published_total")
                                + one.metric("millrace_cache_ids_dropped_total")
                        == errors.get());
        var last = droppedTrace();
        sendError(one, last, 1);
        awaitKnownAt(other, last);
    }

    @Test
    void countsTheFailedTracesItForgotForWantOfMemory() throws Exception {
        // Given
        double forgottenBefore = other.metric("millrace_sampling_head_forgotten_total");
        var failed = new ArrayList<TraceId>();
        for (int i = 0; i < 3 * FEW; i++) {
            failed.add(droppedTrace());
        }

        // When
        for (var traceId : failed) {
            sendError(other, traceId, 1);
        }

        // Then
        assertThat(other.metric("millrace_sampling_head_remembered")).isEqualTo(FEW);
        assertThat(other.metric("millrace_sampling_head_forgotten_total") - forgottenBefore)
                .isGreaterThanOrEqualTo(2 * FEW);
        assertThat(keeps(other, failed.getLast())).isTrue();
        assertThat(keeps(other, failed.getFirst())).isFalse();
    }

    private TraceId anyTrace() {
        return new TraceId(random.nextLong() | 1, random.nextLong());
    }

    /// One that chance does not keep.
    private TraceId droppedTrace() {
        return new TraceId(random.nextLong() | 1, random.nextLong() & (RANDOMNESS >> 1));
    }

    static boolean isKept(TraceId traceId) {
        return (traceId.low() & RANDOMNESS) >= LEAST_KEPT;
    }

    private void sendInHundreds(List<TraceId> traces, long spanId) throws Exception {
        for (int from = 0; from < traces.size(); from += 100) {
            var spans =
                    traces.subList(from, Math.min(traces.size(), from + 100)).stream()
                            .map(traceId -> Otlp.span(traceId, spanId, "half " + spanId))
                            .toArray(Span.Builder[]::new);
            send(one, Otlp.of("halves-" + spanId, spans));
        }
    }

    static Span.Builder failed(TraceId traceId, long spanId) {
        return Otlp.span(traceId, spanId, "fail")
                .setStatus(Status.newBuilder().setCode(Status.StatusCode.STATUS_CODE_ERROR));
    }

    private void sendError(RunningMillrace millrace, TraceId traceId, long spanId)
            throws Exception {
        if (millrace == one) {
            errors.incrementAndGet();
        }
        send(millrace, Otlp.of("shop", failed(traceId, spanId)));
    }

    private static void send(RunningMillrace millrace, ResourceSpans spans)
            throws IOException, InterruptedException {
        assertThat(millrace.post(PROTOBUF, Otlp.request(spans)).statusCode()).isEqualTo(200);
    }

    /// Whether one more span of a trace gets past the head.
    private static boolean keeps(RunningMillrace millrace, TraceId traceId) throws Exception {
        String dropped = "millrace_spans_sampled_out_total{reason=\"rule\"}";
        double before = millrace.metric(dropped);
        send(millrace, Otlp.of("shop", Otlp.span(traceId, System.nanoTime(), "probe")));
        return millrace.metric(dropped) == before;
    }

    private static void awaitKnownAt(RunningMillrace millrace, TraceId traceId) {
        awaitTrue(() -> keeps(millrace, traceId));
    }

    /// Until all that got past the head of `one` can be read.
    private void awaitStored() {
        awaitTrue(() ->
                one.metric("millrace_spans_stored_total")
                        >= one.metric("millrace_spans_produced_total"));
    }

    private static void awaitTrue(Callable<Boolean> condition) {
        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(50))
                .atMost(PATIENCE)
                .until(condition);
    }
}
