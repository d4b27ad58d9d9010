package dev.millrace.pipeline;

import dev.millrace.storage.api.DependencyStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings the figures of services from the topic `dependencies` into the store, added up by minute.
///
/// Every record counts once, whatever dies when: what the store keeps of a minute says which
/// records are in it. Several of these of one group share the partitions.
///
/// The topics must have been made by [Topics] before [#start()].
public final class DependencyIngester implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(DependencyIngester.class);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(15);

    private final KafkaClients clients;
    private final String topic;
    private final DependencyIngesterConfig config;
    private final DependencyStore store;
    private final DeadLetterWriter deadLetters;
    private final DependencyMeters meters;
    private final LogGate failureLog;
    private final CountDownLatch closing = new CountDownLatch(1);

    private volatile boolean healthy;
    private @Nullable Thread thread;

    /// @param store stays the caller's to close, after this
    /// @param registry has one of these at most: its gauge speaks for one
    public DependencyIngester(
            KafkaClients clients,
            TopicsConfig topics,
            DependencyIngesterConfig config,
            DependencyStore store,
            MeterRegistry registry) {
        this.clients = clients;
        this.topic = topics.fullName(topics.dependencies());
        this.config = config;
        this.store = store;
        this.deadLetters =
                new DeadLetterWriter(clients, topics.fullName(topics.deadLetters()), registry);
        this.meters = new DependencyMeters(registry);
        this.failureLog = new LogGate(meters.clock());
    }

    /// Joins the group and reads in a thread of its own.
    public synchronized void start() {
        if (thread != null || closing.getCount() == 0) {
            throw new IllegalStateException("dependency ingester: started before (expected: once)");
        }
        deadLetters.start();
        healthy = true;
        thread = Thread.ofPlatform().daemon().name("dependency-ingester").start(this::run);
    }

    /// False while the loop has failed and not begun anew. A store that fails is not meant here.
    public boolean healthy() {
        return healthy;
    }

    private void run() {
        var backoff = new Backoff(Duration.ofMillis(200), Duration.ofSeconds(10));
        try {
            do {
                try (var session = session()) {
                    session.subscribe(topic);
                    while (closing.getCount() > 0) {
                        session.step();
                        healthy = true;
                        backoff.reset();
                    }
                } catch (RuntimeException e) {
                    healthy = false;
                    meters.restarted();
                    if (failureLog.open()) {
                        LOG.atError()
                                .setCause(e)
                                .addKeyValue("topic", topic)
                                .log("Ingester of figures failed; it begins anew");
                    }
                }
            } while (!closing.await(backoff.next().toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            healthy = false;
        }
    }

    private DependencySession session() {
        return new DependencySession(
                clients.consumer("dependencies", config.group()),
                store,
                deadLetters,
                config,
                clients.config().sessionTimeout().dividedBy(2),
                meters,
                failureLog);
    }

    /// Writes and commits what has been added up, and leaves the group, within a bounded time.
    /// Idempotent.
    @Override
    public synchronized void close() {
        closing.countDown();
        Thread running = thread;
        if (running == null) {
            return;
        }
        thread = null;
        try {
            if (!running.join(CLOSE_TIMEOUT)) {
                LOG.atWarn().log("Ingester of figures did not stop in time");
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        deadLetters.close();
    }
}
