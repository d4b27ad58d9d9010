package dev.millrace.collector;

import static org.assertj.core.api.Assertions.assertThat;

import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.RequestHeaders;
import dev.millrace.access.Entrance;
import dev.millrace.model.Slice;
import dev.millrace.sampling.SamplingStrategy;
import dev.millrace.sampling.StrategyCodec;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// SDKs that ask over gRPC.
@Timeout(30)
class SamplingReceiverTest {

    private static final String CALL = "/jaeger.api_v2.SamplingManager/GetSamplingStrategy";
    private static final SamplingStrategy HALF = new SamplingStrategy.Probabilistic(0.5);

    private static Collector collector;
    private static WebClient client;

    @BeforeAll
    static void start() {
        var meters = new SimpleMeterRegistry();
        Strategies strategies =
                service ->
                        service.equals("shop")
                                ? CompletableFuture.completedFuture(HALF)
                                : CompletableFuture.failedFuture(
                                        new IllegalStateException("nobody knows"));
        collector =
                new Collector(
                        TestCollector.CONFIG,
                        Entrance.open(meters),
                        new Sampling(null, strategies),
                        new FakeSpanSink(),
                        InstantSource.fixed(Requests.NOW),
                        meters);
        collector.start();
        client = WebClient.of("h2c://127.0.0.1:" + collector.port(Receiver.SAMPLING_GRPC));
    }

    @AfterAll
    static void close() {
        collector.close();
    }

    @Test
    void saysWhatToSample() {
        // When
        var call = GrpcCall.send(client, CALL, StrategyCodec.parameters("shop").toByteArray());

        // Then
        assertThat(call.status()).isEqualTo("0");
        assertThat(StrategyCodec.strategy(Slice.of(call.body()))).isEqualTo(HALF);
    }

    @Test
    void asksToComeBackWhenNobodyKnows() {
        // When
        var call = GrpcCall.send(client, CALL, StrategyCodec.parameters("bank").toByteArray());

        // Then
        assertThat(call.status()).isEqualTo("14");
        assertThat(call.message()).isEqualTo("nobody knows");
    }

    @Test
    void refusesAQuestionItCannotRead() {
        // When
        var call = GrpcCall.send(client, CALL, new byte[] {10, 100, 1});

        // Then
        assertThat(call.status()).isEqualTo("3");
        assertThat(call.message()).contains("a length of 100");
    }

    @Test
    void refusesAQuestionThatIsTooLong() {
        // When
        var call = GrpcCall.send(client, CALL, new byte[(64 << 10) + 1]);

        // Then
        assertThat(call.status()).isEqualTo("3");
        assertThat(call.message()).startsWith("request: more than 65536 bytes");
    }

    @Test
    void stopsAnEndlessQuestion() throws Exception {
        // Given
        var request =
                HttpRequest.streaming(
                        RequestHeaders.of(
                                HttpMethod.POST,
                                CALL,
                                "content-type",
                                "application/grpc",
                                "te",
                                "trailers"));
        var reply = client.execute(request).aggregate();

        // When
        while (request.tryWrite(HttpData.wrap(new byte[8 << 10]))) {
            // Which fails when the answer ends the call meanwhile.
            request.whenConsumed().handle((_, _) -> true).get(10, TimeUnit.SECONDS);
        }

        // Then
        assertThat(reply.get(10, TimeUnit.SECONDS).headers().get("grpc-status")).isEqualTo("3");
    }
}
