package dev.millrace.collector;

import static java.util.Objects.requireNonNull;

import com.linecorp.armeria.common.ExchangeType;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.RequestContext;
import com.linecorp.armeria.common.stream.StreamMessage;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.RoutingContext;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.SimpleDecoratingHttpService;
import io.netty.util.AttributeKey;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// What every request passes before its transport reads it: counts its bytes as they arrive, stops
/// it when it is too large or there is no room, and books its outcome when it is answered.
///
/// A request that is stopped reaches its receiver with a body that fails, so that the receiver
/// answers in its transport's words.
final class Gate extends SimpleDecoratingHttpService {

    private static final AttributeKey<Admission.Ticket> TICKET =
            AttributeKey.valueOf(Gate.class, "ticket");
    private static final AttributeKey<Outcome> OUTCOME =
            AttributeKey.valueOf(Gate.class, "outcome");

    private final Transport transport;
    private final long maxRequest;
    private final int framing;
    private final Admission admission;
    private final CollectorMetrics metrics;
    private final AtomicBoolean closing;

    /// @param maxRequest the most a request may have as received, bytes
    /// @param framing what the transport adds to a request, bytes
    /// @param closing true once requests should go elsewhere
    Gate(
            HttpService receiver,
            Transport transport,
            long maxRequest,
            int framing,
            Admission admission,
            CollectorMetrics metrics,
            AtomicBoolean closing) {
        super(receiver);
        this.transport = transport;
        this.maxRequest = maxRequest;
        this.framing = framing;
        this.admission = admission;
        this.metrics = metrics;
        this.closing = closing;
    }

    // The server must not gather a request before anyone could count it; an answer it may.
    @Override
    public ExchangeType exchangeType(RoutingContext routing) {
        return ExchangeType.REQUEST_STREAMING;
    }

    @Override
    public HttpResponse serve(ServiceRequestContext ctx, HttpRequest request) throws Exception {
        var ticket = admission.open();
        ctx.setAttr(TICKET, ticket);
        var _ =
                ctx.log()
                        .whenComplete()
                        .thenAccept(log -> {
                            ticket.release();
                            metrics.answered(transport, outcome(ctx), log.totalDurationNanos());
                        });
        if (closing.get()) {
            var _ = ctx.initiateConnectionShutdown();
            return unwrap().serve(
                            ctx,
                            stopped(
                                    request,
                                    Refusal.passing(
                                            Outcome.UNAVAILABLE, "the collector is closing")));
        }
        if (request.headers().contentLength() > maxRequest + framing) {
            return unwrap().serve(
                            ctx, stopped(request, Compression.tooLarge(maxRequest).refusal()));
        }
        return unwrap().serve(ctx, new BoundedRequest(request, maxRequest, framing, ticket::add));
    }

    /// The request with a body that fails for this reason.
    private static HttpRequest stopped(HttpRequest request, Refusal refusal) {
        return HttpRequest.of(request.headers(), StreamMessage.aborted(refusal.asException()));
    }

    /// The ticket of a request that passed.
    static Admission.Ticket ticket(ServiceRequestContext ctx) {
        return requireNonNull(ctx.attr(TICKET), "ticket");
    }

    /// Notes what a request is being told; whatever comes after the first answer is not sent.
    static void note(RequestContext ctx, Outcome outcome) {
        if (ctx.attr(OUTCOME) == null) {
            ctx.setAttr(OUTCOME, outcome);
        }
    }

    // Only a client that left has heard nothing from us.
    private static Outcome outcome(RequestContext ctx) {
        @Nullable Outcome noted = ctx.attr(OUTCOME);
        return noted == null ? Outcome.ABORTED : noted;
    }
}
