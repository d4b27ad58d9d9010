package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.linecorp.armeria.client.grpc.GrpcClients;
import dev.millrace.model.Attributes;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.testkit.tempo.SearchRequest;
import dev.millrace.testkit.tempo.StreamingQuerierGrpc.StreamingQuerierBlockingStub;
import dev.millrace.wire.otlp.OtlpEncoder;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What one client may take, so that there is enough for the others.
class ReadLimitsTest {

    private static final int TRACES = 2_000;
    private static final int SPANS_PER_TRACE = 50;
    private static final int MAX_SPANS = 20_000;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static TraceStore store;
    private static RunningQuery large;

    @BeforeAll
    static void start() {
        store = ZipkinServer.local();
        var fragments = new ArrayList<Fragment>();
        for (int i = 1; i <= TRACES; i++) {
            var id = new TraceId(1, i);
            fragments.add(
                    new Fragment(
                            new FragmentId("traces-complete", 0, i),
                            Tenant.DEFAULT,
                            id,
                            OtlpEncoder.encode(
                                    trace(id, SampleTraces.NOW_NANOS - i * 1_000_000L))));
        }
        store.write(fragments);
        large =
                new RunningQuery(
                        config(16, PATIENCE, MAX_SPANS, RequestRateConfig.UNLIMITED), store);
    }

    @AfterAll
    static void stop() {
        large.close();
        store.close();
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            textBlock =
                    """
                    /v1/search?limit=1500                          => {"error":{"status":413,
                    /api/traces?service=everything&limit=1500      => "errors":[{"code":413,
                    /api/v2/traces?limit=1500                      => the traces that match hold
                    """)
    void refusesASearchThatMatchesEverythingInTheWordsOfEachApi(String path, String words) {
        // When
        var everything = large.get(path);
        var some = large.get(path.replace("1500", "100"));

        // Then
        assertThat(everything.statusCode()).isEqualTo(413);
        assertThat(everything.body())
                .contains(
                        words,
                        "the traces that match hold more than 20000 spans, after 400 traces"
                                + " (expected: at most so many in one answer; ask for fewer traces,"
                                + " or for a shorter time)");
        assertThat(some.statusCode()).isEqualTo(200);
    }

    @Test
    void answersASearchForEverythingThatShowsLittleOfEach() {
        // When
        var found = large.get("/tempo/api/search?q=%7B%7D&limit=1500");

        // Then
        assertThat(found.statusCode()).isEqualTo(200);
        assertThat(found.body().split("\"traceID\"", -1)).hasSize(1_501);
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            textBlock =
                    """
                    /v1/services             => {"error":{"status":429,"message":"tenant default: too many requests; ask again in
                    /api/services            => "errors":[{"code":429,"msg":"tenant default: too many requests; ask again in
                    /api/v2/services         => tenant default: too many requests; ask again in
                    /tempo/api/search        => tenant default: too many requests; ask again in
                    """)
    void tellsATenantThatAsksTooOftenWhenToComeBackInTheWordsOfEachApi(String path, String words) {
        var rates = new RequestRateConfig(1, Map.of());
        MeterRegistry registry;
        try (var slow = new RunningQuery(config(16, PATIENCE, MAX_SPANS, rates))) {
            registry = slow.registry;

            // When: more than there is time for
            var answers =
                    IntStream.range(0, 30).mapToObj(_ -> slow.send("GET", path)).toList().stream()
                            .map(CompletableFuture::join)
                            .toList();

            // Then
            assertThat(answers).extracting(HttpResponse::statusCode).contains(200, 429);
            var refusal =
                    answers.stream()
                            .filter(answer -> answer.statusCode() == 429)
                            .findFirst()
                            .orElseThrow();
            assertThat(refusal.body()).contains(words);
            assertThat(refusal.body()).contains(" ms (expected: at most 1 in a second)");
            assertThat(refusal.headers().firstValue("retry-after")).hasValue("1");
        }
        assertThat(counted(registry, "429")).isPositive();
    }

    @Test
    void tellsItToAStreamToo() {
        var rates = new RequestRateConfig(1, Map.of());
        try (var slow = new RunningQuery(config(16, PATIENCE, MAX_SPANS, rates))) {
            // Given
            var tempo =
                    GrpcClients.newClient(
                            "gproto+http://127.0.0.1:" + slow.address().getPort(),
                            StreamingQuerierBlockingStub.class);

            // When, then
            assertThatThrownBy(
                            () -> {
                                for (int i = 0; i < 30; i++) {
                                    tempo.search(SearchRequest.getDefaultInstance()).next();
                                }
                            })
                    .isInstanceOfSatisfying(
                            StatusRuntimeException.class,
                            refusal -> {
                                assertThat(refusal.getStatus().getCode())
                                        .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
                                assertThat(refusal.getStatus().getDescription())
                                        .contains("too many requests; ask again in");
                            });
        }
    }

    @Test
    void asksTheStoreNothingMoreForARequestWhoseTimeIsOver() throws Exception {
        var brief = config(1, Duration.ofMillis(100), MAX_SPANS, RequestRateConfig.UNLIMITED);
        try (var small = new RunningQuery(brief)) {
            // Given: a search that would read the store twice
            var reads = new AtomicInteger();
            var answered = new CountDownLatch(1);
            small.store.keep(SampleTraces.plain(new TraceId(0, 1), "clock", 1));
            small.store.beforeReads(() -> {
                reads.incrementAndGet();
                await(answered);
            });

            // When
            var response = small.get("/api/v2/traces?serviceName=clock&endTs=1000&lookback=1000");
            answered.countDown();

            // Then
            assertThat(response.statusCode()).isEqualTo(504);
            long giveUp = System.nanoTime() + PATIENCE.toNanos();
            while (small.registry.get("millrace.query.running").gauge().value() > 0) {
                assertThat(System.nanoTime()).isLessThan(giveUp);
                Thread.onSpinWait();
            }
            assertThat(reads.get()).isLessThan(2);
        }
    }

    @Test
    void aHundredClientsThatReadNothingStarveNobody() throws Exception {
        var config = config(2, PATIENCE, MAX_SPANS, RequestRateConfig.UNLIMITED);
        var idle = new ArrayDeque<Socket>();
        try (var small = new RunningQuery(config)) {
            // Given
            var id = new TraceId(1, 2);
            small.store.keep(longTrace(id));
            for (int i = 0; i < 100; i++) {
                idle.push(beginToRead(small, "/v1/traces/" + id));
            }

            // When
            var short_ = small.get("/v1/services");
            var long_ = small.get("/v1/traces/" + id);

            // Then
            assertThat(short_.statusCode()).isEqualTo(200);
            assertThat(long_.statusCode()).isEqualTo(200);
            assertThat(long_.body()).contains("step 200").endsWith("]}");
            assertThat(small.registry.get("millrace.query.running").gauge().value()).isZero();
            assertThat(small.registry.get("millrace.query.readers").gauge().value())
                    .isLessThanOrEqualTo(4);
            assertThat(
                            small.registry
                                    .get("millrace.query.readers.dropped")
                                    .functionCounter()
                                    .count())
                    .isGreaterThanOrEqualTo(100 - 4);
        } finally {
            closeAll(idle);
        }
    }

    @Test
    void givesUpOnAClientThatTakesNothingForLong() throws Exception {
        var brief = config(1, Duration.ofMillis(300), MAX_SPANS, RequestRateConfig.UNLIMITED);
        var idle = new ArrayDeque<Socket>();
        try (var small = new RunningQuery(brief)) {
            // Given
            var id = new TraceId(1, 3);
            small.store.keep(longTrace(id));
            idle.push(beginToRead(small, "/v1/traces/" + id));
            var readers = small.registry.get("millrace.query.readers").gauge();

            // Then
            long giveUp = System.nanoTime() + PATIENCE.toNanos();
            while (readers.value() > 0) {
                assertThat(System.nanoTime()).isLessThan(giveUp);
                Thread.onSpinWait();
            }
        } finally {
            closeAll(idle);
        }
    }

    // Reads the status and then nothing more, with little room for what comes.
    private static Socket beginToRead(RunningQuery query, String path) throws IOException {
        var socket = new Socket();
        socket.setReceiveBufferSize(4096);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket.connect(query.address());
        var request = "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        assertThat(new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII))
                .isEqualTo("HTTP/1.1 200");
        return socket;
    }

    private static void closeAll(Deque<Socket> sockets) throws IOException {
        for (var socket : sockets) {
            socket.close();
        }
    }

    private static QueryConfig config(
            int places, Duration timeout, int maxSpans, RequestRateConfig rates) {
        return new QueryConfig(
                "127.0.0.1",
                0,
                timeout,
                1500,
                places,
                maxSpans,
                rates,
                ZipkinConfig.DEFAULT,
                JaegerConfig.DEFAULT);
    }

    private static List<Span> trace(TraceId id, long start) {
        var spans = new ArrayList<Span>();
        for (int i = 1; i <= SPANS_PER_TRACE; i++) {
            spans.add(
                    Span.builder(id, new SpanId(i))
                            .parentSpanId(i == 1 ? null : new SpanId(1))
                            .name("step " + i)
                            .time(start, start + 1_000)
                            .resource(SampleTraces.service("everything"))
                            .build());
        }
        return spans;
    }

    // About 4 MB as JSON.
    private static List<Span> longTrace(TraceId id) {
        var pad = Attributes.of(SampleTraces.text("pad", "x".repeat(20_000)));
        return IntStream.rangeClosed(1, 200)
                .mapToObj(i ->
                        Span.builder(id, new SpanId(i))
                                .name("step " + i)
                                .time(i, i + 1L)
                                .attributes(pad, 0)
                                .build())
                .toList();
    }

    private static double counted(MeterRegistry registry, String status) {
        return registry.get("millrace.query.requests").tags("status", status).counter().count();
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new IllegalStateException("never released");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
