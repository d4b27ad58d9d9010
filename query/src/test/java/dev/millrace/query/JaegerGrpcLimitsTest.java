package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.linecorp.armeria.client.grpc.GrpcClients;
import dev.millrace.model.Attributes;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.jaegertracing.api_v3.GetOperationsRequest;
import io.jaegertracing.api_v3.GetServicesRequest;
import io.jaegertracing.api_v3.GetTraceRequest;
import io.jaegertracing.api_v3.QueryServiceGrpc;
import io.micrometer.core.instrument.Counter;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// gRPC calls under the bounds of the gate that they share with all other requests.
class JaegerGrpcLimitsTest {

    private static RunningQuery patient;
    private static RunningQuery hasty;

    private static RunningQuery query(Duration timeout) {
        return new RunningQuery(
                new QueryConfig(
                        "127.0.0.1",
                        0,
                        timeout,
                        100,
                        1,
                        ZipkinConfig.DEFAULT,
                        new JaegerConfig(0, Duration.ZERO)));
    }

    private static QueryServiceGrpc.QueryServiceBlockingStub client(RunningQuery query) {
        return GrpcClients.newClient(
                address(query), QueryServiceGrpc.QueryServiceBlockingStub.class);
    }

    private static String address(RunningQuery query) {
        return "gproto+http://127.0.0.1:" + query.grpcPort() + "/";
    }

    private static StatusRuntimeException refusal(RunningQuery query) {
        return refusal(() -> client(query).getServices(GetServicesRequest.getDefaultInstance()));
    }

    private static StatusRuntimeException refusal(ThrowingCallable call) {
        return catchThrowableOfType(StatusRuntimeException.class, call);
    }

    @BeforeAll
    static void start() {
        patient = query(Duration.ofSeconds(20));
        hasty = query(Duration.ofMillis(300));
    }

    @AfterAll
    static void stop() {
        patient.close();
        hasty.close();
    }

    @AfterEach
    void soothe() {
        patient.store.beforeReads(() -> {});
        hasty.store.beforeReads(() -> {});
    }

    @Test
    void turnsAwayMoreCallsThanItMayWorkOn() throws Exception {
        // Given
        var arrived = new CountDownLatch(1);
        var release = new CountDownLatch(1);
        patient.store.beforeReads(() -> {
            arrived.countDown();
            await(release);
        });
        var first = patient.send("GET", "/v1/services");
        assertThat(arrived.await(20, TimeUnit.SECONDS)).isTrue();

        // When
        var second = refusal(patient);
        release.countDown();

        // Then
        assertThat(second.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(second.getStatus().getDescription())
                .isEqualTo("1 requests are at work, as many as there may be; ask again later");
        assertThat(first.join().statusCode()).isEqualTo(200);
    }

    @Test
    void answersForAStoreThatTakesTooLong() {
        // Given
        var release = new CountDownLatch(1);
        hasty.store.beforeReads(() -> await(release));

        // When
        var failure = refusal(hasty);
        release.countDown();

        // Then
        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(failure.getStatus().getDescription())
                .startsWith("no answer from the store within PT0.3S");
    }

    @ParameterizedTest
    @EnumSource(StoreException.Kind.class)
    void wordsAStoresFailure(StoreException.Kind kind) {
        // Given
        patient.store.beforeReads(() -> {
            throw new StoreException(kind, "no can do");
        });

        // When
        var failure =
                whenThereIsAPlace(
                        () -> client(patient).getServices(GetServicesRequest.getDefaultInstance()));

        // Then
        assertThat(failure.getStatus().getCode()).isEqualTo(GrpcFailure.of(kind).getCode());
        assertThat(failure.getStatus().getDescription()).isEqualTo("no can do");
    }

    @Test
    void keepsTheWordsOfAMistakeOfOursToItselfAndCountsIt() {
        // Given
        patient.store.beforeReads(() -> {
            throw new IllegalArgumentException("secret");
        });

        // When
        var failure =
                whenThereIsAPlace(() ->
                        client(patient)
                                .getOperations(
                                        GetOperationsRequest.newBuilder().setService("a").build()));

        // Then
        assertThat(failure.getStatus().getDescription()).isEqualTo("internal error");
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (countedAsInternal() == 0 && System.nanoTime() < giveUp) {
            Thread.onSpinWait();
        }
        assertThat(countedAsInternal()).isEqualTo(1);
    }

    private static double countedAsInternal() {
        return patient.registry
                .counter(
                        "millrace.query.requests",
                        "api",
                        "jaeger_v3_grpc",
                        "endpoint",
                        "GetOperations",
                        "status",
                        "internal")
                .count();
    }

    // A call is answered a moment before its place is free again.
    private static StatusRuntimeException whenThereIsAPlace(ThrowingCallable call) {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        var failure = refusal(call);
        while (String.valueOf(failure.getStatus().getDescription()).endsWith("ask again later")
                && System.nanoTime() < giveUp) {
            failure = refusal(call);
        }
        return failure;
    }

    @Test
    void givesUpOnAClientThatTakesNothingAndLetsNobodyWaitForIt() throws Exception {
        // Given
        var id = new TraceId(1, 2);
        hasty.store.keep(longTrace(id));
        var arrived = new CountDownLatch(1);
        hasty.store.beforeReads(arrived::countDown);
        var idle = GrpcClients.newClient(address(hasty), QueryServiceGrpc.QueryServiceStub.class);
        double before = endedTraces();

        // When
        idle.getTrace(
                GetTraceRequest.newBuilder().setTraceId(id.toString()).build(), new TakesNothing());
        assertThat(arrived.await(20, TimeUnit.SECONDS)).isTrue();

        // Then: the only place is free once there is an answer, and the call ends
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> hasty.get("/v1/services").statusCode() == 200);
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> endedTraces() > before);
    }

    private static double endedTraces() {
        return hasty
                .registry
                .find("millrace.query.requests")
                .tag("endpoint", "GetTrace")
                .counters()
                .stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    /// A client that asks for no message.
    private static final class TakesNothing
            implements ClientResponseObserver<GetTraceRequest, TracesData> {

        @Override
        public void beforeStart(ClientCallStreamObserver<GetTraceRequest> call) {
            call.disableAutoRequestWithInitial(0);
        }

        @Override
        public void onNext(TracesData piece) {}

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {}
    }

    @ParameterizedTest
    @CsvSource({
        "-2, PT0S, grpc port: -2 (expected: -1 to 65535)",
        "65536, PT0S, grpc port: 65536 (expected: -1 to 65535)",
        "0, PT-1S, max clock skew: PT-1S (expected: zero or more)"
    })
    void refusesSettingsThatCannotWork(int port, Duration maxClockSkew, String message) {
        assertThatThrownBy(() -> new JaegerConfig(port, maxClockSkew))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private static List<Span> longTrace(TraceId id) {
        var pad = Attributes.of(SampleTraces.text("pad", "x".repeat(4_000)));
        return IntStream.rangeClosed(1, 2_500)
                .mapToObj(i ->
                        Span.builder(id, new SpanId(i))
                                .name("step " + i)
                                .time(i, i + 1L)
                                .attributes(pad, 0)
                                .build())
                .toList();
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
