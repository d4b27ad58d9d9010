package dev.millrace.agent;

import dev.millrace.access.Access;
import dev.millrace.access.AccessConfig;
import dev.millrace.access.CorsConfig;
import dev.millrace.access.Entrance;
import dev.millrace.access.Tls;
import dev.millrace.access.TlsConfig;
import dev.millrace.collector.Collector;
import dev.millrace.collector.CollectorConfig;
import dev.millrace.collector.CollectorConfig.Rates;
import dev.millrace.collector.Receiver;
import dev.millrace.collector.Sampling;
import dev.millrace.collector.Strategies;
import dev.millrace.model.Span;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.SinkException;
import dev.millrace.pipeline.SpanSink;
import dev.millrace.sampling.SamplingStrategy;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.TraceChunk;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/// A real collector that keeps what it takes, and can be told to take nothing.
final class Upstairs implements SpanSink, AutoCloseable {

    private final ScheduledExecutorService watcher = Executors.newSingleThreadScheduledExecutor();
    private final List<Span> spans = new ArrayList<>();
    private final List<Tenant> tenants = new ArrayList<>();
    private final Collector collector;
    private volatile boolean busy;
    private volatile @Nullable SamplingStrategy strategy;

    /// @param port 0 for any free one
    /// @param tls null for plain text
    /// @param tenants whether tenants are told apart
    Upstairs(int port, @Nullable TlsConfig tls, boolean tenants) {
        this(port, tls, tenants, Rates.UNLIMITED);
    }

    /// @param rates what each tenant may send
    Upstairs(int port, @Nullable TlsConfig tls, boolean tenants, Rates rates) {
        var meters = new SimpleMeterRegistry();
        var defaults = AccessConfig.OPEN;
        var access =
                new Access(
                        new AccessConfig(
                                tenants, defaults.tenantHeader(), null, defaults.refresh()),
                        Map.of(),
                        watcher,
                        meters);
        access.start();
        Tls certificates = null;
        if (tls != null) {
            certificates = new Tls("test", tls, watcher, meters);
            certificates.start();
        }
        var base = CollectorConfig.DEFAULT;
        collector =
                new Collector(
                        new CollectorConfig(
                                "127.0.0.1",
                                Map.of(Receiver.OTLP_GRPC, port, Receiver.SAMPLING_GRPC, 0),
                                null,
                                base.maxRequest(),
                                base.maxInFlight(),
                                base.requestTimeout(),
                                base.idleTimeout(),
                                Duration.ofMillis(200),
                                base.maxConnections(),
                                base.limits(),
                                rates),
                        new Entrance(access, certificates, CorsConfig.NONE),
                        new Sampling(null, strategies()),
                        this,
                        InstantSource.fixed(Traces.NOW),
                        meters);
        collector.start();
    }

    Upstairs() {
        this(0, null, false);
    }

    private Strategies strategies() {
        return _ -> {
            var told = strategy;
            return told == null
                    ? CompletableFuture.failedFuture(new IllegalStateException("nothing to say"))
                    : CompletableFuture.completedFuture(told);
        };
    }

    int port() {
        return collector.port(Receiver.OTLP_GRPC);
    }

    /// Whether all spans are refused from now on, to be sent again.
    void busy(boolean isBusy) {
        busy = isBusy;
    }

    /// What SDKs are told.
    void tell(@Nullable SamplingStrategy told) {
        strategy = told;
    }

    synchronized List<Span> spans() {
        return List.copyOf(spans);
    }

    List<String> names() {
        return spans().stream().map(Span::name).toList();
    }

    synchronized List<Tenant> tenants() {
        return List.copyOf(tenants);
    }

    @Override
    public CompletableFuture<Void> accept(Tenant tenant, List<TraceChunk> chunks) {
        if (busy) {
            return CompletableFuture.failedFuture(
                    new SinkException(
                            SinkException.Kind.UNAVAILABLE, "busy", Duration.ofMillis(100)));
        }
        synchronized (this) {
            chunks.forEach(chunk -> spans.addAll(OtlpDecoder.spans(chunk.body())));
            tenants.add(tenant);
        }
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<Void> sampledOut(Tenant tenant, int count) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void close() {
        collector.close();
        watcher.shutdownNow();
    }
}
