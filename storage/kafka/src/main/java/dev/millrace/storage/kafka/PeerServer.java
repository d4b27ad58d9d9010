package dev.millrace.storage.kafka;

import com.linecorp.armeria.common.AggregatedHttpRequest;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.ContentTooLargeException;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpResponseWriter;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.SessionProtocol;
import com.linecorp.armeria.common.util.Exceptions;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.millrace.access.Tls;
import dev.millrace.model.Slice;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.kafka.PeerProtocol.Asked;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Answers the other instances from the partitions that are here.
///
/// So many questions are at work at once and no more, and none has an answer that is not read in
/// time: what is held of all of them together is bounded. A question that nobody waits for any more
/// ends with the partition that is being read.
///
/// Metrics: `millrace.store.kafka.questions` by `question` and `outcome`,
/// `millrace.store.kafka.denied`.
public final class PeerServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PeerServer.class);
    private static final Duration START_PATIENCE = Duration.ofSeconds(30);
    private static final Duration DRAIN_PATIENCE = Duration.ofSeconds(2);
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(15);
    private static final Duration THREADS_PATIENCE = Duration.ofSeconds(5);
    private static final int PIECE_BYTES = 64 << 10;
    private static final MediaType ANSWER = MediaType.OCTET_STREAM;

    private final PeerConfig config;
    private final @Nullable PartitionedTopic traces;
    private final @Nullable PartitionedTopic dependencies;
    private final InetSocketAddress address;
    private final Server server;
    private final Semaphore places;
    private final Counter denied;
    private final Meter.MeterProvider<Counter> questions;
    private final ExecutorService threads =
            Executors.newThreadPerTaskExecutor(
                    Thread.ofVirtual().name("peer-answer-", 0).factory());

    /// @param traces null where no traces are kept
    /// @param dependencies null where no figures of services are kept
    /// @param tls the certificates of this instance; null for plain text. Started, and the caller's
    ///   to close after this
    PeerServer(
            PeerConfig config,
            @Nullable PartitionedTopic traces,
            @Nullable PartitionedTopic dependencies,
            @Nullable Tls tls,
            MeterRegistry registry) {
        this.config = config;
        this.traces = traces;
        this.dependencies = dependencies;
        this.places = new Semaphore(config.maxQuestions());
        this.denied =
                Counter.builder("millrace.store.kafka.denied")
                        .description("Questions of instances that did not show the secret")
                        .register(registry);
        this.questions =
                Counter.builder("millrace.store.kafka.questions")
                        .description("Questions of other instances")
                        .withRegistry(registry);
        this.address = address(config);
        var builder = Server.builder();
        builder.port(address, tls == null ? SessionProtocol.HTTP : SessionProtocol.HTTPS);
        if (tls != null) {
            tls.applyTo(builder);
        }
        this.server =
                builder.maxRequestLength(PeerProtocol.MAX_QUESTION_BYTES)
                        // Until the whole answer is read.
                        .requestTimeout(config.patience())
                        .gracefulShutdownTimeout(Duration.ZERO, DRAIN_PATIENCE)
                        .disableServerHeader()
                        .serviceUnder(PeerProtocol.ROOT, this::serve)
                        .build();
    }

    /// Where it is to listen.
    static InetSocketAddress address(PeerConfig config) {
        var host = config.host();
        if (host != null) {
            return new InetSocketAddress(host, config.port());
        }
        return config.secret() == null
                ? new InetSocketAddress(InetAddress.getLoopbackAddress(), config.port())
                : new InetSocketAddress(config.port());
    }

    /// Binds the port.
    ///
    /// @throws IllegalStateException when that fails, naming the address and the cause
    public void start() {
        var name = "store instance on " + address;
        try {
            server.start().get(START_PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException(name + ": " + e.getCause(), e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException(name + ": not up within " + START_PATIENCE, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(name + ": interrupted while starting", e);
        }
        if (config.secret() == null) {
            LOG.atWarn()
                    .addKeyValue("address", address.getHostString())
                    .addKeyValue("port", port())
                    .log("Whoever reaches this port can read all traces: there is no secret");
        }
        LOG.atInfo().addKeyValue("port", port()).log("Answering other instances of the store");
    }

    /// The port it listens on, once started.
    public int port() {
        return server.activeLocalPort();
    }

    private HttpResponse serve(ServiceRequestContext context, HttpRequest request) {
        var secret = config.secret();
        if (secret != null && !secret.isShownBy(request.headers())) {
            denied.increment();
            return HttpResponse.of(
                    ResponseHeaders.of(
                            HttpStatus.UNAUTHORIZED,
                            HttpHeaderNames.CONTENT_TYPE,
                            MediaType.JSON,
                            HttpHeaderNames.WWW_AUTHENTICATE,
                            "Bearer"),
                    HttpData.wrap(
                            PeerProtocol.failure(
                                    Kind.UNAVAILABLE,
                                    "the secret shown is not the one that is known here")));
        }
        var version = "/v" + PeerProtocol.VERSION + "/";
        if (!context.mappedPath().startsWith(version)) {
            return refusal(
                            HttpStatus.NOT_FOUND,
                            Kind.UNAVAILABLE,
                            context.path()
                                    + ": not a path of the version spoken here, "
                                    + PeerProtocol.VERSION
                                    + " (expected: all instances of one version of Millrace)")
                    .toHttpResponse();
        }
        if (context.method() != HttpMethod.POST) {
            return refusal(
                            HttpStatus.METHOD_NOT_ALLOWED,
                            Kind.UNAVAILABLE,
                            "method: " + context.method() + " (expected: POST)")
                    .toHttpResponse();
        }
        if (!places.tryAcquire()) {
            return refusal(
                            HttpStatus.SERVICE_UNAVAILABLE,
                            Kind.UNAVAILABLE,
                            "busy with "
                                    + config.maxQuestions()
                                    + " questions, as many as there may be")
                    .toHttpResponse();
        }
        return admitted(context.mappedPath().substring(version.length()), request);
    }

    /// Answers a question that has a place, which is free again when both the answer is read and
    /// its thread is done.
    private HttpResponse admitted(String name, HttpRequest request) {
        var response = HttpResponse.streaming();
        var done = new CompletableFuture<Void>();
        var _ =
                CompletableFuture.allOf(done, response.whenComplete().exceptionally(_ -> null))
                        .thenRun(places::release);
        var _ =
                request.aggregate()
                        .handle((received, failure) -> {
                            if (failure != null) {
                                response.close(tooLargeOrBroken(failure));
                                done.complete(null);
                            } else {
                                answer(name, received, response, done);
                            }
                            return null;
                        });
        return response;
    }

    private static AggregatedHttpResponse tooLargeOrBroken(Throwable failure) {
        return Exceptions.peel(failure) instanceof ContentTooLargeException
                ? refusal(
                        HttpStatus.REQUEST_ENTITY_TOO_LARGE,
                        Kind.INVALID_REQUEST,
                        "question: too large (expected: at most "
                                + PeerProtocol.MAX_QUESTION_BYTES
                                + " bytes)")
                : refusal(HttpStatus.BAD_REQUEST, Kind.UNAVAILABLE, "question: " + failure);
    }

    private void answer(
            String name,
            AggregatedHttpRequest received,
            HttpResponseWriter response,
            CompletableFuture<Void> done) {
        try {
            threads.execute(() -> {
                try {
                    answer(name, Slice.of(received.content().array()), response);
                } finally {
                    done.complete(null);
                }
            });
        } catch (RejectedExecutionException _) {
            response.close(refusal(HttpStatus.SERVICE_UNAVAILABLE, Kind.UNAVAILABLE, "closing"));
            done.complete(null);
        }
    }

    private void answer(String name, Slice bytes, HttpResponseWriter response) {
        Asked asked;
        try {
            asked = Asked.read(name, bytes);
        } catch (IllegalArgumentException e) {
            // Not final: another instance may understand what this one does not.
            count("unknown", "refused");
            response.close(
                    refusal(
                            HttpStatus.BAD_REQUEST,
                            Kind.UNAVAILABLE,
                            "question: not understood here: " + e.getMessage()));
            return;
        }
        var question = asked.question();
        try {
            var deadline = Deadline.in(asked.patience());
            var share = share(asked, () -> !response.isOpen() || deadline.nanosLeft() <= 0);
            var encoded = question.encoded(share);
            send(PeerProtocol.head(share, encoded), encoded.bodies(), response);
            count(question.name(), "answered");
        } catch (StoreException e) {
            count(question.name(), Share.isFinal(e.kind()) ? "refused" : "failed");
            response.close(
                    refusal(
                            HttpStatus.INTERNAL_SERVER_ERROR,
                            e.kind(),
                            String.valueOf(e.getMessage())));
        } catch (RuntimeException e) {
            count(question.name(), "failed");
            LOG.atError()
                    .setCause(e)
                    .addKeyValue("question", question.name())
                    .log("A question failed for a reason that is not the asker's");
            response.close(refusal(HttpStatus.INTERNAL_SERVER_ERROR, Kind.BUG, "internal error"));
        } catch (Error e) {
            response.close(e);
            throw e;
        }
    }

    // Each piece waits for the one before to be sent, and none is copied. So what is under way when
    // the last one is let go is little, and all the rest is bounded by the time for an answer.
    private static void send(byte[] head, List<Slice> bodies, HttpResponseWriter response) {
        if (!response.tryWrite(ResponseHeaders.builder(HttpStatus.OK).contentType(ANSWER).build())
                || !response.tryWrite(HttpData.wrap(head))) {
            return;
        }
        for (var body : bodies) {
            for (int at = 0; at < body.length(); at += PIECE_BYTES) {
                int length = Math.min(PIECE_BYTES, body.length() - at);
                if (!response.tryWrite(HttpData.wrap(body.array(), body.offset() + at, length))) {
                    return;
                }
            }
        }
        response.close();
    }

    private Share share(Asked asked, BooleanSupplier over) {
        var topic = asked.question().aboutDependencies() ? dependencies : traces;
        if (topic == null) {
            throw new StoreException(
                    Kind.UNAVAILABLE, asked.topic() + ": nothing of it is kept here");
        }
        if (!topic.name().equals(asked.topic())) {
            throw new StoreException(
                    Kind.UNAVAILABLE,
                    "topic: \"" + asked.topic() + "\" (expected: " + topic.name() + ")");
        }
        return new Share(topic.partitions(), asked.partitions(), over);
    }

    private static AggregatedHttpResponse refusal(HttpStatus status, Kind kind, String message) {
        return AggregatedHttpResponse.of(
                status, MediaType.JSON, HttpData.wrap(PeerProtocol.failure(kind, message)));
    }

    private void count(String question, String outcome) {
        questions.withTags("question", question, "outcome", outcome).increment();
    }

    /// Lets running questions finish for a moment, then stops. Idempotent.
    @Override
    public void close() {
        try {
            server.stop().get(STOP_PATIENCE.toSeconds(), TimeUnit.SECONDS);
            threads.shutdown();
            var _ = threads.awaitTermination(THREADS_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.atWarn().setCause(e).log("The port for other instances did not close cleanly");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
