package dev.millrace.query;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.encoding.EncodingService;
import dev.millrace.access.Access;
import dev.millrace.access.Entrance;
import dev.millrace.access.Entry.Denied;
import dev.millrace.query.system.SystemView;
import dev.millrace.storage.api.DecisionLookup;
import dev.millrace.storage.api.TraceStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The query role: our API, Jaeger's, Tempo's, Zipkin's and the pages, on one port over one store;
/// and Jaeger's services over gRPC, on another.
///
/// Safe for use by any number of threads. The store stays the caller's to close, after this.
public final class QueryServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(QueryServer.class);
    private static final Duration START_PATIENCE = Duration.ofSeconds(30);
    private static final Duration DRAIN_PATIENCE = Duration.ofSeconds(5);
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(15);

    private static final DecisionLookup NO_DECISIONS =
            DecisionLookup.none("decisions: none are on record without Kafka");

    private static final SystemView NO_SYSTEM =
            SystemView.none("system: this server sees nothing but its store");

    // Room for a request for as many traces by id as a page holds.
    private static final int MAX_URL_BYTES = 64 * 1024;

    private final String name;
    private final RequestGate gate;
    private final Access access;
    private final Server server;
    private final @Nullable Server grpc;
    private final Map<String, HttpService> zipkin = new LinkedHashMap<>();

    /// Lets everybody see the traces of the default tenant, in plain text.
    ///
    /// @param clock tells where a search ends that does not say
    public QueryServer(
            QueryConfig config, TraceStore store, MeterRegistry registry, InstantSource clock) {
        this(config, store, registry, clock, Entrance.open(registry));
    }

    /// @param clock tells where a search ends that does not say
    /// @param entrance decides who may ask, and whose traces they see; started, and the caller's to
    ///   close after this
    public QueryServer(
            QueryConfig config,
            TraceStore store,
            MeterRegistry registry,
            InstantSource clock,
            Entrance entrance) {
        this(config, store, NO_DECISIONS, NO_SYSTEM, null, registry, clock, entrance);
    }

    /// @param decisions tells what was decided about traces
    /// @param system shows those who run it the system as a whole
    /// @param archive keeps traces that somebody wants kept; null for none
    /// @param clock tells where a search ends that does not say
    /// @param entrance decides who may ask, and whose traces they see; started, and the caller's to
    ///   close after this
    public QueryServer(
            QueryConfig config,
            TraceStore unlimited,
            DecisionLookup decisions,
            SystemView system,
            @Nullable TraceArchive archive,
            MeterRegistry registry,
            InstantSource clock,
            Entrance entrance) {
        var store =
                SwitchedStore.of(LimitedStore.of(unlimited, config.maxSpans()), config.questions());
        this.access = entrance.access();
        this.name = "query server on " + config.host() + ":" + config.port();
        this.gate =
                new RequestGate(
                        config.requestTimeout(),
                        config.maxConcurrentRequests(),
                        new RequestRates(config.rates(), System::nanoTime));
        var metrics = new RequestMetrics(registry);
        metrics.watch(gate);
        var builder = Server.builder();
        entrance.port(builder, new InetSocketAddress(config.host(), config.port()));
        entrance.applyTo(builder);
        builder.http1MaxInitialLineLength(MAX_URL_BYTES)
                .http2MaxHeaderListSize(MAX_URL_BYTES)
                .gracefulShutdownTimeout(Duration.ZERO, DRAIN_PATIENCE)
                // The gate has a deadline for the store and one for each piece that the
                // client reads; a long answer that is being read has none.
                .requestTimeoutMillis(0)
                .disableServerHeader()
                .decorator(
                        EncodingService.builder()
                                .encodableContentTypes(QueryServer::compressible)
                                .newDecorator())
                .decorator((delegate, context, request) -> {
                    context.setAdditionalResponseHeader(
                            HttpHeaderNames.X_CONTENT_TYPE_OPTIONS, "nosniff");
                    return delegate.serve(context, request);
                });
        var pagesOfOthers = entrance.pages();
        new NativeEndpoints(config, store, decisions, system, clock, System::nanoTime)
                .bind(routes(builder, metrics, Dialect.NATIVE, pagesOfOthers));
        var traces = new JaegerTraces(store, archive, config.jaeger().maxClockSkew());
        var jaeger = new JaegerApi(store, traces, clock, config.maxTraces());
        jaeger.bind(routes(builder, metrics, Dialect.JAEGER, pagesOfOthers));
        jaeger.bind(postRoutes(builder, metrics, Dialect.JAEGER, pagesOfOthers));
        new JaegerMetrics(store, clock)
                .bind(routes(builder, metrics, Dialect.JAEGER, pagesOfOthers));
        new JaegerV3Api(store, traces, config.maxTraces())
                .bind(routes(builder, metrics, Dialect.JAEGER_V3, pagesOfOthers));
        var tempo =
                new TempoApi(store, config.maxTraces(), config.requestTimeout(), System::nanoTime);
        tempo.bind(routes(builder, metrics, Dialect.TEMPO, pagesOfOthers));
        builder.service(
                new TempoStreaming(tempo, gate, config.requestTimeout()).service(),
                access.decorator(),
                service -> measured(metrics, Dialect.TEMPO.metricName(), "stream", service));
        new ZipkinApi(store, clock, config.maxTraces(), config.maxSpans(), config.zipkin())
                .bind((path, name, endpoint) ->
                        zipkin.put(
                                path,
                                pagesOfOthers.apply(
                                        endpoint(metrics, Dialect.ZIPKIN, name, endpoint))));
        if (config.zipkin().ui()) {
            new ZipkinUi(QueryServer.class.getClassLoader())
                    .bind((path, page) -> zipkin.put(path, page(metrics, "zipkin", page)));
        }
        zipkin.forEach(builder::service);
        for (var dialect : Dialect.values()) {
            var unknown =
                    pagesOfOthers.apply(
                            endpoint(metrics, dialect, "unknown", QueryServer::unknown));
            dialect.pathPrefixes().forEach(prefix -> builder.serviceUnder(prefix, unknown));
        }
        var pages = new Pages(QueryServer.class.getClassLoader());
        builder.service("/", page(metrics, "index", pages.index()));
        builder.service("/index.html", page(metrics, "index", pages.index()));
        builder.serviceUnder("/assets/", page(metrics, "asset", pages.assets()));
        builder.serviceUnder("/", page(metrics, "file", pages.files()));
        this.server = builder.build();
        this.grpc =
                config.jaeger().grpcPort() < 0
                        ? null
                        : grpc(config, store, traces, metrics, entrance);
    }

    private Server grpc(
            QueryConfig config,
            TraceStore store,
            JaegerTraces traces,
            RequestMetrics metrics,
            Entrance entrance) {
        var builder = Server.builder();
        entrance.port(builder, new InetSocketAddress(config.host(), config.jaeger().grpcPort()));
        entrance.applyTo(builder);
        builder.gracefulShutdownTimeout(Duration.ZERO, DRAIN_PATIENCE)
                // As above.
                .requestTimeoutMillis(0)
                .disableServerHeader();
        return new GrpcServer(gate, metrics, entrance, builder)
                .with(
                        JaegerQueryV2.SERVICE,
                        "jaeger_grpc",
                        new JaegerQueryV2(store, traces, config.maxTraces())::bind)
                .with(
                        JaegerQueryV3.SERVICE,
                        "jaeger_v3_grpc",
                        new JaegerQueryV3(store, traces, config.maxTraces())::bind)
                .build();
    }

    /// Binds the ports.
    ///
    /// @throws IllegalStateException when that fails, naming the address and the cause
    public void start() {
        start(server, name);
        if (grpc != null) {
            start(grpc, name + ", gRPC");
        }
        LOG.atInfo()
                .addKeyValue("port", port())
                .addKeyValue("grpcPort", grpcPort())
                .log("Answering queries");
    }

    private static void start(Server server, String name) {
        try {
            server.start().get(START_PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException(name + ": " + e.getCause(), e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException(name + ": not up within " + START_PATIENCE, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(name + ": interrupted while starting", e);
        }
    }

    /// The port it listens on, once started.
    public int port() {
        return server.activeLocalPort();
    }

    /// The port of Jaeger's services over gRPC, once started; -1 without them.
    public int grpcPort() {
        return grpc == null ? -1 : grpc.activeLocalPort();
    }

    /// What answers Zipkin's questions and serves its UI, by path, for another server of this
    /// process to serve too: Zipkin's users look for both where spans are sent. Needs this one to
    /// be open.
    public Map<String, HttpService> zipkin() {
        var answers = new LinkedHashMap<String, HttpService>();
        zipkin.forEach((path, service) ->
                answers.put(
                        path,
                        service.decorate((delegate, context, request) -> {
                            // The gate has deadlines of its own.
                            context.clearRequestTimeout();
                            return delegate.serve(context, request);
                        })));
        return Collections.unmodifiableMap(answers);
    }

    /// The patterns of all paths that are answered.
    List<String> routes() {
        return server.serviceConfigs().stream()
                .map(service -> service.route().patternString())
                .toList();
    }

    /// Lets running requests finish for a few seconds, then stops. Idempotent.
    @Override
    public void close() {
        var stopped = grpc == null ? CompletableFuture.completedFuture(null) : grpc.stop();
        try {
            CompletableFuture.allOf(server.stop(), stopped)
                    .get(STOP_PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.atWarn().setCause(e).log("The query server did not stop cleanly");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        gate.close();
    }

    private Endpoint.Routes routes(
            ServerBuilder builder,
            RequestMetrics metrics,
            Dialect dialect,
            Function<HttpService, HttpService> pagesOfOthers) {
        return (path, name, endpoint) ->
                builder.service(
                        path, pagesOfOthers.apply(endpoint(metrics, dialect, name, endpoint)));
    }

    private Endpoint.PostRoutes postRoutes(
            ServerBuilder builder,
            RequestMetrics metrics,
            Dialect dialect,
            Function<HttpService, HttpService> pagesOfOthers) {
        return (path, name, maxBytes, endpoint) ->
                builder.route()
                        .path(path)
                        // The gate has a bound, and words for what is over it.
                        .maxRequestLength(0)
                        .build(
                                pagesOfOthers.apply(
                                        behindTheDoor(
                                                metrics,
                                                dialect,
                                                name,
                                                (context, request) ->
                                                        gate.serve(
                                                                context, request, dialect, maxBytes,
                                                                endpoint))));
    }

    private HttpService endpoint(
            RequestMetrics metrics, Dialect dialect, String name, Endpoint endpoint) {
        return behindTheDoor(
                metrics, dialect, name, (context, _) -> gate.serve(context, dialect, endpoint));
    }

    private HttpService behindTheDoor(
            RequestMetrics metrics, Dialect dialect, String name, HttpService answers) {
        return measured(
                metrics,
                dialect.metricName(),
                name,
                access.decorator((context, denial) -> refuse(context, dialect, denial))
                        .apply(answers));
    }

    private HttpResponse refuse(ServiceRequestContext context, Dialect dialect, Denied denial) {
        if (denial.reason().httpStatus().equals(HttpStatus.UNAUTHORIZED)) {
            context.setAdditionalResponseHeader(
                    HttpHeaderNames.WWW_AUTHENTICATE, access.challenge());
        }
        return gate.refuse(context, dialect, denial.reason().httpStatus(), denial.message());
    }

    // The pages hold no traces, so they are shown to all who are known; those who may see several
    // tenants name one with each question they ask.
    private HttpService page(RequestMetrics metrics, String name, HttpService page) {
        return measured(metrics, "pages", name, access.identityDecorator().apply(page));
    }

    private static HttpService measured(
            RequestMetrics metrics, String api, String name, HttpService service) {
        return service.decorate((delegate, context, request) -> {
            metrics.record(context, api, name);
            return delegate.serve(context, request);
        });
    }

    private static boolean compressible(MediaType type) {
        return type.is(MediaType.JSON)
                || type.is(NativeApi.PROTOBUF)
                || type.is(TempoApi.PROTOBUF)
                || type.is(MediaType.ANY_TEXT_TYPE)
                || type.is(MediaType.parse("application/javascript"))
                || type.is(MediaType.parse("image/svg+xml"));
    }

    private static Answer unknown(Parameters parameters) {
        throw new QueryException(HttpStatus.NOT_FOUND, "no such endpoint");
    }
}
