package dev.millrace.query;

import com.linecorp.armeria.common.ContentTooLargeException;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpResponseWriter;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.util.Exceptions;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.millrace.access.Access;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.StoreException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs endpoints on virtual threads, so many at once and no more, and answers in their stead when
/// they fail or take too long.
///
/// A request past its deadline is answered, but its thread goes on and keeps its place until the
/// store lets it go: an interrupt could close files that other reads share. Once there is an
/// answer, the place is free again, and the client reads at its own pace, as one of so many
/// [Readers].
final class RequestGate implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RequestGate.class);
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

    /// What an answer lacks, where it lacks something.
    private static final String PARTIAL = "millrace-partial";

    // Each keeps an answer in memory for as long as it reads.
    private static final int READERS_PER_PLACE = 2;
    private static final int RETRY_AFTER_SECONDS = 1;

    // Of a request that is refused before anything is asked.
    private static final Endpoint NOTHING = _ -> Answer.text(HttpStatus.OK, 0, "");

    private final Duration timeout;
    private final int places;
    private final Semaphore free;
    private final Readers readers;
    private final RequestRates rates;
    private final ExecutorService threads =
            Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("query-", 0).factory());

    /// Why a request is turned away, and when it may come again.
    record Refusal(HttpStatus status, int retryAfterSeconds, String message) {}

    RequestGate(Duration timeout, int places, RequestRates rates) {
        this.timeout = timeout;
        this.places = places;
        this.free = new Semaphore(places);
        this.readers = new Readers(Math.multiplyExact(places, READERS_PER_PLACE));
        this.rates = rates;
    }

    /// How many requests are at work.
    int running() {
        return places - free.availablePermits();
    }

    Readers readers() {
        return readers;
    }

    /// How long the store may take to answer, and a client to take each piece of a long answer.
    Duration timeout() {
        return timeout;
    }

    HttpResponse serve(ServiceRequestContext context, Dialect dialect, Endpoint endpoint) {
        var response = HttpResponse.streaming();
        var exchange = new Exchange(context, dialect, endpoint, response);
        if (context.method() != HttpMethod.GET && context.method() != HttpMethod.HEAD) {
            exchange.refuseMethod("GET, HEAD");
            return response;
        }
        var refusal = admit(Access.tenant(context), exchange);
        if (refusal != null) {
            exchange.refuse(refusal);
        }
        return response;
    }

    /// Does work for a tenant on a thread of the gate, if it may be done now.
    ///
    /// @param work what needs the place and is bounded by [RequestTime]; it returns what is left to
    ///   do without either
    /// @return why it may not; null when it was begun
    @Nullable Refusal admit(Tenant tenant, Supplier<Runnable> work) {
        var refusal = takePlace(tenant);
        if (refusal == null) {
            begin(work);
        }
        return refusal;
    }

    /// @return why there is no place; null when there is, which [#begin] gives back
    private @Nullable Refusal takePlace(Tenant tenant) {
        var wait = rates.charge(tenant);
        if (!wait.isZero()) {
            return new Refusal(
                    HttpStatus.TOO_MANY_REQUESTS,
                    (int) wait.plusSeconds(1).minusNanos(1).toSeconds(),
                    rates.refusal(tenant, wait));
        }
        if (!free.tryAcquire()) {
            return new Refusal(
                    HttpStatus.SERVICE_UNAVAILABLE,
                    RETRY_AFTER_SECONDS,
                    places + " requests are at work, as many as there may be; ask again later");
        }
        return null;
    }

    private void begin(Supplier<Runnable> work) {
        threads.execute(() -> {
            Runnable rest;
            try {
                rest = RequestTime.within(timeout, work);
            } finally {
                free.release();
            }
            rest.run();
        });
    }

    /// Serves a request that brings something along. It has its place while that comes in, so that
    /// what is held of all of them together is bounded.
    ///
    /// @param maxBytes the most it may bring; more is refused with `413`
    HttpResponse serve(
            ServiceRequestContext context,
            HttpRequest request,
            Dialect dialect,
            int maxBytes,
            Endpoint.WithBody endpoint) {
        var response = HttpResponse.streaming();
        if (context.method() != HttpMethod.POST) {
            new Exchange(context, dialect, NOTHING, response).refuseMethod("POST");
            return response;
        }
        if (request.headers().contentLength() > maxBytes) {
            refuseTooLarge(response, context, dialect, maxBytes);
            return response;
        }
        var refusal = takePlace(Access.tenant(context));
        if (refusal != null) {
            new Exchange(context, dialect, NOTHING, response).refuse(refusal);
            return response;
        }
        context.setMaxRequestLength(maxBytes);
        context.setRequestTimeout(timeout);
        var _ =
                request.aggregate()
                        .handle((received, failure) -> {
                            context.clearRequestTimeout();
                            if (failure == null) {
                                var body = Slice.of(received.content().array());
                                Endpoint answer = parameters -> endpoint.answer(parameters, body);
                                begin(new Exchange(context, dialect, answer, response));
                            } else {
                                free.release();
                                refuseBody(response, context, dialect, maxBytes, failure);
                            }
                            return null;
                        });
        return response;
    }

    private void refuseBody(
            HttpResponseWriter response,
            ServiceRequestContext context,
            Dialect dialect,
            int maxBytes,
            Throwable failure) {
        if (Exceptions.peel(failure) instanceof ContentTooLargeException) {
            refuseTooLarge(response, context, dialect, maxBytes);
        } else {
            response.close(failure);
        }
    }

    private void refuseTooLarge(
            HttpResponseWriter response,
            ServiceRequestContext context,
            Dialect dialect,
            int maxBytes) {
        refuseInto(
                response,
                context,
                dialect,
                HttpStatus.REQUEST_ENTITY_TOO_LARGE,
                "body: too large (expected: at most " + maxBytes + " bytes)");
    }

    /// Answers a request that is not to be looked at.
    HttpResponse refuse(
            ServiceRequestContext context, Dialect dialect, HttpStatus status, String message) {
        var response = HttpResponse.streaming();
        refuseInto(response, context, dialect, status, message);
        return response;
    }

    private void refuseInto(
            HttpResponseWriter response,
            ServiceRequestContext context,
            Dialect dialect,
            HttpStatus status,
            String message) {
        new Exchange(context, dialect, NOTHING, response).refuse(status, message);
    }

    /// Takes no more requests and waits a moment for those at work.
    @Override
    public void close() {
        threads.shutdown();
        try {
            if (!threads.awaitTermination(CLOSE_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.atWarn().addKeyValue("requests", running()).log("Left requests unfinished");
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// One request on its way to an answer. Whoever settles it first, the endpoint or the deadline,
    /// writes the response.
    private final class Exchange implements Supplier<Runnable> {

        private final ServiceRequestContext context;
        private final Dialect dialect;
        private final Endpoint endpoint;
        private final HttpResponseWriter response;
        private final AtomicBoolean settled = new AtomicBoolean();

        private Exchange(
                ServiceRequestContext context,
                Dialect dialect,
                Endpoint endpoint,
                HttpResponseWriter response) {
            this.context = context;
            this.dialect = dialect;
            this.endpoint = endpoint;
            this.response = response;
        }

        // What is left is to send the answer, at the client's pace.
        @Override
        public Runnable get() {
            try {
                var deadline =
                        context.eventLoop()
                                .withoutContext()
                                .schedule(this::expire, timeout.toNanos(), TimeUnit.NANOSECONDS);
                var answer = answer();
                deadline.cancel(false);
                return settled.compareAndSet(false, true) ? () -> send(answer) : () -> {};
            } catch (Error e) {
                response.close(e);
                throw e;
            }
        }

        private void refuse(Refusal refusal) {
            if (settled.compareAndSet(false, true)) {
                sendAtOnce(
                        dialect.error(
                                refusal.status(), refusal.retryAfterSeconds(), refusal.message()));
            }
        }

        /// @param allowed the methods that there are, as the header `Allow` lists them
        private void refuseMethod(String allowed) {
            context.setAdditionalResponseHeader(HttpHeaderNames.ALLOW, allowed);
            refuse(
                    HttpStatus.METHOD_NOT_ALLOWED,
                    "method: "
                            + context.method()
                            + " (expected: "
                            + allowed.replace(", ", " or ")
                            + ")");
        }

        private void refuse(HttpStatus status, String message) {
            if (settled.compareAndSet(false, true)) {
                sendAtOnce(dialect.error(status, message));
            }
        }

        private void expire() {
            refuse(HttpStatus.GATEWAY_TIMEOUT, "no answer from the store within " + timeout);
        }

        private Answer answer() {
            try {
                return endpoint.answer(Parameters.of(context));
            } catch (QueryException e) {
                return dialect.error(e.status(), String.valueOf(e.getMessage()));
            } catch (StoreException e) {
                var answer = dialect.error(e);
                if (answer.status().equals(HttpStatus.INTERNAL_SERVER_ERROR)) {
                    report(e);
                }
                return answer;
            } catch (RuntimeException e) {
                report(e);
                return dialect.error(HttpStatus.INTERNAL_SERVER_ERROR, "internal error");
            }
        }

        private void report(RuntimeException failure) {
            LOG.atError()
                    .setCause(failure)
                    .addKeyValue("path", context.path())
                    .log("A request failed for a reason that is not the caller's");
        }

        // Blocks at the client's pace, so only for threads of the gate.
        private void send(Answer answer) {
            readers.enter(response);
            try {
                if (response.tryWrite(headers(answer))) {
                    var body = new ChunkedBody(response, timeout, () -> readers.took(response));
                    answer.body().writeTo(body);
                    body.close();
                }
            } catch (IOException | RuntimeException e) {
                // The status is out: a broken connection is the only way left to say it failed.
                response.close(e);
            } catch (Error e) {
                response.close(e);
                throw e;
            } finally {
                readers.leave(response);
            }
        }

        // Does not block: for short answers, from event loops too.
        private void sendAtOnce(Answer answer) {
            var body = new ByteArrayOutputStream();
            try {
                answer.body().writeTo(body);
            } catch (IOException e) {
                throw new UncheckedIOException("an array cannot fail to be written to", e);
            }
            if (response.tryWrite(headers(answer))
                    && response.tryWrite(HttpData.wrap(body.toByteArray()))) {
                response.close();
            }
        }

        private static ResponseHeaders headers(Answer answer) {
            var headers = ResponseHeaders.builder(answer.status()).contentType(answer.type());
            if (answer.retryAfterSeconds() > 0) {
                headers.setInt(HttpHeaderNames.RETRY_AFTER, answer.retryAfterSeconds());
            }
            if (answer.maxAgeSeconds() > 0) {
                headers.set(
                        HttpHeaderNames.CACHE_CONTROL,
                        "max-age=" + answer.maxAgeSeconds() + ", must-revalidate");
            }
            if (!answer.gaps().isEmpty()) {
                headers.set(PARTIAL, headerText(String.join("; ", answer.gaps())));
            }
            return headers.build();
        }

        // A header holds one line of ASCII.
        private static String headerText(String text) {
            return text.replaceAll("[^\\x20-\\x7e]", "?");
        }
    }
}
