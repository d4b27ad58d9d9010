package dev.millrace.collector;

import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.util.Exceptions;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.millrace.model.Slice;
import dev.millrace.sampling.StrategyCodec;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Tells SDKs what to sample, in Jaeger's words: JSON over HTTP, protobuf over gRPC.
final class SamplingReceiver implements HttpService {

    /// The paths that clients ask, old and new.
    static final List<String> PATHS = List.of("/sampling", "/api/sampling", "/");

    static final String CALL = "jaeger.api_v2.SamplingManager/GetSamplingStrategy";

    // A service's name and some framing.
    private static final int MAX_REQUEST = 64 << 10;

    private final Strategies strategies;

    SamplingReceiver(Strategies strategies) {
        this.strategies = strategies;
    }

    @Override
    public HttpResponse serve(ServiceRequestContext ctx, HttpRequest request) {
        var services = ctx.queryParams("service");
        if (services.size() != 1 || services.getFirst().isEmpty()) {
            return HttpResponse.of(
                    HttpStatus.BAD_REQUEST,
                    MediaType.PLAIN_TEXT_UTF_8,
                    "service: " + services + " (expected: one name)");
        }
        return HttpResponse.of(
                strategies
                        .strategy(services.getFirst())
                        .handle((strategy, failure) ->
                                failure == null
                                        ? HttpResponse.of(
                                                HttpStatus.OK,
                                                MediaType.JSON,
                                                StrategyCodec.json(strategy))
                                        : HttpResponse.of(
                                                HttpStatus.SERVICE_UNAVAILABLE,
                                                MediaType.PLAIN_TEXT_UTF_8,
                                                words(failure))));
    }

    /// The same over gRPC.
    HttpService grpc() {
        return (ctx, request) ->
                UnaryCall.serve(
                        ctx,
                        new BoundedRequest(request, MAX_REQUEST, UnaryCall.PREFIX, _ -> {}),
                        MAX_REQUEST,
                        this::answer);
    }

    private CompletableFuture<byte[]> answer(byte[] request) {
        return strategies
                .strategy(StrategyCodec.service(Slice.of(request)))
                .handle((strategy, failure) -> {
                    if (failure != null) {
                        throw Refusal.passing(Outcome.UNAVAILABLE, words(failure)).asException();
                    }
                    return StrategyCodec.proto(strategy).toByteArray();
                });
    }

    private static String words(Throwable failure) {
        return String.valueOf(Exceptions.peel(failure).getMessage());
    }
}
