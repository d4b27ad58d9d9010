package dev.millrace.collector;

import com.linecorp.armeria.common.AggregatedHttpRequest;
import com.linecorp.armeria.common.AggregationOptions;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.OtlpJson;
import io.netty.buffer.ByteBufInputStream;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/// OTLP over HTTP: `POST /v1/traces` in protobuf or JSON.
final class HttpReceiver implements HttpService {

    static final String PATH = "/v1/traces";

    private final SpanIntake intake;
    private final OtlpJson json;
    private final int maxBytes;

    HttpReceiver(SpanIntake intake, int maxBytes) {
        this.intake = intake;
        this.json = new OtlpJson(maxBytes);
        this.maxBytes = maxBytes;
    }

    @Override
    public HttpResponse serve(ServiceRequestContext ctx, HttpRequest request) {
        var headers = request.headers();
        if (headers.method() != HttpMethod.POST) {
            return HttpAnswer.refuse(
                    ctx,
                    Refusal.lasting(
                            Outcome.WRONG_METHOD,
                            "method: " + headers.method() + " (expected: POST)"));
        }
        var format = HttpFormat.of(headers);
        if (format == HttpFormat.OTHER) {
            return HttpAnswer.refuse(
                    ctx,
                    Refusal.lasting(
                            Outcome.UNSUPPORTED,
                            "content-type: "
                                    + headers.get(HttpHeaderNames.CONTENT_TYPE, "none")
                                    + " (expected: application/x-protobuf or application/json)"));
        }
        String encoding = headers.get(HttpHeaderNames.CONTENT_ENCODING);
        var compression = Compression.named(encoding);
        if (compression == null) {
            return HttpAnswer.refuse(
                    ctx,
                    Refusal.lasting(
                            Outcome.UNSUPPORTED,
                            "content-encoding: "
                                    + encoding
                                    + " (expected: "
                                    + Compression.NAMES
                                    + ")"));
        }
        return HttpResponse.of(
                request.aggregate(AggregationOptions.usePooledObjects(ctx.alloc(), ctx.eventLoop()))
                        .thenCompose(body -> take(ctx, body, format, compression))
                        .handle((receipt, failure) ->
                                failure == null
                                        ? receipt(ctx, receipt, format)
                                        : HttpAnswer.refuse(ctx, Refusal.of(failure))));
    }

    private CompletableFuture<Receipt> take(
            ServiceRequestContext ctx,
            AggregatedHttpRequest request,
            HttpFormat format,
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
        var body = Slice.of(bytes);
        return intake.take(format == HttpFormat.JSON ? json.traces(body) : body, ticket);
    }

    private static HttpResponse receipt(
            ServiceRequestContext ctx, Receipt receipt, HttpFormat format) {
        Gate.note(ctx, receipt.outcome());
        return HttpResponse.of(
                ResponseHeaders.of(
                        receipt.outcome().http(), HttpHeaderNames.CONTENT_TYPE, format.mediaType()),
                format == HttpFormat.JSON
                        ? HttpData.wrap(receipt.toJson())
                        : HttpData.wrap(receipt.toProtobuf()));
    }
}
