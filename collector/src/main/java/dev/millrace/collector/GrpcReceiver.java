package dev.millrace.collector;

import com.google.protobuf.Any;
import com.google.rpc.RetryInfo;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.RequestContext;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.grpc.GrpcService;
import dev.millrace.access.Access;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;

/// Spans over gRPC: one call of a [GrpcProtocol].
///
/// Messages stay bytes; the generated classes would cost more than all the rest of a request.
final class GrpcReceiver {

    /// The length of the prefix each gRPC message has.
    static final int PREFIX = 5;

    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    private final GrpcProtocol protocol;
    private final SpanIntake intake;
    private final int maxBytes;

    GrpcReceiver(GrpcProtocol protocol, SpanIntake intake, int maxBytes) {
        this.protocol = protocol;
        this.intake = intake;
        this.maxBytes = maxBytes;
    }

    GrpcService service() {
        var bytes = new Bytes(maxBytes);
        var method =
                MethodDescriptor.newBuilder(bytes, bytes)
                        .setType(MethodDescriptor.MethodType.UNARY)
                        .setFullMethodName(
                                MethodDescriptor.generateFullMethodName(
                                        protocol.service(), protocol.method()))
                        .build();
        return GrpcService.builder()
                .addService(
                        ServerServiceDefinition.builder(
                                        ServiceDescriptor.newBuilder(protocol.service())
                                                .addMethod(method)
                                                .build())
                                .addMethod(method, ServerCalls.asyncUnaryCall(this::call))
                                .build())
                .decompressorRegistry(Compression.registry())
                .maxRequestMessageLength(maxBytes)
                // A client without a deadline would otherwise have no timeout at all.
                .useClientTimeoutHeader(false)
                .exceptionHandler(this::refuse)
                .build();
    }

    /// Stops messages in a compression that nobody would decompress.
    static HttpResponse checkCompression(
            HttpService grpc, ServiceRequestContext ctx, HttpRequest request) throws Exception {
        String encoding = request.headers().get("grpc-encoding");
        if (Compression.named(encoding) != null) {
            return grpc.serve(ctx, request);
        }
        return grpc.serve(
                ctx,
                Gate.stopped(
                        request,
                        Refusal.lasting(
                                Outcome.UNSUPPORTED,
                                "grpc-encoding: "
                                        + encoding
                                        + " (expected: "
                                        + Compression.NAMES
                                        + ")")));
    }

    /// Says no to a call that no service is asked about.
    static HttpResponse refuse(ServiceRequestContext ctx, Refusal refusal) {
        Gate.note(ctx, refusal.outcome());
        var retryAfter = refusal.retryAfter();
        var headers =
                ResponseHeaders.builder(200)
                        .endOfStream(true)
                        .add("content-type", "application/grpc")
                        .addInt("grpc-status", refusal.outcome().grpc().value())
                        .add("grpc-message", percentEncoded(refusal.message()));
        if (retryAfter != null) {
            headers.add(
                    "grpc-status-details-bin",
                    Base64.getEncoder()
                            .withoutPadding()
                            .encodeToString(details(refusal, retryAfter).toByteArray()));
        }
        return HttpResponse.of(headers.build());
    }

    private void call(byte[] request, StreamObserver<byte[]> observer) {
        var ctx = ServiceRequestContext.current();
        // Without a handler, answering a client that left would throw.
        ((ServerCallStreamObserver<byte[]>) observer).setOnCancelHandler(() -> {});
        var _ =
                taken(Access.tenant(ctx), Slice.of(request), Gate.ticket(ctx))
                        .whenComplete((receipt, failure) -> {
                            if (failure == null) {
                                answer(ctx, receipt, observer);
                            } else {
                                observer.onError(failure);
                            }
                        });
    }

    private CompletableFuture<Receipt> taken(
            Tenant tenant, Slice request, Admission.Ticket ticket) {
        try {
            ticket.resize(request.length());
        } catch (RefusedException e) {
            return CompletableFuture.failedFuture(e);
        }
        return intake.take(tenant, protocol.format(), request, ticket);
    }

    private void answer(
            ServiceRequestContext ctx, Receipt receipt, StreamObserver<byte[]> observer) {
        byte[] answer;
        try {
            answer = protocol.answer(receipt);
        } catch (RefusedException e) {
            observer.onError(e);
            return;
        }
        Gate.note(ctx, receipt.outcome());
        observer.onNext(answer);
        observer.onCompleted();
    }

    private Status refuse(RequestContext ctx, Status status, Throwable cause, Metadata trailers) {
        var refusal =
                switch (cause) {
                    case StatusRuntimeException _ -> framing(status);
                    // Of a message that is shorter than its prefix says.
                    case IndexOutOfBoundsException _ ->
                            Refusal.lasting(
                                    Outcome.MALFORMED,
                                    "not a gRPC message: cut short (expected: the length in its"
                                            + " prefix)");
                    default -> Refusal.of(cause);
                };
        Gate.note(ctx, refusal.outcome());
        var retryAfter = refusal.retryAfter();
        if (retryAfter != null) {
            addRetryInfo(trailers, refusal, retryAfter);
        }
        return refusal.outcome().grpc().toStatus().withDescription(refusal.message());
    }

    // As gRPC wants what is not plain ASCII.
    private static String percentEncoded(String message) {
        var encoded = new StringBuilder();
        for (byte b : message.getBytes(StandardCharsets.UTF_8)) {
            if (b >= ' ' && b <= '~' && b != '%') {
                encoded.append((char) b);
            } else {
                encoded.append('%').append(HEX.toHexDigits(b));
            }
        }
        return encoded.toString();
    }

    private static void addRetryInfo(Metadata trailers, Refusal refusal, Duration retryAfter) {
        var carrier =
                StatusProto.toStatusRuntimeException(details(refusal, retryAfter)).getTrailers();
        if (carrier != null) {
            trailers.merge(carrier);
        }
    }

    private static com.google.rpc.Status details(Refusal refusal, Duration retryAfter) {
        var delay =
                com.google.protobuf.Duration.newBuilder()
                        .setSeconds(retryAfter.toSeconds())
                        .setNanos(retryAfter.toNanosPart());
        return com.google.rpc.Status.newBuilder()
                .setCode(refusal.outcome().grpc().value())
                .setMessage(refusal.message())
                .addDetails(Any.pack(RetryInfo.newBuilder().setRetryDelay(delay).build()))
                .addDetails(Any.pack(refusal.outcome().info()))
                .build();
    }

    // What the framework finds wrong with a message before it is ours.
    private Refusal framing(Status status) {
        return status.getCode() == Status.Code.RESOURCE_EXHAUSTED
                ? Compression.tooLarge(maxBytes).refusal()
                : Refusal.lasting(
                        Outcome.MALFORMED, "not a gRPC message: " + status.getDescription());
    }

    /// Messages as they are, up to a size.
    record Bytes(int limit) implements MethodDescriptor.Marshaller<byte[]> {

        @Override
        public InputStream stream(byte[] message) {
            return new ByteArrayInputStream(message);
        }

        @Override
        public byte[] parse(InputStream message) {
            try {
                return Compression.readAll(message, limit);
            } catch (IOException e) {
                throw Compression.malformed(e);
            }
        }
    }
}
