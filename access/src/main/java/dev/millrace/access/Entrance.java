package dev.millrace.access;

import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.SessionProtocol;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.cors.CorsService;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.InetSocketAddress;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What stands before a server: its certificates, who may come in, and which web pages may call.
///
/// @param tls null for plain text
public record Entrance(Access access, @Nullable Tls tls, CorsConfig cors) {

    private static final String ANY_ORIGIN = "*";

    /// Plain text, everybody, no pages of other origins.
    public static Entrance open(MeterRegistry meters) {
        return new Entrance(Access.open(meters), null, CorsConfig.NONE);
    }

    /// Adds a port for HTTP, within TLS where there are certificates. Call it before
    /// [#applyTo(ServerBuilder)].
    public void port(ServerBuilder server, InetSocketAddress address) {
        server.port(address, tls == null ? SessionProtocol.HTTP : SessionProtocol.HTTPS);
    }

    /// Puts the certificates before all ports of a server, once. Who comes in is decided by
    /// service: see [#door()].
    public void applyTo(ServerBuilder server) {
        if (tls != null) {
            tls.applyTo(server);
        }
    }

    /// Answers browsers that ask what a page may do, and marks answers as readable by it. Goes
    /// around the door, for such questions show no credential.
    public Function<HttpService, HttpService> pages() {
        if (cors.origins().isEmpty()) {
            return service -> service;
        }
        var any = cors.origins().contains(ANY_ORIGIN);
        var builder = any ? CorsService.builderForAnyOrigin() : CorsService.builder(cors.origins());
        builder.allowRequestMethods(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST)
                .allowRequestHeaders(cors.headers().toArray(String[]::new))
                .allowRequestHeaders(access.tenantHeader())
                .exposeHeaders("grpc-status", "grpc-message", "retry-after")
                .maxAge(cors.maxAge());
        if (!any) {
            builder.allowCredentials();
        }
        var decorator = builder.newDecorator();
        return service -> service.decorate(decorator);
    }

    /// The door, with [#pages()] around it.
    public Function<HttpService, HttpService> door() {
        var door = access.decorator();
        var pages = pages();
        return service -> pages.apply(door.apply(service));
    }
}
