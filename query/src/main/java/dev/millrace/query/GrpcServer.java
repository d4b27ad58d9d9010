package dev.millrace.query;

import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.grpc.GrpcHealthCheckService;
import com.linecorp.armeria.server.grpc.GrpcService;
import dev.millrace.access.Access;
import dev.millrace.access.Entrance;
import dev.millrace.model.Slice;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/// Builds a server whose gRPC services run in the same gate as all other requests.
///
/// Messages stay bytes: each service reads and writes its own. Besides them there is gRPC's health
/// check, for everybody.
final class GrpcServer {

    // Of a request, whose largest part is a condition.
    private static final int MAX_REQUEST_BYTES = 64 << 10;

    private final RequestGate gate;
    private final RequestMetrics metrics;
    private final Entrance entrance;
    private final ServerBuilder server;

    /// @param server with its ports
    GrpcServer(RequestGate gate, RequestMetrics metrics, Entrance entrance, ServerBuilder server) {
        this.gate = gate;
        this.metrics = metrics;
        this.entrance = entrance;
        this.server = server;
    }

    /// Adds a service.
    ///
    /// @param service its full name
    /// @param api its name in metrics
    GrpcServer with(String service, String api, Consumer<GrpcMethod.Methods> binding) {
        var methods = new Methods(service);
        binding.accept(methods);
        server.service(
                GrpcService.builder()
                        .addService(methods.definition())
                        .maxRequestMessageLength(MAX_REQUEST_BYTES)
                        .build(),
                entrance.door(),
                measured ->
                        measured.decorate((delegate, context, request) -> {
                            metrics.recordCall(context, api);
                            return delegate.serve(context, request);
                        }));
        return this;
    }

    Server build() {
        return server.service(GrpcService.builder().addService(GrpcHealthCheckService.of()).build())
                .build();
    }

    /// Collects the methods of one service.
    private final class Methods implements GrpcMethod.Methods {

        private static final Bytes BYTES = new Bytes();

        private final String service;
        private final Map<MethodDescriptor<byte[], byte[]>, GrpcMethod> methods =
                new LinkedHashMap<>();

        Methods(String service) {
            this.service = service;
        }

        @Override
        public void unary(String name, GrpcMethod method) {
            add(MethodDescriptor.MethodType.UNARY, name, method);
        }

        @Override
        public void stream(String name, GrpcMethod method) {
            add(MethodDescriptor.MethodType.SERVER_STREAMING, name, method);
        }

        private void add(MethodDescriptor.MethodType type, String name, GrpcMethod method) {
            methods.put(
                    MethodDescriptor.newBuilder(BYTES, BYTES)
                            .setType(type)
                            .setFullMethodName(
                                    MethodDescriptor.generateFullMethodName(service, name))
                            .build(),
                    method);
        }

        ServerServiceDefinition definition() {
            var descriptor = ServiceDescriptor.newBuilder(service);
            methods.keySet().forEach(descriptor::addMethod);
            var definition = ServerServiceDefinition.builder(descriptor.build());
            methods.forEach((type, method) ->
                    definition.addMethod(
                            type,
                            type.getType().serverSendsOneMessage()
                                    ? ServerCalls.asyncUnaryCall(
                                            (request, client) -> call(method, request, client))
                                    : ServerCalls.asyncServerStreamingCall(
                                            (request, client) -> call(method, request, client))));
            return definition.build();
        }
    }

    private void call(GrpcMethod method, byte[] request, StreamObserver<byte[]> client) {
        var context = ServiceRequestContext.current();
        var call =
                new GrpcCall(
                        context,
                        method,
                        Slice.of(request),
                        gate.timeout(),
                        (ServerCallStreamObserver<byte[]>) client);
        var refusal = gate.admit(Access.tenant(context), call);
        if (refusal != null) {
            call.refuse(GrpcFailure.of(refusal.status()).withDescription(refusal.message()));
        }
    }

    /// Messages as they are.
    private record Bytes() implements MethodDescriptor.Marshaller<byte[]> {

        @Override
        public InputStream stream(byte[] message) {
            return new ByteArrayInputStream(message);
        }

        @Override
        public byte[] parse(InputStream message) {
            try {
                return message.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
