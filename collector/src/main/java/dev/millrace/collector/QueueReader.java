package dev.millrace.collector;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.Backoff;
import dev.millrace.pipeline.DeadLetterWriter.Letter;
import dev.millrace.pipeline.LogGate;
import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Hands the messages of one connection over, several at a time, and acknowledges each when its
/// spans are.
///
/// A message that is refused is held, and nothing more is read, until it is taken: given back to
/// the queue, it would come round at once. For one thread.
final class QueueReader implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(QueueReader.class);

    private static final Duration IDLE = Duration.ofMillis(500);
    private static final Duration BUSY = Duration.ofMillis(5);
    private static final Duration PATIENCE = Duration.ofMillis(100);
    private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(5);
    private static final long NO_POSITION = -1;

    /// How messages are understood and how many may be under way.
    ///
    /// @param window messages read by one connection and not acknowledged yet
    record Settings(
            SpanIntake intake,
            DeadLetterBox deadLetters,
            SourceEncoding encoding,
            Tenant tenant,
            int window) {}

    /// A message under way.
    private record Pending(QueueMessage message, CompletableFuture<Receipt> answer) {}

    private final Transport transport;
    private final String queue;
    private final QueueConnection connection;
    private final Settings settings;
    private final SourceMetrics metrics;
    private final LogGate failureLog;
    private final Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));
    private final Deque<Pending> window = new ArrayDeque<>();

    QueueReader(
            Transport transport,
            String queue,
            QueueConnection connection,
            Settings settings,
            SourceMetrics metrics,
            LogGate failureLog) {
        this.transport = transport;
        this.queue = queue;
        this.connection = connection;
        this.settings = settings;
        this.metrics = metrics;
        this.failureLog = failureLog;
    }

    /// Reads at most one message, and settles those that can be.
    ///
    /// @return false once closing, when what was under way is settled or has had its time
    boolean step(CountDownLatch closing) throws IOException, InterruptedException {
        if (closing.getCount() == 0) {
            drain();
            return false;
        }
        boolean read = false;
        if (window.size() < settings.window()) {
            var message = connection.next(window.isEmpty() ? IDLE : BUSY);
            if (message != null) {
                read = true;
                metrics.held(1);
                window.add(new Pending(message, take(message)));
            }
        }
        while (!window.isEmpty()) {
            var refusal = settle(read ? Duration.ZERO : PATIENCE);
            if (refusal == null) {
                break;
            }
            if (hold(refusal, closing)) {
                return true;
            }
        }
        return true;
    }

    /// Settles from the front as far as it goes.
    ///
    /// @param patience how long to wait for the first
    /// @return why the first cannot be settled now; null when it has no answer or there is none
    private @Nullable Refusal settle(Duration patience) throws IOException, InterruptedException {
        Duration wait = patience;
        for (var head = window.peek(); head != null; head = window.peek()) {
            try {
                head.answer().get(wait.toNanos(), TimeUnit.NANOSECONDS);
            } catch (TimeoutException _) {
                return null;
            } catch (ExecutionException e) {
                var refusal = Refusal.of(e);
                if (refusal.retryAfter() != null) {
                    return refusal;
                }
                var failed = bury(head.message(), refusal);
                if (failed != null) {
                    return failed;
                }
            }
            connection.acknowledge(head.message());
            window.remove();
            metrics.held(-1);
            backoff.reset();
            wait = Duration.ZERO;
        }
        return null;
    }

    /// Waits, and hands everything over again that was refused.
    ///
    /// @return whether the source is closing
    private boolean hold(Refusal refusal, CountDownLatch closing) throws InterruptedException {
        if (failureLog.open()) {
            log.atWarn()
                    .addKeyValue("transport", transport.word())
                    .addKeyValue("error", refusal.message())
                    .log("Spans are refused; reading pauses until they are taken");
        }
        if (closing.await(backoff.next().toMillis(), TimeUnit.MILLISECONDS)) {
            return true;
        }
        var again = List.copyOf(window);
        window.clear();
        for (var pending : again) {
            window.add(
                    isRefused(pending.answer())
                            ? new Pending(pending.message(), take(pending.message()))
                            : pending);
        }
        return false;
    }

    private static boolean isRefused(CompletableFuture<Receipt> answer) {
        return answer.isCompletedExceptionally()
                && Refusal.of(answer.exceptionNow()).retryAfter() != null;
    }

    private CompletableFuture<Receipt> take(QueueMessage message) {
        var intake = settings.intake();
        try {
            var body = message.body();
            if (body == null) {
                throw new MalformedSpansException("message: no bytes (expected: bytes or text)");
            }
            return intake.take(
                    transport, settings.tenant(), settings.encoding().format(body), body);
        } catch (MalformedSpansException e) {
            return CompletableFuture.failedFuture(intake.refused(transport, Refusal.of(e)));
        }
    }

    private @Nullable Refusal bury(QueueMessage message, Refusal reason) {
        try {
            settings.deadLetters()
                    .put(
                            List.of(
                                    Letter.of(
                                            asRecord(message),
                                            reason.outcome().word(),
                                            reason.message())));
            return null;
        } catch (RuntimeException e) {
            return Refusal.passing(Outcome.UNAVAILABLE, "dead letters: " + e);
        }
    }

    // A queue has no positions; what it calls the message is the nearest there is.
    private ConsumerRecord<byte[], byte[]> asRecord(QueueMessage message) {
        Slice body = message.body() == null ? Slice.EMPTY : message.body();
        return new ConsumerRecord<>(
                transport.word() + ":" + queue,
                Math.toIntExact(NO_POSITION),
                NO_POSITION,
                message.id().getBytes(StandardCharsets.UTF_8),
                body.toByteArray());
    }

    private void drain() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + DRAIN_TIMEOUT.toNanos();
        while (!window.isEmpty()) {
            long left = deadline - System.nanoTime();
            if (left <= 0 || settle(Duration.ofNanos(left)) != null) {
                return;
            }
        }
    }

    /// Forgets what is under way; its answers, should they come, concern nobody.
    @Override
    public void close() {
        metrics.held(-window.size());
        window.clear();
    }
}
