package dev.millrace.pipeline;

import dev.millrace.storage.api.DependencyStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
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
    private final SessionLoop<DependencySession> loop;

    /// @param store stays the caller's to close, after this
    /// @param registry has one of these at most: its gauge speaks for one
    public DependencyIngester(
            KafkaClients clients,
            TopicsConfig topics,
            DependencyIngesterConfig config,
            DependencyStore store,
            MeterRegistry registry) {
        this.clients = clients;
        this.topic = config.topicIn(topics);
        this.config = config;
        this.store = store;
        this.deadLetters =
                new DeadLetterWriter(clients, topics.fullName(topics.deadLetters()), registry);
        this.meters = new DependencyMeters(registry);
        this.failureLog = new LogGate(meters.clock());
        this.loop =
                new SessionLoop<>(
                        "dependency-ingester",
                        this::session,
                        session -> session.subscribe(topic),
                        this::failed);
    }

    /// Joins the group and reads in a thread of its own.
    public void start() {
        loop.start(deadLetters::start);
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
                    .addKeyValue("topic", topic)
                    .log("Ingester of figures failed; it begins anew");
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
        loop.stop();
        if (!loop.join(CLOSE_TIMEOUT)) {
            LOG.atWarn().log("Ingester of figures did not stop in time");
        }
        deadLetters.close();
    }
}
