package dev.millrace.pipeline;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One request on its way: counts its records back in, and is the callback of all of them.
final class Delivery implements Callback {

    private static final Logger LOG = LoggerFactory.getLogger(Delivery.class);

    private final CompletableFuture<Void> future = new CompletableFuture<>();
    private final AtomicInteger remaining;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final long bytes;
    private final int spans;
    private final AtomicLong inFlightBytes;
    private final SinkMeters meters;
    private final LogGate failureLog;
    private final long startNanos;

    /// @param bytes reserved in `inFlightBytes`; given back when the last record is back
    Delivery(
            int records,
            long bytes,
            int spans,
            AtomicLong inFlightBytes,
            SinkMeters meters,
            LogGate failureLog) {
        this.remaining = new AtomicInteger(records);
        this.bytes = bytes;
        this.spans = spans;
        this.inFlightBytes = inFlightBytes;
        this.meters = meters;
        this.failureLog = failureLog;
        this.startNanos = meters.clock().monotonicTime();
    }

    CompletableFuture<Void> future() {
        return future;
    }

    /// When it began, on the clock of the meters.
    long startNanos() {
        return startNanos;
    }

    boolean failed() {
        return failure.get() != null;
    }

    @Override
    public void onCompletion(@Nullable RecordMetadata metadata, @Nullable Exception exception) {
        back(1, exception);
    }

    /// Gives up on records that were not handed to Kafka.
    void abandon(int records, @Nullable Throwable reason) {
        if (records > 0) {
            back(records, reason);
        }
    }

    private void back(int records, @Nullable Throwable reason) {
        if (reason != null) {
            failure.compareAndSet(null, reason);
        }
        if (remaining.addAndGet(-records) == 0) {
            complete();
        }
    }

    private void complete() {
        inFlightBytes.addAndGet(-bytes);
        Throwable reason = failure.get();
        if (reason == null) {
            meters.acknowledged(spans, meters.clock().monotonicTime() - startNanos);
            future.complete(null);
            return;
        }
        SinkException failed = describe(reason);
        meters.failed(failed.kind());
        if (failureLog.open()) {
            LOG.atWarn()
                    .addKeyValue("error", reason.toString())
                    .log("Kafka did not take spans; their sender is told to send them again");
        }
        future.completeExceptionally(failed);
    }

    private static SinkException describe(Throwable reason) {
        return switch (reason) {
            case BufferExhaustedException _ ->
                    new SinkException(
                            SinkException.Kind.OVER_CAPACITY,
                            "the buffer for Kafka is full",
                            Duration.ofSeconds(1));
            case RecordTooLargeException e ->
                    new SinkException(
                            SinkException.Kind.TOO_LARGE,
                            "Kafka refuses the record: " + e.getMessage(),
                            Duration.ZERO);
            default ->
                    new SinkException(
                            SinkException.Kind.UNAVAILABLE,
                            "Kafka did not acknowledge: " + reason.getMessage(),
                            Duration.ofSeconds(1));
        };
    }
}
