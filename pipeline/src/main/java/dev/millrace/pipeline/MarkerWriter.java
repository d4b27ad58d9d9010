package dev.millrace.pipeline;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Appends markers to `spans` as [SilenceMarkers] has them, on a thread of its own.
///
/// [#spansWritten] is safe for any number of threads and never blocks.
final class MarkerWriter implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(MarkerWriter.class);

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

    /// Hands a record to Kafka.
    @FunctionalInterface
    interface Sender {
        void send(ProducerRecord<byte[], byte[]> record, Callback callback);
    }

    private final String topic;
    private final SilenceMarkers schedule;
    private final LongSupplier nanoTime;
    private final Sender sender;
    private final LogGate failureLog;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;

    MarkerWriter(
            String topic,
            SilenceMarkers schedule,
            LongSupplier nanoTime,
            Sender sender,
            LogGate failureLog) {
        this.topic = topic;
        this.schedule = schedule;
        this.nanoTime = nanoTime;
        this.sender = sender;
        this.failureLog = failureLog;
        this.thread = Thread.ofPlatform().daemon().name("span-markers").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    void spansWritten(int partition) {
        schedule.spansWritten(partition, nanoTime.getAsLong());
    }

    private void run() {
        try {
            while (!closing.await(schedule.pace().toNanos(), TimeUnit.NANOSECONDS)) {
                long now = nanoTime.getAsLong();
                for (int partition : schedule.take(now)) {
                    append(partition, now);
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void append(int partition, long now) {
        var marker = new ProducerRecord<byte[], byte[]>(topic, partition, null, null);
        marker.headers().add(RecordHeaders.MARKER, new byte[0]);
        try {
            sender.send(
                    marker,
                    (_, failure) -> {
                        if (failure == null) {
                            schedule.markerWritten(partition, now);
                        } else {
                            failed(failure);
                        }
                    });
        } catch (KafkaException e) {
            failed(e);
        }
    }

    // A marker that fails is no loss, for the next is due soon; without any, time stands still.
    private void failed(Exception failure) {
        if (failureLog.open()) {
            LOG.atWarn()
                    .addKeyValue("topic", topic)
                    .addKeyValue("error", failure.toString())
                    .log("A marker was not appended; the next is tried");
        }
    }

    /// Appends nothing more afterwards. Idempotent.
    @Override
    public void close() {
        closing.countDown();
        try {
            if (thread.isAlive() && !thread.join(CLOSE_TIMEOUT)) {
                thread.interrupt();
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
