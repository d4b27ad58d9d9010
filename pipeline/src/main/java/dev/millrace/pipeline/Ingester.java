package dev.millrace.pipeline;

import dev.millrace.storage.api.TraceStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
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
    private static final Duration INTERRUPTED_TIMEOUT = Duration.ofSeconds(5);
    private static final ThreadFactory WRITER_THREADS =
            Thread.ofPlatform().daemon().name("ingester-writer-", 0).factory();

    private final KafkaClients clients;
    private final List<String> topics;
    private final String ledger;
    private final int ledgerPartitions;
    private final IngesterConfig config;
    private final IngestAccounts accounts;
    private final TraceStore store;
    private final DeadLetterWriter deadLetters;
    private final IngesterMeters meters;
    private final LogGate failureLog;
    private final SessionLoop<IngestSession> loop;

    // Opened before the loop begins.
    private volatile @Nullable ExecutorService writers;

    /// @param store stays the caller's to close, after this
    /// @param registry has one ingester at most: its gauge speaks for one
    public Ingester(
            KafkaClients clients,
            TopicsConfig topics,
            IngesterConfig config,
            TraceStore store,
            MeterRegistry registry) {
        this.clients = clients;
        this.topics = config.source().topicsIn(topics);
        this.ledger = topics.fullName(topics.ledger());
        this.ledgerPartitions = topics.ledger().partitions();
        this.config = config;
        this.accounts = new IngestAccounts(topics);
        this.store = store;
        this.deadLetters =
                new DeadLetterWriter(clients, topics.fullName(topics.deadLetters()), registry);
        this.meters = new IngesterMeters(registry);
        this.failureLog = new LogGate(meters.clock());
        this.loop =
                new SessionLoop<>(
                        "ingester",
                        this::session,
                        session -> session.subscribe(this.topics),
                        this::failed);
    }

    /// Joins the group and reads in a thread of its own.
    public void start() {
        loop.start(() -> {
            deadLetters.start();
            writers = Executors.newFixedThreadPool(config.writers(), WRITER_THREADS);
        });
    }

    /// False while the loop has failed and not begun anew. A store that fails is not meant here.
    public boolean healthy() {
        return loop.healthy();
    }

    private void failed(RuntimeException failure) {
        meters.restarted();
        if (failureLog.open()) {
            LOG.atError()
                    .setCause(failure)
                    .addKeyValue("topic", topics)
                    .log("Ingester failed; it begins anew from what was committed");
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
                accounts,
                meters,
                failureLog);
    }

    /// Leaves the group within a bounded time; what was read and not written stays in the log.
    /// Idempotent.
    @Override
    public synchronized void close() {
        loop.stop();
        if (!loop.join(CLOSE_TIMEOUT)) {
            LOG.atWarn().log("Ingester did not stop in time; interrupting it");
            loop.interrupt();
            loop.join(INTERRUPTED_TIMEOUT);
        }
        // Never interrupted: a store might take that for a broken disk. What is still being written
        // ends by itself.
        var opened = writers;
        if (opened != null) {
            opened.shutdown();
        }
        deadLetters.close();
    }
}
