package dev.millrace.load;

import com.google.protobuf.Any;
import com.google.rpc.RetryInfo;
import com.linecorp.armeria.common.AggregatedHttpRequest;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.TlsKeyPair;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.encoding.DecodingService;
import com.linecorp.armeria.server.grpc.GrpcService;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.wire.jaeger.JaegerDecoder;
import dev.millrace.wire.jaeger.JaegerFormat;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.zipkin.ZipkinDecoder;
import dev.millrace.wire.zipkin.ZipkinFormat;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.proto.collector.trace.v1.ExportTracePartialSuccess;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.collector.trace.v1.TraceServiceGrpc;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/// A real receiver of every protocol that answers by script and remembers what it took in.
final class Receiver implements AutoCloseable {

    /// What to answer to one request.
    enum Reply {
        TAKE,
        /// Take all but one span.
        TAKE_PARTLY,
        /// Busy for a second, and saying so.
        AGAIN_IN_A_SECOND,
        /// Busy, without a word about how long.
        BUSY,
        /// Away for the moment.
        UNAVAILABLE,
        REFUSE
    }

    private static final ZipkinDecoder ZIPKIN = new ZipkinDecoder(64 << 20);
    private static final JaegerDecoder JAEGER = new JaegerDecoder(64 << 20);

    private final IntFunction<Reply> script;
    private final @Nullable TlsKeyPair certificate;
    private final List<RequestHeaders> headers = new CopyOnWriteArrayList<>();
    private final ConcurrentHashMap<TraceId, List<Span>> taken = new ConcurrentHashMap<>();
    private final List<Long> arrivals = new CopyOnWriteArrayList<>();
    private final CountDownLatch fifth = new CountDownLatch(5);
    private Server server;

    /// @param script the reply to the request of a number, counted from 0
    Receiver(IntFunction<Reply> script) {
        this(script, null);
    }

    /// @param certificate to show over TLS; null for none of both
    Receiver(IntFunction<Reply> script, @Nullable TlsKeyPair certificate) {
        this.script = script;
        this.certificate = certificate;
        this.server = server(0);
    }

    Receiver start() {
        server.start().join();
        return this;
    }

    /// Dies and comes back on the same port, with what it has taken in.
    void restart() {
        int port = server.activeLocalPort();
        server.stop().join();
        server = server(port);
        server.start().join();
    }

    URI uri() {
        return certificate == null
                ? URI.create("http://127.0.0.1:" + server.activeLocalPort())
                : URI.create("https://localhost:" + server.activeLocalPort());
    }

    void awaitFifthRequest() throws InterruptedException {
        fifth.await();
    }

    /// When requests came, nanoseconds.
    List<Long> arrivals() {
        return arrivals;
    }

    /// The headers of each request.
    List<RequestHeaders> headers() {
        return headers;
    }

    int spans() {
        return taken.values().stream().mapToInt(List::size).sum();
    }

    /// The trace as a store would return it: each span once, by the duplicate rule.
    Optional<Trace> find(TraceId traceId) {
        var unique = new LinkedHashMap<SpanIdentity, Span>();
        for (var span : taken.getOrDefault(traceId, List.of())) {
            unique.merge(
                    SpanIdentity.of(span),
                    span,
                    (one, two) -> two.endNanos() > one.endNanos() ? two : one);
        }
        return unique.isEmpty()
                ? Optional.empty()
                : Optional.of(new Trace(traceId, new ArrayList<>(unique.values())));
    }

    @Override
    public void close() {
        // Not awaited: the server takes seconds of quiet before it is gone.
        var _ = server.stop();
    }

    private Server server(int port) {
        var builder =
                Server.builder()
                        .decorator((delegate, context, request) -> {
                            headers.add(request.headers());
                            return delegate.serve(context, request);
                        })
                        .service("/v1/traces", http(this::answer))
                        .service("/api/v2/spans", http(this::answerZipkin))
                        .service(
                                GrpcService.builder()
                                        .addService(new Grpc())
                                        .addService(jaeger())
                                        .build());
        if (certificate == null) {
            return builder.http(port).build();
        }
        return builder.https(port).tls(certificate).build();
    }

    private static HttpService http(Function<AggregatedHttpRequest, HttpResponse> answer) {
        HttpService service =
                (_, request) -> HttpResponse.of(request.aggregate().thenApply(answer));
        return service.decorate(DecodingService.newDecorator());
    }

    private Reply reply(Slice traces) {
        int number;
        synchronized (this) {
            number = arrivals.size();
            arrivals.add(System.nanoTime());
        }
        fifth.countDown();
        var reply = script.apply(number);
        if (reply == Reply.TAKE || reply == Reply.TAKE_PARTLY) {
            OtlpDecoder.spans(traces).stream()
                    .skip(reply == Reply.TAKE ? 0 : 1)
                    .forEach(span ->
                            taken.computeIfAbsent(span.traceId(), _ -> new CopyOnWriteArrayList<>())
                                    .add(span));
        }
        return reply;
    }

    private HttpResponse answerZipkin(AggregatedHttpRequest request) {
        boolean json = MediaType.JSON.equals(request.contentType());
        var traces =
                ZIPKIN.traces(
                        json ? ZipkinFormat.JSON_V2 : ZipkinFormat.PROTOBUF,
                        Slice.of(request.content().array()),
                        1);
        return switch (reply(traces)) {
            case TAKE -> HttpResponse.of(HttpStatus.ACCEPTED);
            case BUSY -> HttpResponse.of(HttpStatus.TOO_MANY_REQUESTS);
            case AGAIN_IN_A_SECOND ->
                    HttpResponse.of(
                            ResponseHeaders.of(HttpStatus.TOO_MANY_REQUESTS, "retry-after", "1"));
            case TAKE_PARTLY, UNAVAILABLE -> HttpResponse.of(HttpStatus.SERVICE_UNAVAILABLE);
            case REFUSE -> HttpResponse.of(HttpStatus.BAD_REQUEST);
        };
    }

    private HttpResponse answer(AggregatedHttpRequest request) {
        return switch (reply(Slice.of(request.content().array()))) {
            case TAKE -> HttpResponse.of(HttpStatus.OK, MediaType.PROTOBUF, HttpData.empty());
            case TAKE_PARTLY ->
                    HttpResponse.of(
                            HttpStatus.OK,
                            MediaType.PROTOBUF,
                            HttpData.wrap(partly().toByteArray()));
            case AGAIN_IN_A_SECOND ->
                    HttpResponse.of(
                            ResponseHeaders.of(HttpStatus.TOO_MANY_REQUESTS, "retry-after", "1"));
            case BUSY -> HttpResponse.of(HttpStatus.TOO_MANY_REQUESTS);
            case UNAVAILABLE -> HttpResponse.of(HttpStatus.SERVICE_UNAVAILABLE);
            case REFUSE -> HttpResponse.of(HttpStatus.BAD_REQUEST);
        };
    }

    private static ExportTraceServiceResponse partly() {
        return ExportTraceServiceResponse.newBuilder()
                .setPartialSuccess(
                        ExportTracePartialSuccess.newBuilder()
                                .setRejectedSpans(1)
                                .setErrorMessage("the first"))
                .build();
    }

    // Jaeger's messages as bytes; there are no generated classes of them.
    private ServerServiceDefinition jaeger() {
        var bytes =
                new MethodDescriptor.Marshaller<byte[]>() {
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
                };
        String service = "jaeger.api_v2.CollectorService";
        var postSpans =
                MethodDescriptor.newBuilder(bytes, bytes)
                        .setType(MethodDescriptor.MethodType.UNARY)
                        .setFullMethodName(service + "/PostSpans")
                        .build();
        return ServerServiceDefinition.builder(
                        ServiceDescriptor.newBuilder(service).addMethod(postSpans).build())
                .addMethod(
                        postSpans,
                        ServerCalls.asyncUnaryCall((request, observer) -> {
                            var traces =
                                    JAEGER.traces(JaegerFormat.POST_SPANS, Slice.of(request), 1);
                            if (reply(traces) == Reply.TAKE) {
                                observer.onNext(new byte[0]);
                                observer.onCompleted();
                            } else {
                                observer.onError(Status.UNAVAILABLE.asRuntimeException());
                            }
                        }))
                .build();
    }

    private final class Grpc extends TraceServiceGrpc.TraceServiceImplBase {
        @Override
        public void export(
                ExportTraceServiceRequest request,
                StreamObserver<ExportTraceServiceResponse> observer) {
            switch (reply(Slice.of(request.toByteArray()))) {
                case TAKE -> {
                    observer.onNext(ExportTraceServiceResponse.getDefaultInstance());
                    observer.onCompleted();
                }
                case TAKE_PARTLY -> {
                    observer.onNext(partly());
                    observer.onCompleted();
                }
                case AGAIN_IN_A_SECOND ->
                        observer.onError(
                                StatusProto.toStatusRuntimeException(
                                        com.google.rpc.Status.newBuilder()
                                                .setCode(Status.Code.RESOURCE_EXHAUSTED.value())
                                                .addDetails(
                                                        Any.pack(
                                                                RetryInfo.newBuilder()
                                                                        .setRetryDelay(
                                                                                com.google.protobuf
                                                                                        .Duration
                                                                                        .newBuilder()
                                                                                        .setSeconds(
                                                                                                1))
                                                                        .build()))
                                                .build()));
                case BUSY -> observer.onError(Status.RESOURCE_EXHAUSTED.asRuntimeException());
                case UNAVAILABLE -> observer.onError(Status.UNAVAILABLE.asRuntimeException());
                case REFUSE -> observer.onError(Status.INVALID_ARGUMENT.asRuntimeException());
            }
        }
    }
}
