package dev.millrace.access;

import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.SimpleDecoratingHttpService;
import dev.millrace.access.Entry.Admitted;
import dev.millrace.access.Entry.Denied;
import dev.millrace.access.Entry.Reason;
import dev.millrace.model.Tenant;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.util.AttributeKey;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BiFunction;
import java.util.function.Function;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// Decides who may come in, and as which tenant.
///
/// A request shows a bearer token, a user and password, or the certificate of its connection; it
/// names a tenant in a header, or has the one its credential is bound to. Safe for use by any
/// number of threads, and shared by all ports.
public final class Access implements AutoCloseable {

    private static final String REASON = "reason";
    private static final String ANONYMOUS = "anonymous";
    private static final AttributeKey<Admitted> ADMITTED =
            AttributeKey.valueOf(Access.class, "admitted");

    private final AccessConfig config;
    private final @Nullable WatchedFiles<Credentials> credentials;
    private final Meter.MeterProvider<Counter> denied;

    /// @param environment the process's variables, in which the file of credentials may find
    ///   secrets
    /// @param scheduler looks at the file now and then; it stays the caller's
    public Access(
            AccessConfig config,
            Map<String, String> environment,
            ScheduledExecutorService scheduler,
            MeterRegistry meters) {
        this(config, meters, watch(config, environment, scheduler, meters));
    }

    private Access(
            AccessConfig config,
            MeterRegistry meters,
            @Nullable WatchedFiles<Credentials> credentials) {
        this.config = config;
        this.credentials = credentials;
        denied =
                Counter.builder("millrace.access.denied")
                        .description("Requests turned away at the door")
                        .withRegistry(meters);
        for (var reason : Reason.values()) {
            denied.withTag(REASON, reason.text());
        }
    }

    /// Lets everybody in as the default tenant. Needs neither start nor close.
    public static Access open(MeterRegistry meters) {
        return new Access(AccessConfig.OPEN, meters, null);
    }

    /// Reads the credentials and begins to watch their file.
    ///
    /// @throws IllegalArgumentException when they cannot be used, naming the entry and no secret
    public void start() {
        if (credentials != null) {
            credentials.start();
        }
    }

    /// Ends the watch. Requests are still judged by what was read last.
    @Override
    public void close() {
        if (credentials != null) {
            credentials.close();
        }
    }

    /// Decides on one request. May take a tenth of a second when [#isSlow] says so.
    ///
    /// @param session of the connection; null without TLS
    public Entry admit(RequestHeaders headers, @Nullable SSLSession session) {
        return counted(decide(headers, session));
    }

    /// Whether deciding on this request computes a slow hash, which is no work for an event loop.
    public boolean isSlow(RequestHeaders headers) {
        return credentials != null && credentials.current().isSlow(Authorization.of(headers));
    }

    /// What it goes by.
    public AccessConfig config() {
        return config;
    }

    /// The request header that names the tenant.
    public String tenantHeader() {
        return config.tenantHeader();
    }

    /// The value of `WWW-Authenticate` beside a `401`.
    public String challenge() {
        return credentials == null ? "" : credentials.current().challenge();
    }

    /// Stands before a service and turns requests away in the words of HTTP or of gRPC, by what
    /// they speak themselves.
    public Function<HttpService, HttpService> decorator() {
        return decorator((context, denial) -> Refusals.response(context, denial, challenge()));
    }

    /// Stands before a service and turns requests away with answers of the caller's making.
    public Function<HttpService, HttpService> decorator(
            BiFunction<ServiceRequestContext, Denied, HttpResponse> refusal) {
        return service -> new Door(service, true, refusal);
    }

    /// Stands before a service that belongs to no tenant, such as the files of a page: whoever is
    /// known may go on without naming one. [#tenant] is not to be asked behind it.
    public Function<HttpService, HttpService> identityDecorator() {
        return service ->
                new Door(
                        service,
                        false,
                        (context, denial) -> Refusals.response(context, denial, challenge()));
    }

    /// The tenant of a request that passed the door.
    ///
    /// @throws IllegalStateException for one that did not
    public static Tenant tenant(ServiceRequestContext context) {
        return admitted(context).tenant();
    }

    /// Who a request that passed the door comes from, and for whom.
    ///
    /// @throws IllegalStateException for one that did not
    public static Admitted admitted(ServiceRequestContext context) {
        var admitted = context.attr(ADMITTED);
        if (admitted == null) {
            throw new IllegalStateException(
                    context.path() + ": nobody decided on this request (expected: the door did)");
        }
        return admitted;
    }

    private Entry decide(RequestHeaders headers, @Nullable SSLSession session) {
        if (credentials == null) {
            return config.tenants() ? anyTenant(headers) : new Admitted(Tenant.DEFAULT, ANONYMOUS);
        }
        var identity = credentials.current().identify(Authorization.of(headers), session);
        return switch (identity) {
            case Credentials.Identity.Absent _ ->
                    new Denied(Reason.NO_CREDENTIAL, "credential: none (expected: one to come in)");
            case Credentials.Identity.Wrong _ ->
                    new Denied(
                            Reason.WRONG_CREDENTIAL,
                            "credential: not known here (expected: one that is)");
            case Credentials.Identity.Busy _ ->
                    new Denied(
                            Reason.BUSY,
                            "credential: another one is being checked; try again in a moment");
            case Credentials.Identity.Known(var credential) -> bound(headers, credential);
        };
    }

    private Entry counted(Entry entry) {
        if (entry instanceof Denied(var reason, _)) {
            denied.withTag(REASON, reason.text()).increment();
        }
        return entry;
    }

    private Entry bound(RequestHeaders headers, Credential credential) {
        if (!config.tenants()) {
            return new Admitted(Tenant.DEFAULT, credential.name());
        }
        if (named(headers).isEmpty()
                && !credential.anyTenant()
                && credential.tenants().size() == 1) {
            return new Admitted(credential.tenants().iterator().next(), credential.name());
        }
        return switch (anyTenant(headers)) {
            case Denied denial -> denial;
            case Admitted(var tenant, _) ->
                    credential.admits(tenant)
                            ? new Admitted(tenant, credential.name())
                            : new Denied(
                                    Reason.WRONG_TENANT,
                                    config.tenantHeader()
                                            + ": "
                                            + tenant
                                            + " (expected: a tenant of this credential)");
        };
    }

    private Entry anyTenant(RequestHeaders headers) {
        var named = named(headers);
        if (named.isEmpty()) {
            return new Denied(
                    Reason.NO_TENANT,
                    config.tenantHeader() + ": none (expected: the name of a tenant)");
        }
        try {
            if (named.size() == 1) {
                return new Admitted(new Tenant(named.getFirst()), ANONYMOUS);
            }
        } catch (IllegalArgumentException _) {
            // Falls through: what was sent is not repeated.
        }
        return new Denied(
                Reason.INVALID_TENANT,
                config.tenantHeader()
                        + ": not a tenant (expected: one name of 1 to 64 letters, digits, '-',"
                        + " '_' or '.')");
    }

    private List<String> named(RequestHeaders headers) {
        return headers.getAll(config.tenantHeader());
    }

    private static @Nullable WatchedFiles<Credentials> watch(
            AccessConfig config,
            Map<String, String> environment,
            ScheduledExecutorService scheduler,
            MeterRegistry meters) {
        var file = config.credentials();
        if (file == null) {
            return null;
        }
        var variables = Map.copyOf(environment);
        var reloads =
                WatchedFiles.reloads(
                        meters, "millrace.access.reloads", "Times changed credentials were read");
        return new WatchedFiles<>(
                "credentials",
                List.of(file),
                () -> CredentialsFile.read(file, config.tenants(), variables),
                config.refresh(),
                scheduler,
                reloads);
    }

    private final class Door extends SimpleDecoratingHttpService {

        private final boolean tenantNeeded;
        private final BiFunction<ServiceRequestContext, Denied, HttpResponse> refusal;

        Door(
                HttpService service,
                boolean tenantNeeded,
                BiFunction<ServiceRequestContext, Denied, HttpResponse> refusal) {
            super(service);
            this.tenantNeeded = tenantNeeded;
            this.refusal = refusal;
        }

        @Override
        public HttpResponse serve(ServiceRequestContext context, HttpRequest request)
                throws Exception {
            var headers = request.headers();
            var session = context.sslSession();
            if (!isSlow(headers)) {
                return follow(decide(headers, session), context, request);
            }
            return HttpResponse.of(
                    CompletableFuture.supplyAsync(
                                    () -> decide(headers, session), context.blockingTaskExecutor())
                            .thenApplyAsync(
                                    entry -> followLater(entry, context, request),
                                    context.eventLoop()));
        }

        private HttpResponse followLater(
                Entry entry, ServiceRequestContext context, HttpRequest request) {
            try {
                return follow(entry, context, request);
            } catch (Exception e) {
                throw new CompletionException(e);
            }
        }

        private HttpResponse follow(Entry entry, ServiceRequestContext context, HttpRequest request)
                throws Exception {
            return switch (entry) {
                case Admitted admitted -> {
                    context.setAttr(ADMITTED, admitted);
                    yield unwrap().serve(context, request);
                }
                case Denied(var reason, _) when reason == Reason.NO_TENANT && !tenantNeeded ->
                        unwrap().serve(context, request);
                case Denied denial -> {
                    var _ = counted(denial);
                    yield refusal.apply(context, denial);
                }
            };
        }
    }
}
