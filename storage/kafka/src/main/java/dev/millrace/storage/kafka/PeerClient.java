package dev.millrace.storage.kafka;

import com.linecorp.armeria.client.ClientFactory;
import com.linecorp.armeria.client.RequestOptions;
import com.linecorp.armeria.client.ResponseTimeoutException;
import com.linecorp.armeria.client.UnprocessedRequestException;
import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.ContentTooLargeException;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.util.Exceptions;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks other instances, over connections that are kept open and shared by all questions.
///
/// Safe for threads.
public final class PeerClient implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PeerClient.class);

    /// Somebody else is asked long before; this only bounds what is held.
    private static final Duration MOST_TO_CONNECT = Duration.ofSeconds(3);

    // A machine that is gone without a word is noticed, and its connection given up.
    private static final Duration PING = Duration.ofSeconds(5);
    private static final Duration IDLE = Duration.ofMinutes(1);

    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

    private final PeerConfig config;
    private final ClientFactory factory;
    private final WebClient client;

    // Answers are taken apart beside the loops that bring others.
    private final ExecutorService threads =
            Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("peer-", 0).factory());

    public PeerClient(PeerConfig config) {
        this.config = config;
        var builder =
                ClientFactory.builder()
                        .connectTimeout(least(MOST_TO_CONNECT, config.patience()))
                        .idleTimeout(IDLE)
                        .pingInterval(PING);
        var authorities = config.authorities();
        if (authorities != null) {
            var file = authorities.toFile();
            builder.tlsCustomizer(context -> context.trustManager(file));
        }
        this.factory = builder.build();
        this.client = WebClient.builder().factory(factory).build();
    }

    private static Duration least(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /// Asks an instance for some partitions of a topic, and does not wait.
    ///
    /// @param patience how long to wait for the answer
    <A> Inquiry<A> ask(
            Peer peer,
            String topic,
            List<Integer> partitions,
            Question<A> question,
            Duration patience) {
        var asked = new PeerProtocol.Asked(topic, partitions, patience, question).write();
        if (asked.length > PeerProtocol.MAX_QUESTION_BYTES) {
            throw new StoreException(
                    Kind.INVALID_REQUEST,
                    "question: "
                            + asked.length
                            + " bytes (expected: at most "
                            + PeerProtocol.MAX_QUESTION_BYTES
                            + " bytes)");
        }
        var headers =
                RequestHeaders.builder(
                                HttpMethod.POST,
                                (config.tls() ? "h2" : "h2c")
                                        + "://"
                                        + peer
                                        + PeerProtocol.path(question.name()))
                        .contentType(MediaType.JSON);
        var secret = config.secret();
        if (secret != null) {
            headers.set(HttpHeaderNames.AUTHORIZATION, secret.authorization());
        }
        var response =
                client.execute(
                        HttpRequest.of(headers.build(), HttpData.wrap(asked)),
                        RequestOptions.builder()
                                .responseTimeoutMillis(Math.max(1, patience.toMillis()))
                                .maxResponseLength(PeerProtocol.MAX_ANSWER_BYTES)
                                .build());
        var reply =
                response.aggregate()
                        .handleAsync(
                                (received, failure) -> {
                                    if (failure != null) {
                                        throw new StoreException(
                                                Kind.UNAVAILABLE, words(failure), failure);
                                    }
                                    return reply(question, received);
                                },
                                threads);
        return new Inquiry<>(reply, response::abort);
    }

    /// Whether a question failed because there was nobody to take it.
    static boolean isUnreached(StoreException failure) {
        var cause = failure.getCause();
        return cause != null && Exceptions.peel(cause) instanceof UnprocessedRequestException;
    }

    private static String words(Throwable failure) {
        return switch (Exceptions.peel(failure)) {
            case UnprocessedRequestException e -> "cannot be reached (" + e.getMessage() + ")";
            case ResponseTimeoutException _ -> "gave no answer in time";
            case ContentTooLargeException _ ->
                    "gave an answer of more than " + PeerProtocol.MAX_ANSWER_BYTES + " bytes";
            case Throwable other -> "failed (" + other + ")";
        };
    }

    private static <A> Reply<A> reply(Question<A> question, AggregatedHttpResponse received) {
        var bytes = received.content().array();
        if (!received.status().equals(HttpStatus.OK)) {
            throw failure(received.status(), bytes);
        }
        try {
            return PeerProtocol.reply(question, bytes);
        } catch (IllegalArgumentException | MalformedSpansException e) {
            throw new StoreException(
                    Kind.UNAVAILABLE, "gave an answer that makes no sense: " + e.getMessage(), e);
        }
    }

    private static StoreException failure(HttpStatus status, byte[] bytes) {
        try {
            var failure = PeerProtocol.failure(bytes);
            return Share.isFinal(failure.kind())
                    ? failure
                    : new StoreException(failure.kind(), "failed (" + failure.getMessage() + ")");
        } catch (IllegalArgumentException e) {
            return new StoreException(
                    Kind.UNAVAILABLE,
                    "is no instance of the store: it answered " + status.codeAsText(),
                    e);
        }
    }

    /// Lets go of the connections. Idempotent.
    @Override
    public void close() {
        try {
            factory.closeAsync().get(CLOSE_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.atWarn().setCause(e).log("Connections to other instances did not close");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        threads.shutdown();
    }
}
