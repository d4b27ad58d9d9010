package dev.millrace.storage.kafka;

import dev.millrace.model.ByteSize;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.LogGate;
import dev.millrace.pipeline.TopicsException;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.kafka.OpenPartitions.Stage;
import dev.millrace.storage.local.LocalStoreMeters;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsMetadata;
import org.apache.kafka.streams.errors.StreamsException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps one Kafka Streams application going on this instance, and says who has which partition.
///
/// A thread of it that fails is followed by another, a few times; when all have failed, the
/// application is closed and begins anew after a pause that grows. Until then the run has
/// [State.Failed] with the reason. Nothing that happens to Kafka or to a disk ends it for good.
///
/// Safe for any number of threads; started once.
public final class StreamsRun implements Partitions, AutoCloseable {

    /// How a run is.
    public sealed interface State {

        /// Not all that this instance has been given is built yet, for the first time.
        record Starting() implements State {}

        /// Partitions are changing hands, or are being built here.
        record Rebalancing() implements State {}

        /// Every partition that this instance has been given follows the log.
        record Running() implements State {}

        /// Nothing here follows the log, and why; it is tried again.
        record Failed(String reason) implements State {}

        record Closed() implements State {}
    }

    private static final Logger LOG = LoggerFactory.getLogger(StreamsRun.class);

    private static final Duration WRITE_TICK = Duration.ofMillis(250);
    private static final Duration LOOK_TICK = Duration.ofSeconds(1);
    private static final Duration EXPIRY_TICK = Duration.ofMinutes(1);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(20);
    private static final Duration TOPIC_TIMEOUT = Duration.ofSeconds(10);
    private static final int CHORES_AT_ONCE = 3;

    /// Kafka Streams takes a partition away in one rebalance and gives it out in the next.
    private static final Duration HANDOVER = Duration.ofSeconds(5);

    private final StreamsPlan plan;
    private final KafkaClients clients;
    private final InstantSource clock;
    private final StreamsLife life;
    private final LogGate choreLog;

    private volatile int count;
    private volatile boolean closed;
    private volatile Collection<StreamsMetadata> lastKnown = List.of();
    private volatile @Nullable LogEnds ends;
    private volatile @Nullable CatchUp catchUp;
    private @Nullable Admin admin;
    private @Nullable ScheduledExecutorService chores;

    /// The run of a trace store.
    ///
    /// @param registry has one of them
    /// @param clock tells what is past its retention
    public static StreamsRun ofTraces(
            KafkaStoreConfig config,
            KafkaClients clients,
            MeterRegistry registry,
            InstantSource clock) {
        var meters = new KafkaStoreMeters("traces", registry);
        var open = new OpenPartitions();
        var rules = IndexRules.of(config, open, meters, new LocalStoreMeters(registry), clock);
        var plan =
                new StreamsPlan(
                        config,
                        () -> TraceTopology.of(config.source().topic(), rules),
                        open,
                        meters);
        return new StreamsRun(plan, clients, clock);
    }

    /// The run of a store of services' figures.
    ///
    /// @param format of the topic's records
    /// @param registry has one of them
    /// @param clock tells what is past its retention
    public static StreamsRun ofFigures(
            KafkaStoreConfig config,
            DependencyFormat format,
            KafkaClients clients,
            MeterRegistry registry,
            InstantSource clock) {
        var open = new OpenPartitions();
        var state =
                DependencyStateConfig.of(
                        config.source().topic(), format, config.keeping().retention());
        var sums = new DependencyStateMeters(registry);
        var plan =
                new StreamsPlan(
                        config, () -> DependencyTopology.of(state, open, sums), open, sums.store());
        return new StreamsRun(plan, clients, clock);
    }

    /// @param clock tells what is past its retention
    StreamsRun(StreamsPlan plan, KafkaClients clients, InstantSource clock) {
        this.plan = plan;
        this.clients = clients;
        this.clock = clock;
        this.life = new StreamsLife(plan, clients);
        this.choreLog = new LogGate(plan.meters().clock());
    }

    /// Waits for the topic, and begins to follow it; does not wait until that has caught up.
    ///
    /// @throws TopicsException when the topic is not there in time
    /// @throws IllegalArgumentException when the topic keeps its records for less time than the
    ///   store
    public synchronized void start() {
        if (admin != null || closed) {
            throw new IllegalStateException("started before (expected: once)");
        }
        try {
            open();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void open() {
        var opened = clients.admin("kafka-store");
        admin = opened;
        count = topic(opened).await(plan.config().keeping().retention(), plan.config().patience());
        ends = new LogEnds(opened, clients.reader("kafka-store-ends"), plan.topic(), plan.open());
        catchUp = new CatchUp(opened, plan.config().application(), plan.topic(), plan.open());
        life.begin();
        LOG.atInfo()
                .addKeyValue("topic", plan.topic())
                .addKeyValue("partitions", count)
                .addKeyValue("store", plan.config().instance().directory())
                .log("Following a topic for the store on Kafka");
        var by =
                Executors.newScheduledThreadPool(
                        CHORES_AT_ONCE,
                        Thread.ofPlatform().daemon().name("kafka-store-", 0).factory());
        chores = by;
        every(WRITE_TICK, by, this::writeOverdue);
        every(LOOK_TICK, by, this::look);
        every(LOOK_TICK, by, this::beginAnewWhenDue);
        every(EXPIRY_TICK, by, this::expire);
    }

    private SourceTopic topic(Admin with) {
        return new SourceTopic(with, plan.topic(), clients.config().bootstrapServers());
    }

    // A chore that threw would never be done again.
    private void every(Duration tick, ScheduledExecutorService by, Runnable chore) {
        Runnable guarded =
                () -> {
                    try {
                        chore.run();
                    } catch (RuntimeException e) {
                        if (!closed && choreLog.open()) {
                            LOG.atWarn()
                                    .setCause(e)
                                    .addKeyValue("topic", plan.topic())
                                    .log("Looking after the store on Kafka failed; tried again");
                        }
                    }
                };
        var _ =
                by.scheduleWithFixedDelay(
                        guarded, tick.toMillis(), tick.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void writeOverdue() {
        eachOpen(OpenPartition::writeOverdue);
    }

    /// Gives up what is past its retention, in all partitions that are here.
    void expire() {
        var keeping = plan.config().keeping();
        var horizon = keeping.horizon(clock.instant());
        long maxBytes = keeping.maxSize().bytes();
        eachOpen(open -> {
            // A share of 0 would be no bound.
            long share = maxBytes == 0 ? 0 : Math.max(1, plan.open().share(maxBytes));
            open.expire(horizon, new ByteSize(share));
        });
    }

    // Of all of them, whatever becomes of one; a partition may go away meanwhile.
    private void eachOpen(Consumer<OpenPartition> chore) {
        @Nullable RuntimeException failure = null;
        for (var open : plan.open().all()) {
            try {
                chore.accept(open);
            } catch (RuntimeException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private void look() {
        plan.meters().running(state() instanceof State.Running);
        var known = ends;
        if (known == null) {
            return;
        }
        known.look();
        var lag = new HashMap<Integer, Long>();
        plan.open()
                .numbered()
                .forEach((partition, open) -> {
                    long behind = known.behind(partition, open.next());
                    if (behind >= 0) {
                        lag.put(partition, behind);
                    }
                });
        plan.meters().lag(lag);
        var catching = catchUp;
        if (catching != null) {
            catching.look(known);
        }
    }

    private void beginAnewWhenDue() {
        var with = admin;
        if (with == null || closed || !life.isDue()) {
            return;
        }
        life.end(false);
        try {
            int found = topic(with).await(plan.config().keeping().retention(), TOPIC_TIMEOUT);
            if (found != count) {
                throw new IllegalArgumentException(
                        "topic "
                                + plan.topic()
                                + ": "
                                + found
                                + " partitions (expected: "
                                + count
                                + ", as at the start)");
            }
            life.begin();
            plan.meters().restarted();
        } catch (RuntimeException e) {
            life.end(false);
            life.failed(e);
        }
    }

    public State state() {
        return closed ? new State.Closed() : life.state();
    }

    /// Whether what is here can be asked: from when everything was built for the first time.
    public boolean ready() {
        return switch (state()) {
            case State.Running _, State.Rebalancing _ -> true;
            case State.Starting _, State.Failed _, State.Closed _ -> false;
        };
    }

    /// False before the start, after the end, and while nothing here follows the log.
    public boolean healthy() {
        return switch (state()) {
            case State.Starting _, State.Rebalancing _, State.Running _ -> count > 0;
            case State.Failed _, State.Closed _ -> false;
        };
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public Owners owners(int partition) {
        var at = new TopicPartition(plan.topic(), partition);
        Optional<Peer> active = Optional.empty();
        var standbys = new ArrayList<Peer>();
        for (var client : clientsKnown()) {
            var host = client.hostInfo();
            // Kafka Streams has a host with a port of -1 for those it does not know.
            if (host.port() < 1) {
                continue;
            }
            if (client.topicPartitions().contains(at)) {
                active = Optional.of(new Peer(host.host(), host.port()));
            } else if (client.standbyTopicPartitions().contains(at)) {
                standbys.add(new Peer(host.host(), host.port()));
            }
        }
        return new Owners(active, standbys);
    }

    // While this instance has failed, the others may still be where they were.
    private Collection<StreamsMetadata> clientsKnown() {
        var now = life.running().map(StreamsRun::clientsOf).orElse(List.of());
        if (!now.isEmpty()) {
            lastKnown = now;
        }
        return lastKnown;
    }

    private static Collection<StreamsMetadata> clientsOf(KafkaStreams streams) {
        try {
            return streams.metadataForAllStreamsClients();
        } catch (IllegalStateException | StreamsException _) {
            // It has stopped since it was asked whether it runs.
            return List.of();
        }
    }

    /// Nothing of what is still being built: it lacks what others may have.
    @Override
    public Optional<Held> here(int partition) {
        var open = plan.open().find(partition);
        var stage = plan.open().stage(partition).orElse(Stage.BUILDING);
        if (open.isEmpty() || stage == Stage.BUILDING) {
            return Optional.empty();
        }
        try {
            var known = ends;
            long behind = known == null ? -1 : known.behind(partition, open.get().next());
            return Optional.of(new Held(open.get().contents(), stage == Stage.FOLLOWED, behind));
        } catch (StoreException _) {
            // It has gone elsewhere since, or cannot be opened; somebody else may have it.
            return Optional.empty();
        }
    }

    @Override
    public Duration handover() {
        return HANDOVER;
    }

    /// How far each copy here is, by its partition: the offset after the last record that is found.
    Map<Integer, Long> reached() {
        var reached = new TreeMap<Integer, Long>();
        plan.open().numbered().forEach((partition, open) -> reached.put(partition, open.next()));
        return reached;
    }

    /// Leaves within a bounded time. An instance with a name keeps its partitions for as long as a
    /// restart may take; one without gives them away. Idempotent.
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        plan.meters().running(false);
        boolean quiet = endChores();
        life.end(plan.config().instance().name() == null);
        var known = ends;
        if (known != null && quiet) {
            known.close();
        }
        if (admin != null) {
            admin.close(CLOSE_TIMEOUT);
        }
    }

    // Never interrupted: an index might take that for a broken disk.
    private boolean endChores() {
        var running = chores;
        if (running == null) {
            return true;
        }
        running.shutdown();
        try {
            if (running.awaitTermination(CLOSE_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                return true;
            }
            LOG.atWarn().log("The chores of the store on Kafka did not end in time");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        return false;
    }
}
