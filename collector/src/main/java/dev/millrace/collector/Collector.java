package dev.millrace.collector;

import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.SessionProtocol;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.millrace.collector.CollectorMetrics.Transport;
import dev.millrace.pipeline.SpanSink;
import dev.millrace.wire.otlp.TraceSplitter;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes spans in over the network and hands them to a [SpanSink].
///
/// Listens for OTLP on two ports, by custom one for gRPC and one for HTTP; both answer both, so a
/// client that mixes them up works all the same. A request is answered with success when the sink
/// has completed it, and not before.
public final class Collector implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Collector.class);

    private static final Duration START_TIMEOUT = Duration.ofSeconds(30);
    // Longer than the pauses between batches, so that clients keep their connections.
    private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration QUIET_PERIOD = Duration.ofMillis(100);
    private static final Duration STOP_MARGIN = Duration.ofSeconds(5);

    private final CollectorConfig config;
    private final MeterRegistry meters;
    private final Admission admission;
    private final CollectorMetrics metrics;
    private final SpanIntake intake;
    private final AtomicBoolean closing = new AtomicBoolean();
    private @Nullable Server server;
    private int grpcPort;
    private int httpPort;

    public Collector(
            CollectorConfig config, SpanSink sink, InstantSource clock, MeterRegistry meters) {
        this.config = config;
        this.meters = meters;
        admission = new Admission(config.maxInFlight().bytes());
        metrics = new CollectorMetrics(meters, admission);
        intake =
                new SpanIntake(
                        new TraceSplitter(config.limits().toSpanLimits()), sink, clock, metrics);
    }

    /// Opens the ports. May be called once.
    ///
    /// @throws IllegalStateException when a port cannot be had
    public synchronized void start() {
        if (server != null || closing.get()) {
            throw new IllegalStateException("collector: started before (expected: once)");
        }
        var built = build();
        server = built;
        try {
            built.start().get(START_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException(
                    "grpc-port, http-port: "
                            + config.grpcPort()
                            + ", "
                            + config.httpPort()
                            + " on "
                            + config.host()
                            + " (expected: free ports of this host)",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("collector: interrupted while starting", e);
        }
        // In the order in which the ports were added.
        var ports =
                List.copyOf(built.activePorts().values()).stream()
                        .map(port -> port.localAddress().getPort())
                        .toList();
        grpcPort = ports.getFirst();
        httpPort = ports.getLast();
        log.atInfo()
                .addKeyValue("grpcPort", grpcPort)
                .addKeyValue("httpPort", httpPort)
                .log("Collector listens");
    }

    /// The port bound for gRPC, once started.
    public synchronized int grpcPort() {
        return grpcPort;
    }

    /// The port bound for HTTP, once started.
    public synchronized int httpPort() {
        return httpPort;
    }

    /// Sends new requests away to be tried again, answers those in flight, closes the ports.
    @Override
    public void close() {
        Server closed;
        synchronized (this) {
            closing.set(true);
            closed = server;
        }
        if (closed == null) {
            return;
        }
        var bound = config.shutdownTimeout().plus(STOP_MARGIN);
        try {
            closed.stop().get(bound.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            log.atWarn().setCause(e).log("Collector did not close in time");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private Server build() {
        int maxBytes = config.maxRequest().toIntExact();
        var grpc = new GrpcReceiver(intake, maxBytes).service();
        var http = new HttpReceiver(intake, maxBytes);
        var builder = Server.builder();
        builder.port(new InetSocketAddress(config.host(), config.grpcPort()), SessionProtocol.HTTP)
                .port(new InetSocketAddress(config.host(), config.httpPort()), SessionProtocol.HTTP)
                .meterRegistry(meters)
                .maxNumConnections(config.maxConnections())
                .requestTimeout(config.requestTimeout())
                .idleTimeout(IDLE_TIMEOUT)
                // The gate limits requests, so that every transport says no in its own words.
                .maxRequestLength(0)
                .gracefulShutdownTimeout(QUIET_PERIOD, max(QUIET_PERIOD, config.shutdownTimeout()))
                .service(
                        grpc,
                        service -> service.decorate(GrpcReceiver::checkCompression),
                        service -> gate(service, Transport.GRPC, GrpcReceiver.PREFIX))
                .service(HttpReceiver.PATH, gate(http, Transport.HTTP, 0))
                .serviceUnder("/", gate(Collector::unknown, Transport.HTTP, 0))
                .errorHandler((ctx, cause) ->
                        isGrpc(ctx) ? null : HttpAnswer.refuse(ctx, Refusal.of(cause)));
        return builder.build();
    }

    private HttpService gate(HttpService receiver, Transport transport, int framing) {
        return new Gate(
                receiver,
                transport,
                config.maxRequest().bytes(),
                framing,
                admission,
                metrics,
                closing);
    }

    private static HttpResponse unknown(ServiceRequestContext ctx, HttpRequest request) {
        if (isGrpc(ctx)) {
            return GrpcReceiver.unknownMethod(ctx);
        }
        return HttpAnswer.refuse(
                ctx,
                Refusal.lasting(
                        Outcome.UNKNOWN_PATH,
                        "path: " + request.path() + " (expected: " + HttpReceiver.PATH + ")"));
    }

    private static boolean isGrpc(ServiceRequestContext ctx) {
        return ctx.request().headers().get("content-type", "").startsWith("application/grpc");
    }

    private static Duration max(Duration a, Duration b) {
        return a.compareTo(b) >= 0 ? a : b;
    }
}
