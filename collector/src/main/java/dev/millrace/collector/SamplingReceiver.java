package dev.millrace.collector;

import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.util.Exceptions;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.grpc.GrpcService;
import dev.millrace.model.Slice;
import dev.millrace.sampling.StrategyCodec;
import dev.millrace.wire.otlp.MalformedSpansException;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.List;

/// Tells SDKs what to sample, in Jaeger's words: JSON over HTTP, protobuf over gRPC.
final class SamplingReceiver implements HttpService {

    /// The paths that clients ask, old and new.
    static final List<String> PATHS = List.of("/sampling", "/api/sampling", "/");

    static final String SERVICE = "jaeger.api_v2.SamplingManager";
    static final String METHOD = "GetSamplingStrategy";

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

    GrpcService grpc() {
        var bytes = new GrpcReceiver.Bytes(MAX_REQUEST);
        var method =
                MethodDescriptor.newBuilder(bytes, bytes)
                        .setType(MethodDescriptor.MethodType.UNARY)
                        .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, METHOD))
                        .build();
        return GrpcService.builder()
                .addService(
                        ServerServiceDefinition.builder(
                                        ServiceDescriptor.newBuilder(SERVICE)
                                                .addMethod(method)
                                                .build())
                                .addMethod(method, ServerCalls.asyncUnaryCall(this::answer))
                                .build())
                .maxRequestMessageLength(MAX_REQUEST)
                .build();
    }

    private void answer(byte[] request, StreamObserver<byte[]> observer) {
        String service;
        try {
            service = StrategyCodec.service(Slice.of(request));
        } catch (MalformedSpansException e) {
            observer.onError(
                    Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException());
            return;
        }
        // Without a handler, answering a client that left would throw.
        ((ServerCallStreamObserver<byte[]>) observer).setOnCancelHandler(() -> {});
        var _ =
                strategies
                        .strategy(service)
                        .whenComplete((strategy, failure) -> {
                            if (failure == null) {
                                observer.onNext(StrategyCodec.proto(strategy).toByteArray());
                                observer.onCompleted();
                            } else {
                                observer.onError(
                                        Status.UNAVAILABLE
                                                .withDescription(words(failure))
                                                .asRuntimeException());
                            }
                        });
    }

    private static String words(Throwable failure) {
        return String.valueOf(Exceptions.peel(failure).getMessage());
    }
}
