package dev.millrace.agent;

import com.linecorp.armeria.client.ClientFactory;
import com.linecorp.armeria.client.Endpoint;
import com.linecorp.armeria.client.RequestOptions;
import com.linecorp.armeria.client.ResponseTimeoutException;
import com.linecorp.armeria.client.UnprocessedRequestException;
import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.client.WriteTimeoutException;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.SessionProtocol;
import com.linecorp.armeria.common.util.Exceptions;
import dev.millrace.access.ClientTls;
import dev.millrace.agent.spool.Packing;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import io.grpc.Status;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Calls collectors over gRPC, framed by hand because messages are bytes already and stay so.
///
/// Safe for threads.
final class CollectorClient implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(CollectorClient.class);

    private static final int PREFIX = 5;
    private static final long LARGEST_ANSWER = 4 << 20;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
    // A machine that is gone without a word is noticed, and its connection given up.
    private static final Duration PING = Duration.ofSeconds(10);
    private static final Duration IDLE = Duration.ofMinutes(5);
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(2);

    private final AgentConfig config;
    private final ClientFactory factory;

    /// @param tls whom to trust and what to show; null for plain text
    CollectorClient(AgentConfig config, @Nullable ClientTls tls) {
        this.config = config;
        var builder =
                ClientFactory.builder()
                        .connectTimeout(min(CONNECT_TIMEOUT, config.timeout()))
                        .idleTimeout(IDLE)
                        .pingInterval(PING);
        if (tls != null) {
            tls.applyTo(builder);
        }
        factory = builder.build();
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) <= 0 ? a : b;
    }

    /// @param call service and method
    /// @param packing of the message
    /// @param tenant named where tenants are told apart; null to name none
    /// @return never fails
    CompletableFuture<GrpcAnswer> call(
            InetSocketAddress collector,
            String call,
            Packing packing,
            Slice message,
            @Nullable Tenant tenant) {
        var headers =
                RequestHeaders.builder(HttpMethod.POST, "/" + call)
                        .set(HttpHeaderNames.CONTENT_TYPE, "application/grpc")
                        .set(HttpHeaderNames.TE, "trailers");
        if (packing != Packing.IDENTITY) {
            headers.set("grpc-encoding", packing.word());
        }
        if (!config.token().isEmpty()) {
            headers.set(HttpHeaderNames.AUTHORIZATION, "Bearer " + config.token());
        }
        var tenantHeader = config.tenantHeader();
        if (tenantHeader != null && tenant != null) {
            headers.set(tenantHeader, tenant.name());
        }
        var frame =
                ByteBuffer.allocate(PREFIX + message.length())
                        .put((byte) (packing == Packing.IDENTITY ? 0 : 1))
                        .putInt(message.length())
                        .put(message.array(), message.offset(), message.length())
                        .array();
        var endpoint = Endpoint.of(collector.getHostString(), collector.getPort());
        if (collector.getAddress() != null) {
            endpoint = endpoint.withIpAddr(collector.getAddress().getHostAddress());
        }
        return WebClient.builder(config.tls() ? SessionProtocol.H2 : SessionProtocol.H2C, endpoint)
                .factory(factory)
                .build()
                .execute(
                        HttpRequest.of(headers.build(), HttpData.wrap(frame)),
                        RequestOptions.builder()
                                .responseTimeout(config.timeout())
                                .writeTimeout(config.timeout())
                                .maxResponseLength(LARGEST_ANSWER)
                                .build())
                .aggregate()
                .thenApply(GrpcAnswer::of)
                .exceptionally(CollectorClient::failed);
    }

    private static GrpcAnswer failed(Throwable failure) {
        var peeled = Exceptions.peel(failure);
        String reason =
                switch (peeled) {
                    case UnprocessedRequestException e ->
                            "cannot be reached: " + words(Exceptions.peel(e.getCause()));
                    case ResponseTimeoutException _ -> "no answer in time";
                    case WriteTimeoutException _ -> "the request was not sent in time";
                    default -> "failed: " + words(peeled);
                };
        return GrpcAnswer.without(Status.Code.UNAVAILABLE, reason);
    }

    private static String words(Throwable failure) {
        return failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }

    /// Lets go of the connections. Idempotent.
    @Override
    public void close() {
        try {
            factory.closeAsync().get(CLOSE_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.atWarn().setCause(e).log("Connections to collectors did not close");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
