package dev.millrace.load;

import com.linecorp.armeria.client.ClientFactory;
import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import dev.millrace.load.traffic.Request;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sends requests and sees each through to its end: acknowledged, refused or given up.
///
/// A request is sent again while its receiver asks for that, is away or does not answer, until
/// [LoadConfig#retryFor()] has passed since its first attempt. Whatever becomes of it is counted
/// and noted in the truth. A bounded number of requests is under way; [#send] waits for room.
final class Sender implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Sender.class);
    private static final long FIRST_BACK_OFF_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long MOST_BACK_OFF_NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final long CONNECT_MILLIS = 3_000;
    private static final long MOST_ANSWER_BYTES = 1 << 20;
    private static final long CLOSE_SECONDS = 10;
    private static final long ROOM_MILLIS = 100;

    private final LoadConfig config;
    private final LongSupplier nanoTime;
    private final Tally tally;
    private final @Nullable TruthLog truth;
    private final Exchange exchange;
    private final Semaphore room;
    private final AtomicReference<String> lastReason = new AtomicReference<>("");
    private @Nullable ClientFactory factory;
    private @Nullable WebClient client;
    private long requests;
    private volatile @Nullable RuntimeException broken;
    private final BooleanSupplier stopped;
    private volatile boolean givingUp;

    Sender(
            LoadConfig config,
            InstantSource clock,
            LongSupplier nanoTime,
            Tally tally,
            @Nullable TruthLog truth,
            BooleanSupplier stopped) {
        this.stopped = stopped;
        this.config = config;
        this.nanoTime = nanoTime;
        this.tally = tally;
        this.truth = truth;
        this.exchange =
                config.protocol().isGrpc()
                        ? new GrpcExchange(config.protocol(), config.gzip())
                        : new HttpExchange(
                                config.protocol(), config.target().getPath(), config.gzip(), clock);
        this.room = new Semaphore(config.concurrency());
    }

    void start() {
        var builder =
                ClientFactory.builder()
                        .connectTimeoutMillis(CONNECT_MILLIS)
                        .maxNumEventLoopsPerEndpoint(2)
                        .maxNumEventLoopsPerHttp1Endpoint(2);
        config.tls().applyTo(builder);
        var opened = builder.build();
        factory = opened;
        client =
                WebClient.builder(base())
                        .factory(opened)
                        .setHeaders(config.headers().entrySet())
                        .responseTimeout(config.requestTimeout())
                        .writeTimeout(config.requestTimeout())
                        .maxResponseLength(MOST_ANSWER_BYTES)
                        .build();
    }

    /// Takes charge of a request, once there is room for it. One for which there is none in good
    /// time after the run was stopped has failed.
    void send(Request request) throws InterruptedException {
        long waited = 0;
        while (!room.tryAcquire(ROOM_MILLIS, TimeUnit.MILLISECONDS)) {
            waited += isGivingUp() ? ROOM_MILLIS : 0;
            if (waited > config.requestTimeout().toMillis()) {
                tally.sending(request.spans());
                tally.failed(request.spans());
                return;
            }
        }
        var failure = broken;
        if (failure != null) {
            room.release();
            throw failure;
        }
        try {
            var flight = new Flight(request, requests++);
            tally.sending(request.spans());
            flight.attempt();
        } catch (RuntimeException e) {
            room.release();
            throw e;
        }
    }

    /// Waits until every request has come to its end.
    ///
    /// @return whether that was so before the timeout
    boolean drain(Duration timeout) throws InterruptedException {
        boolean drained =
                room.tryAcquire(config.concurrency(), timeout.toNanos(), TimeUnit.NANOSECONDS);
        if (drained) {
            room.release(config.concurrency());
        }
        var failure = broken;
        if (failure != null) {
            throw failure;
        }
        return drained;
    }

    /// From here on no request is sent again.
    void giveUp() {
        givingUp = true;
    }

    /// Why a request last had to be sent again or was lost; empty if that has not happened.
    String lastReason() {
        return lastReason.get();
    }

    @Override
    public void close() {
        giveUp();
        var opened = factory;
        if (opened == null) {
            return;
        }
        factory = null;
        try {
            opened.closeAsync().get(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.atWarn()
                    .setCause(e)
                    .addKeyValue("target", config.target())
                    .log("Client not closed");
        }
    }

    private boolean isGivingUp() {
        return givingUp || stopped.getAsBoolean();
    }

    private URI base() {
        boolean tls = config.target().getScheme().equals("https");
        // Ordinary exporters speak HTTP/1.1, over TLS what both sides know best.
        String protocol =
                config.protocol().isGrpc() ? (tls ? "h2" : "h2c") : (tls ? "https" : "h1c");
        return URI.create(protocol + "://" + config.target().getRawAuthority());
    }

    /// A request under way.
    private final class Flight {
        private final Request request;
        private final byte[] wrapped;
        private final long number;
        private final long noted;
        private final long firstNanos;
        private int attempts;

        Flight(Request request, long number) {
            this.request = request;
            this.number = number;
            this.wrapped = exchange.wrap(request.body());
            this.noted = truth == null ? number : truth.sending(request.otlp());
            this.firstNanos = nanoTime.getAsLong();
        }

        void attempt() {
            var open = client;
            if (open == null) {
                throw new IllegalStateException("sender: not started (expected: started)");
            }
            attempts++;
            var _ = exchange.send(open, wrapped).handle(this::answered);
        }

        private @Nullable Void answered(
                @Nullable AggregatedHttpResponse response, @Nullable Throwable failure) {
            try {
                follow(response == null ? silence(failure) : count(exchange.read(response)));
            } catch (RuntimeException e) {
                broken = e;
                room.release();
            }
            return null;
        }

        private Answer silence(@Nullable Throwable failure) {
            return new Answer.Again(String.valueOf(failure), null);
        }

        private Answer count(Answer answer) {
            switch (answer) {
                case Answer.Accepted _ -> {}
                case Answer.Refused _ -> tally.refused(false);
                case Answer.Again(_, Duration hint) -> tally.refused(hint != null);
            }
            return answer;
        }

        private void follow(Answer answer) {
            switch (answer) {
                case Answer.Accepted(long rejected) ->
                        end(Math.clamp(rejected, 0, request.spans()));
                case Answer.Refused(String reason) -> {
                    lastReason.set(reason);
                    end(request.spans());
                }
                case Answer.Again(String reason, Duration hint) -> {
                    lastReason.set(reason);
                    again(hint);
                }
            }
        }

        private void again(@Nullable Duration hint) {
            long wait = backOff(hint == null ? Duration.ZERO : hint);
            long spent = nanoTime.getAsLong() - firstNanos;
            var open = factory;
            if (isGivingUp() || open == null || spent + wait > config.retryFor().toNanos()) {
                tally.failed(request.spans());
                settle(Fate.UNKNOWN);
                return;
            }
            tally.retried();
            var _ = open.eventLoopGroup().schedule(this::attemptAgain, wait, TimeUnit.NANOSECONDS);
        }

        private void attemptAgain() {
            try {
                attempt();
            } catch (RuntimeException e) {
                broken = e;
                room.release();
            }
        }

        // Doubling, with up to a half more by chance, and never less than the receiver asks for.
        private long backOff(Duration hint) {
            // A wait beyond the limit is as good as any other beyond it, and does not overflow.
            var limit = config.retryFor().plusSeconds(1);
            long hintNanos = (hint.compareTo(limit) < 0 ? hint : limit).toNanos();
            long doubled =
                    Math.min(
                            MOST_BACK_OFF_NANOS,
                            FIRST_BACK_OFF_NANOS << Math.min(attempts - 1, 10));
            var dice = new SplittableRandom(config.seed() + 31 * number + attempts);
            return Math.max(doubled, hintNanos) + dice.nextLong(doubled / 2);
        }

        private void end(int rejected) {
            tally.answered(
                    request.spans() - rejected,
                    rejected,
                    request.body().length(),
                    nanoTime.getAsLong() - firstNanos);
            if (rejected == 0) {
                settle(Fate.ACKNOWLEDGED);
            } else {
                // Which spans of a partial success were refused is not said, and an attempt without
                // an answer may have been taken in all the same.
                boolean whole = rejected == request.spans() && attempts == 1;
                settle(whole ? Fate.REJECTED : Fate.UNKNOWN);
            }
        }

        private void settle(Fate fate) {
            if (truth != null) {
                truth.settled(noted, fate);
            }
            room.release();
        }
    }
}
