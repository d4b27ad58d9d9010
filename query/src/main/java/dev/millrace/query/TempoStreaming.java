package dev.millrace.query;

import com.linecorp.armeria.common.util.TimeoutMode;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.grpc.GrpcService;
import dev.millrace.access.Access;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.query.TempoJson.Found;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// Tempo's gRPC service `StreamingQuerier`, by which Grafana shows what a search has found while it
/// goes on. It answers from what [TempoApi] answers over HTTP, and messages stay bytes.
final class TempoStreaming {

    static final String SERVICE = "tempopb.StreamingQuerier";

    // A search with a thousand tags is far smaller.
    private static final int MAX_REQUEST_BYTES = 1 << 20;

    // So that no message comes near the 4 MiB that clients take.
    private static final int MAX_TRACES_AT_ONCE = 20;

    private final TempoApi tempo;
    private final RequestGate gate;
    private final Duration timeout;

    /// One method of the service.
    private enum Call {
        SEARCH("Search") {
            @Override
            void answer(TempoApi tempo, Tenant tenant, Slice request, Answers answers) {
                var stream = new FoundStream(answers);
                var result = tempo.search(TempoMessages.search(tenant, request), stream);
                stream.finish(result);
            }
        },
        TAG_NAMES("SearchTags") {
            @Override
            void answer(TempoApi tempo, Tenant tenant, Slice request, Answers answers) {
                var parameters = TempoMessages.tagNames(tenant, request);
                answers.send(TempoMessages.texts(tempo.allTagNames(parameters)));
            }
        },
        TAG_NAMES_V2("SearchTagsV2") {
            @Override
            void answer(TempoApi tempo, Tenant tenant, Slice request, Answers answers) {
                var parameters = TempoMessages.tagNames(tenant, request);
                answers.send(TempoMessages.scopes(tempo.tagNamesByScope(parameters)));
            }
        },
        TAG_VALUES("SearchTagValues") {
            @Override
            void answer(TempoApi tempo, Tenant tenant, Slice request, Answers answers) {
                var parameters = TempoMessages.tagValues(tenant, request);
                answers.send(TempoMessages.texts(tempo.tagTexts(parameters)));
            }
        },
        TAG_VALUES_V2("SearchTagValuesV2") {
            @Override
            void answer(TempoApi tempo, Tenant tenant, Slice request, Answers answers) {
                var parameters = TempoMessages.tagValues(tenant, request);
                answers.send(TempoMessages.values(tempo.typedTagValues(parameters)));
            }
        },
        METRICS_RANGE("MetricsQueryRange") {
            @Override
            void answer(TempoApi tempo, Tenant tenant, Slice request, Answers answers) {
                throw TempoApi.metricsRefusal();
            }
        },
        METRICS_INSTANT("MetricsQueryInstant") {
            @Override
            void answer(TempoApi tempo, Tenant tenant, Slice request, Answers answers) {
                throw TempoApi.metricsRefusal();
            }
        };

        private final String method;

        Call(String method) {
            this.method = method;
        }

        abstract void answer(TempoApi tempo, Tenant tenant, Slice request, Answers answers);
    }

    /// Takes the messages of an answer.
    @FunctionalInterface
    private interface Answers {

        /// @throws GoneException when nobody listens any more
        void send(Slice message);
    }

    TempoStreaming(TempoApi tempo, RequestGate gate, Duration timeout) {
        this.tempo = tempo;
        this.gate = gate;
        this.timeout = timeout;
    }

    GrpcService service() {
        var descriptor = ServiceDescriptor.newBuilder(SERVICE);
        var methods = new EnumMap<Call, MethodDescriptor<Slice, Slice>>(Call.class);
        for (var call : Call.values()) {
            var method =
                    MethodDescriptor.newBuilder(new Bytes(), new Bytes())
                            .setType(MethodDescriptor.MethodType.SERVER_STREAMING)
                            .setFullMethodName(
                                    MethodDescriptor.generateFullMethodName(SERVICE, call.method))
                            .build();
            descriptor.addMethod(method);
            methods.put(call, method);
        }
        var service = ServerServiceDefinition.builder(descriptor.build());
        methods.forEach((call, method) ->
                service.addMethod(
                        method,
                        ServerCalls.asyncServerStreamingCall(
                                (request, observer) -> begin(call, request, observer))));
        return GrpcService.builder()
                .addService(service.build())
                .maxRequestMessageLength(MAX_REQUEST_BYTES)
                // The gate's deadline holds, and a client that will not wait so long cancels.
                .useClientTimeoutHeader(false)
                .build();
    }

    private void begin(Call call, Slice request, StreamObserver<Slice> observer) {
        var context = ServiceRequestContext.current();
        // As much time for the client to read as there is for the store to answer.
        context.setRequestTimeout(TimeoutMode.SET_FROM_NOW, timeout.multipliedBy(2));
        var exchange =
                new Exchange(context, call, request, (ServerCallStreamObserver<Slice>) observer);
        var refusal = gate.admit(Access.tenant(context), exchange);
        if (refusal == null) {
            exchange.watch();
        } else {
            exchange.fail(GrpcFailure.of(refusal.status()).withDescription(refusal.message()));
        }
    }

    /// One call on its way to its end, which either the work or the deadline settles.
    private final class Exchange implements Supplier<Runnable>, Answers {

        private final ServiceRequestContext context;
        private final Call call;
        private final Slice request;
        private final ServerCallStreamObserver<Slice> observer;
        private boolean settled;

        private Exchange(
                ServiceRequestContext context,
                Call call,
                Slice request,
                ServerCallStreamObserver<Slice> observer) {
            this.context = context;
            this.call = call;
            this.request = request;
            this.observer = observer;
            // Without a handler, answering a client that left would throw.
            observer.setOnCancelHandler(this::abandon);
        }

        private void watch() {
            var deadline =
                    context.eventLoop()
                            .withoutContext()
                            .schedule(
                                    () ->
                                            fail(
                                                    Status.DEADLINE_EXCEEDED.withDescription(
                                                            "no answer from the store within "
                                                                    + timeout)),
                                    timeout.toNanos(),
                                    TimeUnit.NANOSECONDS);
            var _ = context.log().whenComplete().thenAccept(_ -> deadline.cancel(false));
        }

        @Override
        public Runnable get() {
            try {
                call.answer(tempo, Access.tenant(context), request, this);
                complete();
            } catch (GoneException _) {
                // Whoever asked was told, or is gone.
            } catch (RuntimeException e) {
                fail(GrpcFailure.of(e, context.path()));
            }
            return () -> {};
        }

        @Override
        public synchronized void send(Slice message) {
            if (settled || observer.isCancelled()) {
                throw new GoneException();
            }
            observer.onNext(message);
        }

        private synchronized void complete() {
            if (!settled) {
                settled = true;
                observer.onCompleted();
            }
        }

        private synchronized void fail(Status status) {
            if (!settled) {
                settled = true;
                observer.onError(status.asRuntimeException());
            }
        }

        private synchronized void abandon() {
            settled = true;
        }
    }

    /// Tells what a search found as it goes on: some traces at once, and each page that is through.
    private static final class FoundStream implements TempoApi.Progress {

        private final Answers answers;
        private final List<Found> waiting = new ArrayList<>();
        private int pagesTold;

        private FoundStream(Answers answers) {
            this.answers = answers;
        }

        @Override
        public void looked(Optional<Found> found, int looked, int pages) {
            found.ifPresent(waiting::add);
            if (waiting.size() == MAX_TRACES_AT_ONCE || pages > pagesTold + 1) {
                pagesTold = pages - 1;
                // The last page is still being looked at.
                tell(looked, pagesTold, pages);
            }
        }

        private void finish(BoundedScan.Result<Found> result) {
            tell(result.looked(), result.pages(), TempoJson.totalJobs(result));
        }

        private void tell(int looked, int pages, int totalPages) {
            answers.send(TempoMessages.found(waiting, looked, pages, totalPages));
            waiting.clear();
        }
    }

    /// Nobody waits for more of an answer.
    private static final class GoneException extends RuntimeException {

        private static final long serialVersionUID = 1;

        private GoneException() {
            super("nobody waits for the answer any more", null, false, false);
        }
    }

    /// Messages as they are.
    private record Bytes() implements MethodDescriptor.Marshaller<Slice> {

        @Override
        public InputStream stream(Slice message) {
            return new ByteArrayInputStream(message.array(), message.offset(), message.length());
        }

        @Override
        public Slice parse(InputStream message) {
            try {
                return Slice.of(message.readAllBytes());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
