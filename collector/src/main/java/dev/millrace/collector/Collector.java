package dev.millrace.collector;

import static java.util.Objects.requireNonNull;
import static java.util.Objects.requireNonNullElse;

import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.millrace.access.Entrance;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.SpanSink;
import dev.millrace.pipeline.format.SpanFormat;
import dev.millrace.wire.jaeger.JaegerFormat;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes spans in over the network and hands them to a [SpanSink].
///
/// Listens on one port for each [Receiver] that is configured, as its clients expect. Every TCP
/// port answers every configured protocol, so a client that mixes them up works all the same; a
/// protocol whose receiver is not configured is answered nowhere. A request is answered with
/// success when the sink has completed it, and not before.
public final class Collector implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Collector.class);

    private static final Duration START_TIMEOUT = Duration.ofSeconds(30);
    // Where Zipkin's clients ask whether anybody is there, before they show who they are.
    private static final String HEALTH = "/health";
    private static final Duration QUIET_PERIOD = Duration.ofMillis(100);
    private static final Duration STOP_MARGIN = Duration.ofSeconds(5);

    private final CollectorConfig config;
    private final Entrance entrance;
    private final MeterRegistry meters;
    private final Admission admission;
    private final CollectorMetrics metrics;
    private final Sampling sampling;
    private final SpanIntake intake;
    private final AtomicBoolean closing = new AtomicBoolean();
    private Map<String, HttpService> questions = Map.of();
    private final List<DatagramReceiver> datagrams = new ArrayList<>();
    // What is answered, for those who ask for something else.
    private final List<String> paths = new ArrayList<>();
    private final List<String> calls = new ArrayList<>();
    private @Nullable Server server;
    private Map<Receiver, Integer> ports = Map.of();

    /// @param entrance who may come in; not closed here
    /// @throws IllegalArgumentException when UDP would be a way around it
    public Collector(
            CollectorConfig config,
            Entrance entrance,
            Sampling sampling,
            SpanSink sink,
            InstantSource clock,
            MeterRegistry meters) {
        var tls = entrance.tls();
        config.checkAgainst(entrance.access().config(), tls == null ? null : tls.config());
        this.config = config;
        this.entrance = entrance;
        this.meters = meters;
        admission = new Admission(config.maxInFlight().bytes());
        metrics = new CollectorMetrics(meters, admission);
        this.sampling = sampling;
        intake = new SpanIntake(config, sampling, sink, clock, admission, metrics);
    }

    /// Answers questions where Zipkin's clients expect it, once open: at the port that takes their
    /// spans in. To be called before the start.
    ///
    /// @param services by path; who may ask is theirs to decide
    public synchronized void answer(Map<String, HttpService> services) {
        questions = Map.copyOf(services);
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
                    "receivers: "
                            + words(config.ports())
                            + " on "
                            + config.host()
                            + " (expected: free ports of this host)",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("collector: interrupted while starting", e);
        }
        var bound = bound(built);
        for (var receiver : config.ports().keySet()) {
            if (receiver.datagrams()) {
                bound.put(receiver, startDatagrams(receiver));
            }
        }
        ports = Collections.unmodifiableMap(bound);
        log.atInfo().addKeyValue("ports", words(ports)).log("Collector listens");
    }

    /// The ports of the receivers that are open, once started.
    public synchronized Map<Receiver, Integer> ports() {
        return ports;
    }

    /// The port bound for a receiver, once started.
    ///
    /// @throws IllegalArgumentException when it is not open
    public int port(Receiver receiver) {
        var port = ports().get(receiver);
        if (port == null) {
            throw new IllegalArgumentException(
                    "receiver: " + receiver.word() + " (expected: one of " + words(ports()) + ")");
        }
        return port;
    }

    /// Where sources hand over what they read.
    public SpanIntake intake() {
        return intake;
    }

    /// Sends new requests away to be tried again, answers those in flight, closes the ports.
    @Override
    public void close() {
        Server closed;
        synchronized (this) {
            closing.set(true);
            closed = server;
            // Nobody waits for an answer to these.
            datagrams.forEach(DatagramReceiver::close);
            datagrams.clear();
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
        var builder = Server.builder();
        tcp().forEach(receiver -> entrance.port(builder, address(receiver)));
        entrance.applyTo(builder);
        builder.childChannelPipelineCustomizer(pipeline ->
                        pipeline.addFirst(new ConnectionWatch(config.requestTimeout(), metrics)))
                .decorator(ConnectionWatch::tell)
                .meterRegistry(meters)
                .maxNumConnections(config.maxConnections())
                .requestTimeout(config.requestTimeout())
                .idleTimeout(config.idleTimeout())
                // The gate limits requests, so that every transport says no in its own words.
                .maxRequestLength(0)
                .gracefulShutdownTimeout(QUIET_PERIOD, max(QUIET_PERIOD, config.shutdownTimeout()));
        if (has(Receiver.OTLP_GRPC) || has(Receiver.OTLP_HTTP)) {
            http(builder, OtlpHttp.PATH, new OtlpHttp());
            grpc(builder, GrpcProtocol.OTLP);
        }
        if (has(Receiver.ZIPKIN)) {
            http(builder, ZipkinHttp.V2.path(), ZipkinHttp.V2);
            http(builder, ZipkinHttp.V1.path(), ZipkinHttp.V1);
            grpc(builder, GrpcProtocol.ZIPKIN);
            builder.service(HEALTH, entrance.pages().apply(this::health));
            questions.forEach((path, service) -> {
                if (!path.equals(ZipkinHttp.V2.path())) {
                    builder.service(path, service);
                }
            });
        }
        if (has(Receiver.JAEGER_GRPC)) {
            grpc(builder, GrpcProtocol.JAEGER);
        }
        if (has(Receiver.JAEGER_HTTP)) {
            http(builder, JaegerHttp.PATH, new JaegerHttp());
        }
        if (has(Receiver.SAMPLING_HTTP) || has(Receiver.SAMPLING_GRPC)) {
            strategies(builder);
        }
        return builder.serviceUnder("/", gate(this::unknown, Transport.UNKNOWN, 0))
                .errorHandler((ctx, cause) ->
                        isGrpc(ctx)
                                ? UnaryCall.refuse(ctx, Refusal.of(cause))
                                : HttpReceiver.refuse(ctx, Refusal.of(cause)))
                .build();
    }

    private void http(ServerBuilder builder, String path, HttpDialect dialect) {
        paths.add(path);
        var receiver = new HttpReceiver(dialect, intake, config.maxRequest().toIntExact());
        var door =
                entrance.access()
                        .decorator((ctx, denied) ->
                                HttpReceiver.refuse(
                                        ctx,
                                        dialect,
                                        Refusal.of(denied),
                                        entrance.access().challenge()));
        var spans = pages(gate(door.apply(receiver), dialect.transport(), 0));
        var names = questions.get(path);
        builder.service(
                path,
                names == null
                        ? spans
                        : (ctx, request) ->
                                (isQuestion(request) ? names : spans).serve(ctx, request));
    }

    private void grpc(ServerBuilder builder, GrpcProtocol protocol) {
        calls.add(protocol.call());
        var receiver = new GrpcReceiver(protocol, intake, config.maxRequest().toIntExact());
        var door =
                entrance.access()
                        .decorator((ctx, denied) -> UnaryCall.refuse(ctx, Refusal.of(denied)));
        builder.service(
                path(protocol.call()),
                pages(gate(door.apply(receiver), protocol.transport(), UnaryCall.PREFIX)));
    }

    private void strategies(ServerBuilder builder) {
        var receiver = new SamplingReceiver(sampling.strategies());
        paths.add(SamplingReceiver.PATHS.getFirst());
        calls.add(SamplingReceiver.CALL);
        var service = entrance.door().apply(receiver);
        SamplingReceiver.PATHS.forEach(path -> builder.service("exact:" + path, service));
        builder.service(path(SamplingReceiver.CALL), entrance.door().apply(receiver.grpc()));
    }

    private HttpService pages(HttpService service) {
        return entrance.pages().apply(service);
    }

    private HttpResponse health(ServiceRequestContext ctx, HttpRequest request) {
        return closing.get()
                ? HttpResponse.of(
                        HttpStatus.SERVICE_UNAVAILABLE, MediaType.JSON, "{\"status\":\"DOWN\"}")
                : HttpResponse.of(HttpStatus.OK, MediaType.JSON, "{\"status\":\"UP\"}");
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

    private HttpResponse unknown(ServiceRequestContext ctx, HttpRequest request) {
        if (isGrpc(ctx)) {
            return UnaryCall.refuse(
                    ctx,
                    Refusal.lasting(
                            Outcome.UNKNOWN_PATH,
                            "unknown method (expected: " + String.join(" or ", calls) + ")"));
        }
        return HttpReceiver.refuse(
                ctx,
                Refusal.lasting(
                        Outcome.UNKNOWN_PATH,
                        "path: "
                                + request.path()
                                + " (expected: "
                                + String.join(" or ", paths)
                                + ")"));
    }

    // Zipkin has one path for spans that are sent and for the names of those that were.
    private static boolean isQuestion(HttpRequest request) {
        return request.method() == HttpMethod.GET || request.method() == HttpMethod.HEAD;
    }

    private boolean has(Receiver receiver) {
        return config.ports().containsKey(receiver);
    }

    private List<Receiver> tcp() {
        return config.ports().keySet().stream().filter(receiver -> !receiver.datagrams()).toList();
    }

    private Map<Receiver, Integer> bound(Server built) {
        var bound = new EnumMap<Receiver, Integer>(Receiver.class);
        // In the order in which the ports were added.
        var active = built.activePorts().values().iterator();
        tcp().forEach(receiver -> bound.put(receiver, active.next().localAddress().getPort()));
        return bound;
    }

    private int startDatagrams(Receiver receiver) {
        boolean compact = receiver == Receiver.JAEGER_UDP_COMPACT;
        var datagram =
                new DatagramReceiver(
                        address(receiver),
                        compact ? Transport.JAEGER_UDP_COMPACT : Transport.JAEGER_UDP_BINARY,
                        new SpanFormat.Jaeger(
                                compact ? JaegerFormat.AGENT_COMPACT : JaegerFormat.AGENT_BINARY),
                        requireNonNullElse(config.datagramTenant(), Tenant.DEFAULT),
                        intake,
                        meters);
        datagrams.add(datagram);
        return datagram.start();
    }

    private InetSocketAddress address(Receiver receiver) {
        return new InetSocketAddress(
                config.host(), requireNonNull(config.ports().get(receiver), "port"));
    }

    private static String words(Map<Receiver, Integer> ports) {
        return ports.entrySet().stream()
                .map(port -> port.getKey().word() + " " + port.getValue())
                .collect(Collectors.joining(", "));
    }

    private static String path(String call) {
        return "exact:/" + call;
    }

    private static boolean isGrpc(ServiceRequestContext ctx) {
        return ctx.request().headers().get("content-type", "").startsWith("application/grpc");
    }

    private static Duration max(Duration a, Duration b) {
        return a.compareTo(b) >= 0 ? a : b;
    }
}
