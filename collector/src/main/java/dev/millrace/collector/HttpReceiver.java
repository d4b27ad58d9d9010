package dev.millrace.collector;

import com.linecorp.armeria.common.AggregatedHttpRequest;
import com.linecorp.armeria.common.AggregationOptions;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.RequestContext;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.millrace.access.Access;
import dev.millrace.model.Slice;
import dev.millrace.pipeline.format.SpanFormat;
import io.netty.buffer.ByteBufInputStream;
import io.netty.util.AttributeKey;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/// Spans over HTTP: reads a body, compressed or not, and answers in its client's dialect.
final class HttpReceiver implements HttpService {

    private static final AttributeKey<HttpDialect> DIALECT =
            AttributeKey.valueOf(HttpReceiver.class, "dialect");
    private static final HttpDialect DEFAULT_DIALECT = new OtlpHttp();

    private final HttpDialect dialect;
    private final SpanIntake intake;
    private final int maxBytes;

    HttpReceiver(HttpDialect dialect, SpanIntake intake, int maxBytes) {
        this.dialect = dialect;
        this.intake = intake;
        this.maxBytes = maxBytes;
    }

    @Override
    public HttpResponse serve(ServiceRequestContext ctx, HttpRequest request) {
        // For what goes wrong outside of this method.
        ctx.setAttr(DIALECT, dialect);
        var headers = request.headers();
        SpanFormat format;
        Compression compression;
        try {
            checkMethod(headers);
            format = dialect.format(headers);
            compression = Compression.of(headers, HttpHeaderNames.CONTENT_ENCODING);
        } catch (RefusedException e) {
            return refuse(ctx, e.refusal());
        }
        return HttpResponse.of(
                request.aggregate(AggregationOptions.usePooledObjects(ctx.alloc(), ctx.eventLoop()))
                        .thenCompose(body -> take(ctx, body, format, compression))
                        .thenApply(receipt -> accept(ctx, headers, receipt))
                        .exceptionally(failure -> refuse(ctx, Refusal.of(failure))));
    }

    /// Says no in the dialect of the receiver that was reached; in OTLP's before that.
    static HttpResponse refuse(ServiceRequestContext ctx, Refusal refusal) {
        Gate.note(ctx, refusal.outcome());
        return dialect(ctx).refuse(ctx.request().headers(), refusal);
    }

    /// Says no at the door, with what a credential should be like.
    static HttpResponse refuse(
            ServiceRequestContext ctx, HttpDialect dialect, Refusal refusal, String challenge) {
        ctx.setAttr(DIALECT, dialect);
        var response = refuse(ctx, refusal);
        return refusal.outcome() == Outcome.UNAUTHENTICATED && !challenge.isEmpty()
                ? response.mapHeaders(headers ->
                        headers.withMutations(
                                more -> more.set(HttpHeaderNames.WWW_AUTHENTICATE, challenge)))
                : response;
    }

    private static HttpDialect dialect(RequestContext ctx) {
        var reached = ctx.attr(DIALECT);
        return reached == null ? DEFAULT_DIALECT : reached;
    }

    private HttpResponse accept(
            ServiceRequestContext ctx, RequestHeaders headers, Receipt receipt) {
        var response = dialect.accept(headers, receipt);
        Gate.note(ctx, receipt.outcome());
        return response;
    }

    private CompletableFuture<Receipt> take(
            ServiceRequestContext ctx,
            AggregatedHttpRequest request,
            SpanFormat format,
            Compression compression) {
        var ticket = Gate.ticket(ctx);
        byte[] bytes;
        try (var content = request.content();
                var in = compression.decompress(new ByteBufInputStream(content.byteBuf()))) {
            bytes = Compression.readAll(in, maxBytes);
        } catch (IOException e) {
            throw Compression.malformed(e);
        }
        ticket.resize(bytes.length);
        return intake.take(Access.tenant(ctx), format, Slice.of(bytes), ticket);
    }

    /// @throws RefusedException for all but POST
    static void checkMethod(RequestHeaders headers) {
        if (headers.method() != HttpMethod.POST) {
            throw Refusal.lasting(
                            Outcome.WRONG_METHOD,
                            "method: " + headers.method() + " (expected: POST)")
                    .asException();
        }
    }
}
