package dev.millrace.collector;

import dev.millrace.pipeline.Backoff;
import dev.millrace.pipeline.LogGate;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps a number of connections to a queue, each read by a thread of its own, and makes them anew
/// with growing pauses when they fail.
final class QueueSource implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(QueueSource.class);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(15);

    private final Transport transport;
    private final String queue;
    private final int concurrency;
    private final QueueConnection.Opener opener;
    private final QueueReader.Settings settings;
    private final SourceMetrics metrics;
    private final LogGate failureLog;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final List<Thread> threads = new ArrayList<>();

    QueueSource(
            Transport transport,
            String queue,
            int concurrency,
            QueueConnection.Opener opener,
            QueueReader.Settings settings,
            SourceMetrics metrics) {
        this.transport = transport;
        this.queue = queue;
        this.concurrency = concurrency;
        this.opener = opener;
        this.settings = settings;
        this.metrics = metrics;
        failureLog = new LogGate(metrics.clock());
    }

    synchronized void start() {
        if (!threads.isEmpty() || closing.getCount() == 0) {
            throw new IllegalStateException(
                    transport.word() + " source: started before (expected: once)");
        }
        for (int i = 0; i < concurrency; i++) {
            threads.add(
                    Thread.ofPlatform()
                            .daemon()
                            .name(transport.word() + "-source-" + i)
                            .start(this::run));
        }
    }

    boolean healthy() {
        return metrics.connected() == concurrency;
    }

    private void run() {
        var backoff = new Backoff(Duration.ofMillis(200), Duration.ofSeconds(10));
        try {
            do {
                try (var connection = opener.open()) {
                    metrics.connected(1);
                    try (var reader =
                            new QueueReader(
                                    transport, queue, connection, settings, metrics, failureLog)) {
                        while (reader.step(closing)) {
                            backoff.reset();
                        }
                    } finally {
                        metrics.connected(-1);
                    }
                } catch (IOException | RuntimeException e) {
                    metrics.failed();
                    if (failureLog.open()) {
                        log.atWarn()
                                .addKeyValue("transport", transport.word())
                                .addKeyValue("queue", queue)
                                .addKeyValue("error", e.toString())
                                .log("Broker not reached or lost; connecting again");
                    }
                }
            } while (!closing.await(backoff.next().toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Waits a bounded time for what the sink has, acknowledges it and disconnects; the rest goes
    /// back to the queue. Idempotent.
    @Override
    public synchronized void close() {
        closing.countDown();
        long deadline = System.nanoTime() + CLOSE_TIMEOUT.toNanos();
        try {
            for (Thread thread : threads) {
                var left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
                if (!thread.join(left)) {
                    // Clients of brokers wait in places that only this gets them out of.
                    thread.interrupt();
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
