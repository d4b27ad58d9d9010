package dev.millrace.server;

import com.linecorp.armeria.server.HttpService;
import dev.millrace.agent.Agent;
import dev.millrace.broker.EmbeddedBroker;
import dev.millrace.cache.RedisLink;
import dev.millrace.collector.Collector;
import dev.millrace.collector.Sampling;
import dev.millrace.pipeline.Aggregator;
import dev.millrace.pipeline.DecisionReader;
import dev.millrace.pipeline.DependencyIngester;
import dev.millrace.pipeline.DirectPipeline;
import dev.millrace.pipeline.Ingester;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.KafkaSpanSink;
import dev.millrace.pipeline.Lag;
import dev.millrace.pipeline.SpanSink;
import dev.millrace.pipeline.Topics;
import dev.millrace.query.QueryServer;
import dev.millrace.query.TraceArchive;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.StorageConfig.StorageType;
import dev.millrace.storage.api.DecisionLookup;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.elasticsearch.IndexMaintenance;
import dev.millrace.storage.federated.FederatedTraceStore;
import dev.millrace.storage.federated.Member;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Opens the parts of the chosen roles by hand, read top to bottom like the picture of the flow
/// turned round: broker, store, query, ingester, aggregator, collector.
record Roles(MillraceConfig config, Set<Role> roles, Clock clock) implements Wiring {

    private static final Logger log = LoggerFactory.getLogger(Roles.class);
    private static final Set<Role> USE_TOPICS =
            EnumSet.of(Role.COLLECTOR, Role.AGGREGATOR, Role.INGESTER);
    static final Duration LAG_EVERY = Duration.ofSeconds(5);
    private static final Duration PROCESSES_PATIENCE = Duration.ofSeconds(2);
    private static final Duration TOPICS_PATIENCE = Duration.ofSeconds(60);

    /// @param roles those that are asked for; what is switched off is left out
    Roles {
        var taken = EnumSet.noneOf(Role.class);
        taken.addAll(roles);
        if (!config.collector().enabled()) {
            taken.remove(Role.COLLECTOR);
        }
        if (!config.aggregator().enabled()) {
            taken.remove(Role.AGGREGATOR);
        }
        roles = Collections.unmodifiableSet(taken);
    }

    @Override
    public void open(Parts parts) throws Exception {
        if (roles.isEmpty()) {
            throw new StartException(
                    "roles: none left (expected: collector.enabled or aggregator.enabled: true for"
                            + " a process that is nothing else)");
        }
        if (roles.contains(Role.AGENT)) {
            openAgent(parts);
            return;
        }
        log.atInfo().addKeyValue("roles", roles).addKeyValue("mode", config.mode()).log("Starting");
        switch (config.mode()) {
            case STREAMING -> openStreaming(parts);
            case DIRECT -> openDirect(parts);
        }
    }

    private void openAgent(Parts parts) throws StartException {
        if (roles.size() > 1) {
            throw new StartException(
                    "roles: "
                            + roles
                            + " (expected: agent alone, for it listens where a collector does)");
        }
        var settings =
                AgentConfigs.check(config)
                        .orElseThrow(() ->
                                new StartException(
                                        "agent.collectors: nothing (expected: host:port of at least"
                                                + " one collector)"));
        log.atInfo()
                .addKeyValue("roles", roles)
                .addKeyValue("collectors", settings.collectors())
                .log("Starting");
        var doors = Doors.open(parts, config);
        var tls = AgentConfigs.tls(config).map(doors::asClient).orElse(null);
        var agent = new Agent(settings, tls, clock, parts.meters());
        parts.push(
                        "agent",
                        agent,
                        () -> agent.trouble().map(PartState::down).orElseGet(PartState::up))
                .start();
        listen(
                parts,
                parts.push(
                        "receivers",
                        new Collector(
                                AgentConfigs.receivers(config),
                                doors.before("agent"),
                                new Sampling(null, agent.strategies()),
                                agent,
                                clock,
                                parts.meters())));
    }

    private void openStreaming(Parts parts) throws Exception {
        var kafka = PipelineConfigs.kafka(config, openBroker(parts));
        var clients = new KafkaClients(kafka);
        checkReaders();
        if (!Collections.disjoint(roles, USE_TOPICS) || holdsTopics()) {
            ensureTopics(kafka, clients);
        }
        var doors = Doors.open(parts, config);
        var redis = Caches.redis(parts, roles, config);
        String instance = instance(parts);
        Map<String, HttpService> questions = Map.of();
        if (ingests() || roles.contains(Role.QUERY)) {
            var store =
                    topicsAreTheStore()
                            ? openTopics(parts, clients, doors, redis, instance)
                            : openStore(parts, redis);
            if (roles.contains(Role.QUERY)) {
                var decisions =
                        new DecisionReader(
                                clients,
                                PipelineConfigs.topics(config),
                                QueryConfigs.decisions(config));
                var system = openSystem(parts, clients);
                questions = besideReceivers(openQuery(parts, doors, store, decisions, system));
            }
            if (ingests()) {
                openRollover(parts);
                openIngester(parts, clients, instance, store);
            }
        }
        if (roles.contains(Role.AGGREGATOR)) {
            openAggregator(parts, clients, instance);
        }
        if (roles.contains(Role.COLLECTOR)) {
            openCollector(parts, kafka, doors, redis, openSink(parts, clients), questions);
        }
    }

    // What is written must be what is read.
    private void checkReaders() throws StartException {
        try {
            if (roles.contains(Role.AGGREGATOR)) {
                PipelineConfigs.sink(config).checkForAggregator();
            }
            if (topicsAreTheStore() && roles.equals(EnumSet.of(Role.INGESTER))) {
                throw new IllegalArgumentException(
                        "roles: ingester (expected: query, which holds the store itself where"
                                + " storage.type is kafka)");
            }
        } catch (IllegalArgumentException e) {
            throw new StartException(String.valueOf(e.getMessage()), e);
        }
    }

    /// What transactions of this process are known by; empty where there are none.
    private String instance(Parts parts) throws Exception {
        return roles.contains(Role.AGGREGATOR) || ingests() || holdsTopics()
                ? parts.push("instance", InstanceId.claim(config.dataDir(), config.instance()))
                        .name()
                : "";
    }

    private boolean topicsAreTheStore() {
        return config.storage().type() == StorageType.KAFKA;
    }

    /// Whether this process has a share of the topics at hand to answer from.
    private boolean holdsTopics() {
        return topicsAreTheStore() && roles.contains(Role.QUERY);
    }

    /// Whether this process writes to a store. Into topics nobody has to.
    private boolean ingests() {
        return roles.contains(Role.INGESTER) && !topicsAreTheStore();
    }

    private SpanSink openSink(Parts parts, KafkaClients clients) {
        var topics = PipelineConfigs.topics(config);
        var sink = new KafkaSpanSink(clients, topics, PipelineConfigs.sink(config), parts.meters());
        parts.push("kafka", sink, check(sink::ready, "Kafka does not answer")).start();
        return sink;
    }

    private void openDirect(Parts parts) throws StartException {
        if (!roles.equals(Role.together())) {
            throw new StartException(
                    "roles: "
                            + roles
                            + " (expected: all of them in mode direct, which has no log"
                            + " between processes)");
        }
        var doors = Doors.open(parts, config);
        var redis = Caches.redis(parts, roles, config);
        if (topicsAreTheStore()) {
            throw new StartException("storage.type: kafka (expected: another in mode direct)");
        }
        var store = openStore(parts, redis);
        var decisions =
                DecisionLookup.none(
                        "decisions: mode direct keeps none (expected: mode streaming, which has"
                                + " them in Kafka)");
        var questions =
                besideReceivers(openQuery(parts, doors, store, decisions, openSystem(parts, null)));
        openRollover(parts);
        var pipeline =
                parts.push(
                        "assembly",
                        new DirectPipeline(
                                PipelineConfigs.assembly(config)
                                        .with(Enrichers.open(parts, config)),
                                config.aggregator().maxMemory(),
                                store,
                                clock,
                                parts.meters()));
        pipeline.start();
        openCollector(parts, null, doors, redis, pipeline, questions);
    }

    /// Returns where Kafka is reached.
    private String openBroker(Parts parts) {
        if (!config.kafka().embedded()) {
            return PipelineConfigs.kafkaAddress(config);
        }
        if (!roles.contains(Role.BROKER)) {
            return PipelineConfigs.kafkaAddress(config);
        }
        var broker =
                new EmbeddedBroker(
                        BrokerConfigs.of(config),
                        (message, cause) ->
                                log.atError().setCause(cause).log("Broker failed: {}", message));
        parts.push("broker", broker, check(broker::healthy, "the broker has failed")).start();
        parts.listening("kafka", broker.bootstrapServers());
        if (config.broker().tls().wanted()) {
            parts.listening("kafka-tls", broker.bootstrapServers(BrokerConfigs.TLS));
        }
        return broker.bootstrapServers();
    }

    private void ensureTopics(KafkaConfig kafka, KafkaClients clients) {
        try (var admin = clients.admin("topics")) {
            var topics = PipelineConfigs.topics(config);
            var unneeded = PipelineConfigs.unneededTopics(config, topics);
            new Topics(admin, kafka, topics, unneeded).ensure(TOPICS_PATIENCE);
        }
    }

    /// The topics themselves, of which this process holds a share to answer from.
    private TraceStore openTopics(
            Parts parts,
            KafkaClients clients,
            Doors doors,
            Optional<RedisLink> redis,
            String instance)
            throws StartException {
        var settings = KafkaStoreConfigs.of(config, instance);
        var certificates = settings.peers().tls() ? doors.certificates("store") : null;
        var share = KafkaStores.of(settings, certificates, clients, parts.meters(), clock);
        parts.push(
                        "store",
                        share,
                        () -> share.trouble().map(PartState::down).orElseGet(PartState::up))
                .start();
        if (!share.holdsNothing()) {
            parts.listening(
                    "store",
                    scheme() + shown(settings.peers().host()) + ":" + settings.peers().port());
        }
        var store = share.store();
        return Caches.before(
                config.query().partialAnswers() ? store : store.ofWholeAnswers(),
                roles,
                redis,
                parts,
                config,
                clock);
    }

    private TraceStore openStore(Parts parts, Optional<RedisLink> redis) throws StartException {
        var store = Stores.open(StoreAddress.configured(config), config, parts.meters());
        parts.push("store", store, () -> Stores.state(store));
        StoreConfigs.retention(config, roles)
                .ifPresent(retention ->
                        parts.push(
                                        "retention",
                                        Upkeep.retention(store, retention, clock, parts.meters()))
                                .start());
        return Caches.before(store, roles, redis, parts, config, clock);
    }

    // Left to those who write: whoever only reads may not be allowed to make indices.
    private void openRollover(Parts parts) {
        StoreConfigs.rollover(config)
                .ifPresent(schedule -> {
                    var indices =
                            parts.push(
                                    "indices",
                                    new IndexMaintenance(StoreConfigs.elasticsearch(config)));
                    parts.push(
                                    "rollover",
                                    Upkeep.rollover(
                                            indices,
                                            schedule.limits(),
                                            schedule.interval(),
                                            parts.meters()))
                            .start();
                });
    }

    /// The configured store, read together with others where there are any.
    private TraceStore openToRead(Parts parts, TraceStore store) {
        var others = QueryConfigs.alsoRead(config);
        if (others.isEmpty()) {
            return store;
        }
        var members = new ArrayList<Member>();
        members.add(new Member(StoreAddress.configured(config).toString(), store));
        for (var address : others) {
            var name = address.toString();
            members.add(new Member(name, parts.push(name, Stores.openToRead(address, config))));
        }
        return parts.push(
                "stores",
                new FederatedTraceStore(
                        members,
                        QueryConfigs.storesPatience(config),
                        config.query().partialAnswers()));
    }

    /// @param clients null in direct mode
    private SystemLook openSystem(Parts parts, @Nullable KafkaClients clients) {
        var others =
                parts.push(
                        "other processes",
                        new OtherProcesses(
                                OtherProcesses.addresses(config.query().processes()),
                                PROCESSES_PATIENCE));
        return parts.push(
                "system",
                new SystemLook(
                        clients == null ? null : SystemLogs.of(config, clients),
                        parts::figures,
                        parts::troubles,
                        others,
                        // The other half is for writing the answer.
                        config.query().requestTimeout().dividedBy(2),
                        clock));
    }

    private QueryServer openQuery(
            Parts parts,
            Doors doors,
            TraceStore store,
            DecisionLookup decisions,
            SystemLook system) {
        var query =
                parts.push(
                        "query",
                        new QueryServer(
                                QueryConfigs.query(config),
                                openToRead(parts, store),
                                decisions,
                                system,
                                openArchive(parts),
                                parts.meters(),
                                clock,
                                doors.before("query")));
        query.start();
        parts.listening("ui", scheme() + shown(config.query().host()) + ":" + query.port());
        if (query.grpcPort() >= 0) {
            parts.listening(
                    "query-grpc", scheme() + shown(config.query().host()) + ":" + query.grpcPort());
        }
        return query;
    }

    // Its figures would be taken for those of the store that everything is written to.
    private @Nullable TraceArchive openArchive(Parts parts) {
        return QueryConfigs.archive(config)
                .map(address -> Stores.openArchive(address, config, new SimpleMeterRegistry()))
                .map(store -> new StoreArchive(parts.push("archive", store)))
                .orElse(null);
    }

    // Whoever lets more people send spans than read them is not overruled.
    private Map<String, HttpService> besideReceivers(QueryServer query) {
        return config.query().host().equals(config.collector().host()) ? query.zipkin() : Map.of();
    }

    private void openIngester(
            Parts parts, KafkaClients clients, String instance, TraceStore store) {
        var topics = PipelineConfigs.topics(config);
        var settings = PipelineConfigs.ingester(config, instance);
        var ingester = new Ingester(clients, topics, settings, store, parts.meters());
        parts.push("ingester", ingester, check(ingester::healthy, "its loop has failed")).start();
        openLag(parts, clients, settings.group(), settings.source().topicsIn(topics));
        if (config.ingester().dependencies().enabled() && store instanceof DependencyStore kept) {
            openDependencyIngester(parts, clients, kept);
        }
    }

    private void openDependencyIngester(Parts parts, KafkaClients clients, DependencyStore store) {
        var topics = PipelineConfigs.topics(config);
        var settings = PipelineConfigs.dependencyIngester(config);
        var ingester = new DependencyIngester(clients, topics, settings, store, parts.meters());
        parts.push("dependencies", ingester, check(ingester::healthy, "its loop has failed"))
                .start();
        openLag(parts, clients, settings.group(), List.of(settings.topicIn(topics)));
    }

    private void openAggregator(Parts parts, KafkaClients clients, String instance)
            throws StartException {
        Path scratch = config.dataDir().resolve("scratch");
        var topics = PipelineConfigs.topics(config);
        var aggregator =
                new Aggregator(
                        clients,
                        PipelineConfigs.aggregator(
                                config, instance, scratch, Enrichers.open(parts, config)),
                        topics,
                        parts.meters(),
                        clock,
                        System::nanoTime);
        parts.push(
                        "aggregator",
                        aggregator,
                        () ->
                                aggregator.healthy()
                                        ? PartState.up()
                                        : PartState.down(
                                                aggregator
                                                        .refusal()
                                                        .orElse(
                                                                "a loop is starting, or starting anew")))
                .start();
        if (config.aggregator().red().enabled()) {
            parts.offer(new RedMetrics(aggregator.red()));
        }
        openLag(parts, clients, config.aggregator().group(), topics.sources());
    }

    private void openLag(Parts parts, KafkaClients clients, String group, List<String> topics) {
        var lag =
                new Lag(clients, Map.of(group, topics::contains), LAG_EVERY, clock, parts.meters());
        parts.push("lag of " + group, lag).start();
    }

    /// @param kafka null in direct mode
    private void openCollector(
            Parts parts,
            @Nullable KafkaConfig kafka,
            Doors doors,
            Optional<RedisLink> redis,
            SpanSink sink,
            Map<String, HttpService> questions) {
        var collector =
                parts.push(
                        "collector",
                        new Collector(
                                CollectorConfigs.collector(config),
                                doors.before("collector"),
                                Samplers.open(parts, config, clock, redis),
                                sink,
                                clock,
                                parts.meters()));
        collector.answer(questions);
        listen(parts, collector);
        Sources.open(parts, config, kafka, collector.intake(), clock);
    }

    private void listen(Parts parts, Collector collector) {
        collector.start();
        String host = shown(config.collector().host());
        collector
                .ports()
                .forEach((receiver, port) ->
                        parts.listening(
                                receiver.word(),
                                (receiver.datagrams() ? "udp://" : scheme()) + host + ":" + port));
    }

    private String scheme() {
        return config.tls().wanted() ? "https://" : "http://";
    }

    // Nobody can open 0.0.0.0 in a browser.
    private static String shown(String host) {
        return host.equals("0.0.0.0") || host.equals("127.0.0.1") ? "localhost" : host;
    }

    private static Supplier<PartState> check(BooleanSupplier healthy, String otherwise) {
        return () -> healthy.getAsBoolean() ? PartState.up() : PartState.down(otherwise);
    }
}
