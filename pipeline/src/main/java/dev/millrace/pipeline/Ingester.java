package dev.millrace.pipeline;

import dev.millrace.storage.api.TraceStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings spans from their topic into the store.
///
/// Every record is stored, or is a dead letter, before its offset is committed; after a crash some
/// are written again, and the store knows them by their [dev.millrace.storage.api.FragmentId]. A
/// failing store stops the reading and nothing else. Several ingesters of one group share the
/// partitions, and each has several writes under way.
///
/// The topics must have been made by [Topics] before [#start()]; a topic of others is theirs to
/// make.
public final class Ingester implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Ingester.class);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(20);
    private static final ThreadFactory WRITER_THREADS =
            Thread.ofPlatform().daemon().name("ingester-writer-", 0).factory();

    private final KafkaClients clients;
    private final String topic;
    private final String ledger;
    private final int ledgerPartitions;
    private final IngesterConfig config;
    private final TraceStore store;
    private final DeadLetterWriter deadLetters;
    private final IngesterMeters meters;
    private final LogGate failureLog;
    private final CountDownLatch closing = new CountDownLatch(1);

    private volatile boolean healthy;
    private @Nullable Thread thread;
    private @Nullable ExecutorService writers;

    /// @param store stays the caller's to close, after this
    /// @param registry has one ingester at most: its gauge speaks for one
    public Ingester(
            KafkaClients clients,
            TopicsConfig topics,
            IngesterConfig config,
            TraceStore store,
            MeterRegistry registry) {
        this.clients = clients;
        this.topic = config.source().topicIn(topics);
        this.ledger = topics.fullName(topics.ledger());
        this.ledgerPartitions = topics.ledger().partitions();
        this.config = config;
        this.store = store;
        this.deadLetters =
                new DeadLetterWriter(clients, topics.fullName(topics.deadLetters()), registry);
        this.meters = new IngesterMeters(registry);
        this.failureLog = new LogGate(meters.clock());
    }

    /// Joins the group and reads in a thread of its own.
    public synchronized void start() {
        if (thread != null || closing.getCount() == 0) {
            throw new IllegalStateException("ingester: started before (expected: once)");
        }
        deadLetters.start();
        writers = Executors.newFixedThreadPool(config.writers(), WRITER_THREADS);
        healthy = true;
        thread = Thread.ofPlatform().daemon().name("ingester").start(this::run);
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
                                .log("Ingester failed; it begins anew from what was committed");
                    }
                }
            } while (!closing.await(backoff.next().toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            healthy = false;
        }
    }

    private IngestSession session() {
        return new IngestSession(
                clients.consumer("ingester", config.group()),
                new BatchWriter(
                        store, deadLetters, meters, new WritePortion(config.batchBytes().bytes())),
                Objects.requireNonNull(writers, "writers: opened by start()"),
                new IngestCommit(
                        clients.transactionalProducer(
                                "ingester", config.group() + "-" + config.instance()),
                        ledger,
                        ledgerPartitions),
                config,
                meters,
                failureLog);
    }

    /// Leaves the group within a bounded time; what was read and not written stays in the log.
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
                LOG.atWarn().log("Ingester did not stop in time; interrupting it");
                running.interrupt();
                running.join(Duration.ofSeconds(5));
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        // Never interrupted: a store might take that for a broken disk. What is still being written
        // ends by itself.
        if (writers != null) {
            writers.shutdown();
        }
        deadLetters.close();
    }
}
