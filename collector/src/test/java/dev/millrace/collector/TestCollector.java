package dev.millrace.collector;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.millrace.access.Entrance;
import dev.millrace.model.ByteSize;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.jspecify.annotations.Nullable;

/// A collector on free ports with narrow limits, the sink behind it and a client before it.
final class TestCollector implements AutoCloseable {

    static final int MAX_REQUEST = 64 << 10;

    static final CollectorConfig CONFIG = config(Duration.ofSeconds(10), Duration.ofSeconds(5));

    final FakeSpanSink sink = new FakeSpanSink();
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final Collector collector;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    TestCollector(CollectorConfig config) {
        this(config, Entrance::open);
    }

    TestCollector(CollectorConfig config, Function<MeterRegistry, Entrance> entrance) {
        this(config, entrance, null);
    }

    TestCollector(
            CollectorConfig config,
            Function<MeterRegistry, Entrance> entrance,
            @Nullable HeadSampling head) {
        collector =
                new Collector(
                        config,
                        entrance.apply(meters),
                        new Sampling(head, Sampling.NONE.strategies()),
                        sink,
                        InstantSource.fixed(Requests.NOW),
                        meters);
        collector.start();
    }

    static CollectorConfig config(Duration requestTimeout, Duration shutdownTimeout) {
        return new CollectorConfig(
                "127.0.0.1",
                anyPorts(),
                null,
                new ByteSize(MAX_REQUEST),
                new ByteSize(2 * MAX_REQUEST),
                requestTimeout,
                Duration.ofSeconds(60),
                shutdownTimeout,
                100,
                new CollectorConfig.Limits(
                        new CollectorConfig.Limits.Time(Duration.ofDays(30), Duration.ofDays(1)),
                        new ByteSize(1024),
                        1024,
                        16,
                        1000),
                CollectorConfig.Rates.UNLIMITED);
    }

    static Map<Receiver, Integer> anyPorts() {
        return Arrays.stream(Receiver.values())
                .collect(Collectors.toMap(Function.identity(), _ -> 0));
    }

    HttpResponse<byte[]> post(byte[] body, String... headers) throws Exception {
        return send(
                request("/v1/traces")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .headers(headers)
                        .build());
    }

    HttpResponse<byte[]> postProtobuf(byte[] body) throws Exception {
        return post(body, "content-type", "application/x-protobuf");
    }

    HttpRequest.Builder request(String path) {
        return request(Receiver.OTLP_HTTP, path);
    }

    HttpRequest.Builder request(Receiver receiver, String path) {
        return HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + collector.port(receiver) + path))
                .timeout(Duration.ofSeconds(20));
    }

    HttpResponse<byte[]> send(HttpRequest request) throws IOException, InterruptedException {
        return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
    }

    static ExportTraceServiceResponse response(byte[] body) throws InvalidProtocolBufferException {
        return ExportTraceServiceResponse.parseFrom(body);
    }

    double requests(String transport, String outcome) {
        return meters.get("millrace.collector.requests")
                .tags("transport", transport, "outcome", outcome)
                .counter()
                .count();
    }

    double count(String name, String... tags) {
        return meters.get(name).tags(tags).counter().count();
    }

    double inFlight() {
        return meters.get("millrace.collector.inflight.bytes").gauge().value();
    }

    /// Waits for what follows an answer: the counts are kept when the last byte is written.
    static void eventually(ThrowingRunnable assertion) {
        Awaitility.await()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(2))
                .untilAsserted(assertion);
    }

    /// Forgets the spans, not the counts.
    void forget() {
        sink.forget();
    }

    @Override
    public void close() {
        collector.close();
        client.shutdownNow();
    }
}
