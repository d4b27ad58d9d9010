package dev.millrace.cache;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.Delay;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One connection to Redis that never makes a caller wait.
///
/// While Redis is away, fails repeatedly or has too many commands to answer, calls are refused at
/// once with [CacheUnavailableException]; a command that is not answered in time fails. The
/// connection is made, and made again, in the background for as long as this is open. One on which
/// repeatedly nothing was answered is given up for a new one: its other end may be gone without a
/// word, and what waits on it for an answer must not pile up.
public final class RedisLink implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RedisLink.class);
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);
    private static final long FIRST_BACKOFF_MILLIS = 100;
    private static final long LONGEST_BACKOFF_MILLIS = 5_000;
    // Room for the commands of one batch of ids besides the calls that are counted.
    private static final int BATCH_ROOM = 1_000;

    private final RedisConfig config;
    private final LongSupplier nanos;
    private final CircuitBreaker breaker = new CircuitBreaker();
    private final AtomicInteger inFlight = new AtomicInteger();
    private final Counter rejected;
    private final Counter timeouts;
    private final Counter failures;
    private final ScheduledExecutorService scheduler =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("millrace-redis").factory());
    private @Nullable ClientResources resources;
    private volatile @Nullable RedisClient client;
    private volatile @Nullable StatefulRedisConnection<String, String> connection;
    private volatile boolean closed;

    /// @param nanos a clock that never steps back
    public RedisLink(RedisConfig config, LongSupplier nanos, MeterRegistry registry) {
        this.config = config;
        this.nanos = nanos;
        this.rejected = registry.counter("millrace.cache.rejected");
        this.timeouts = registry.counter("millrace.cache.timeouts");
        this.failures = registry.counter("millrace.cache.failures");
        Gauge.builder("millrace.cache.up", this, link -> link.isUp() ? 1 : 0).register(registry);
    }

    /// Begins to connect and returns at once.
    public synchronized void start() {
        if (client != null || closed) {
            return;
        }
        resources =
                DefaultClientResources.builder()
                        .ioThreadPoolSize(2)
                        .computationThreadPoolSize(2)
                        .reconnectDelay(
                                Delay.exponential(
                                        Duration.ofMillis(100),
                                        Duration.ofSeconds(1),
                                        2,
                                        TimeUnit.MILLISECONDS))
                        .build();
        var created = RedisClient.create(resources);
        created.setOptions(
                ClientOptions.builder()
                        .disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
                        .requestQueueSize(config.maxInFlight() + BATCH_ROOM)
                        .socketOptions(
                                SocketOptions.builder().connectTimeout(CONNECT_TIMEOUT).build())
                        .timeoutOptions(TimeoutOptions.enabled(config.timeout()))
                        .build());
        client = created;
        connect(created, FIRST_BACKOFF_MILLIS);
    }

    private void connect(RedisClient to, long backoffMillis) {
        if (closed) {
            return;
        }
        var _ =
                to.connectAsync(StringCodec.UTF8, address())
                        .whenComplete(
                                (made, failure) -> connected(to, made, failure, backoffMillis));
    }

    private void connected(
            RedisClient to,
            @Nullable StatefulRedisConnection<String, String> made,
            @Nullable Throwable failure,
            long backoffMillis) {
        if (made != null) {
            connection = made;
            if (closed) {
                var _ = made.closeAsync();
            }
            LOG.atInfo().addKeyValue("uri", config.uri()).log("Redis connected");
            return;
        }
        if (backoffMillis == FIRST_BACKOFF_MILLIS) {
            LOG.atWarn()
                    .addKeyValue("uri", config.uri())
                    .addKeyValue("error", String.valueOf(failure))
                    .log("Redis cannot be reached, trying again");
        }
        failures.increment();
        connectLater(to, backoffMillis, Math.min(LONGEST_BACKOFF_MILLIS, 2 * backoffMillis));
    }

    private void connectLater(RedisClient to, long delayMillis, long backoffMillis) {
        try {
            var _ =
                    scheduler.schedule(
                            () -> connect(to, backoffMillis), delayMillis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.atDebug().addKeyValue("error", e.toString()).log("Redis link closed meanwhile");
        }
    }

    private RedisURI address() {
        var uri = config.uri();
        var builder =
                RedisURI.builder()
                        .withHost(uri.getHost())
                        .withPort(uri.getPort() < 0 ? RedisURI.DEFAULT_REDIS_PORT : uri.getPort())
                        .withSsl(uri.getScheme().equals("rediss"))
                        .withTimeout(CONNECT_TIMEOUT);
        String path = uri.getPath() == null ? "" : uri.getPath().replace("/", "");
        if (!path.isEmpty()) {
            builder.withDatabase(Integer.parseInt(path));
        }
        if (!config.password().isEmpty()) {
            if (config.user().isEmpty()) {
                builder.withPassword(config.password().toCharArray());
            } else {
                builder.withAuthentication(config.user(), config.password().toCharArray());
            }
        }
        return builder.build();
    }

    /// Whether calls pass.
    public boolean isUp() {
        var current = connection;
        return current != null && current.isOpen() && !breaker.isOpen();
    }

    /// Sends what `command` issues; answers or fails within the timeout.
    <T> CompletionStage<T> call(
            Function<RedisAsyncCommands<String, String>, CompletionStage<T>> command) {
        var current = connection;
        if (closed || current == null || !current.isOpen()) {
            return refused("not connected");
        }
        if (inFlight.incrementAndGet() > config.maxInFlight()) {
            inFlight.decrementAndGet();
            return refused("too many commands in flight");
        }
        if (!breaker.tryPass(nanos.getAsLong())) {
            inFlight.decrementAndGet();
            return refused("failed repeatedly");
        }
        CompletionStage<T> sent;
        try {
            sent = command.apply(current.async());
        } catch (RuntimeException e) {
            sent = CompletableFuture.failedFuture(e);
        }
        return sent.whenComplete((_, failure) -> answered(current, failure));
    }

    private void answered(StatefulRedisConnection<String, String> by, @Nullable Throwable failure) {
        inFlight.decrementAndGet();
        if (failure == null) {
            breaker.succeeded();
            return;
        }
        breaker.failed(nanos.getAsLong());
        var cause =
                failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
        if (cause instanceof RedisCommandTimeoutException) {
            timeouts.increment();
            if (breaker.isOpen()) {
                giveUp(by);
            }
        } else {
            failures.increment();
        }
    }

    private void giveUp(StatefulRedisConnection<String, String> silent) {
        var to = client;
        synchronized (this) {
            if (closed || to == null || !silent.equals(connection)) {
                return;
            }
            connection = null;
        }
        var _ = silent.closeAsync();
        connectLater(to, 0, FIRST_BACKOFF_MILLIS);
    }

    private <T> CompletionStage<T> refused(String why) {
        rejected.increment();
        return CompletableFuture.failedStage(
                new CacheUnavailableException("redis: " + why + " (expected: reachable)"));
    }

    /// Takes a second at most.
    @Override
    public void close() {
        RedisClient opened;
        ClientResources held;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            opened = client;
            held = resources;
        }
        scheduler.shutdownNow();
        if (opened != null) {
            opened.shutdown(0, 500, TimeUnit.MILLISECONDS);
        }
        if (held != null) {
            held.shutdown(0, 500, TimeUnit.MILLISECONDS).awaitUninterruptibly(500);
        }
    }
}
