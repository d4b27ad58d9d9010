package dev.millrace.server;

import dev.millrace.access.AccessConfig;
import dev.millrace.access.CorsConfig;
import dev.millrace.access.TlsConfig;
import dev.millrace.analysis.AnalysisConfig;
import dev.millrace.analysis.RedTotals;
import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.assembly.Enrichment;
import dev.millrace.cache.RedisConfig;
import dev.millrace.collector.ActiveMqConfig;
import dev.millrace.collector.CollectorConfig;
import dev.millrace.collector.CollectorConfig.Rate;
import dev.millrace.collector.CollectorConfig.Rates;
import dev.millrace.collector.KafkaSourceConfig;
import dev.millrace.collector.MachineLoad;
import dev.millrace.collector.RabbitMqConfig;
import dev.millrace.collector.Receiver;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.AggregatorConfig;
import dev.millrace.pipeline.DependencyIngesterConfig;
import dev.millrace.pipeline.Encoding;
import dev.millrace.pipeline.FiguresConfig;
import dev.millrace.pipeline.IngesterConfig;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.Keying;
import dev.millrace.pipeline.SinkConfig;
import dev.millrace.pipeline.TailConfig;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.query.QueryConfig;
import dev.millrace.query.ZipkinConfig;
import dev.millrace.sampling.AdaptiveStrategies;
import dev.millrace.sampling.HeadConfig;
import dev.millrace.sampling.HeadRule;
import dev.millrace.sampling.LoadFactor;
import dev.millrace.sampling.tail.DurationWindow;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.MillraceConfig.RatesConfig;
import dev.millrace.server.config.MillraceConfig.ReceiversConfig;
import dev.millrace.server.config.MillraceConfig.TopicConfig;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What each component needs to know, taken from what the operator has set.
///
/// @param bootstrapServers where Kafka is reached, the embedded broker included
record ComponentConfig(MillraceConfig config, String bootstrapServers) {

    /// One for all that ask, as the CPU tells its load since it was last asked.
    static final MachineLoad MACHINE = new MachineLoad(System::nanoTime);

    private static final int LATE_WINDOW_TRACES = 4_000_000;
    private static final String KEEP_ALL = "keep-all";
    private static final Pattern SPACES = Pattern.compile("\\s+");

    /// Has every component look at its settings before any of them is opened.
    ///
    /// @throws ConfigException naming each value that a component refuses
    static void check(MillraceConfig config) throws ConfigException {
        var any = new ComponentConfig(config, "any:9092");
        var problems = new ArrayList<String>();
        note(problems, "kafka", any::kafka);
        note(problems, "topics", any::topics);
        note(problems, "access", any::access);
        note(problems, "tls", any::tls);
        note(problems, "cors", any::cors);
        note(problems, "sampling.head", any::head);
        note(problems, "sampling.load", any::load);
        note(problems, "sampling.tail", any::tail);
        note(problems, "sampling.remote.adaptive", any::adaptive);
        note(problems, "redis", any::redis);
        note(problems, "sources.kafka", any::kafkaSources);
        note(problems, "sources.activemq", any::activeMq);
        note(problems, "sources.rabbitmq", any::rabbitMq);
        note(problems, "collector", () -> collector(config));
        note(problems, "sink", any::sink);
        note(
                problems,
                "aggregator",
                () -> any.aggregator("any", config.dataDir(), Enrichment.NONE));
        note(problems, "enrichment", () -> Enrichers.check(config));
        note(problems, "ingester", () -> any.ingester("any"));
        note(problems, "ingester.dependencies", any::dependencyIngester);
        note(problems, "storage.local", () -> StoreConfigs.local(config));
        note(problems, "storage.elasticsearch", () -> StoreConfigs.elasticsearch(config));
        note(problems, "storage.cassandra", () -> StoreConfigs.cassandra(config));
        note(problems, "query", () -> query(config));
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
    }

    private static void note(List<String> problems, String section, Supplier<?> component) {
        try {
            var _ = component.get();
        } catch (IllegalArgumentException e) {
            problems.add(section + "." + e.getMessage());
        }
    }

    KafkaConfig kafka() {
        var wanted = config.kafka();
        var defaults =
                wanted.embedded()
                        ? KafkaConfig.embedded(bootstrapServers)
                        : KafkaConfig.cluster(bootstrapServers);
        return new KafkaConfig(
                bootstrapServers,
                wanted.properties(),
                wanted.replicationFactor() == 0
                        ? defaults.replicationFactor()
                        : wanted.replicationFactor(),
                switch (wanted.durability()) {
                    case LENIENT -> KafkaConfig.Durability.LENIENT;
                    case STRICT -> KafkaConfig.Durability.STRICT;
                },
                wanted.sessionTimeout());
    }

    TopicsConfig topics() {
        var topics = config.topics();
        var counts = config.kafka().embedded() ? TopicsConfig.embedded() : TopicsConfig.defaults();
        return new TopicsConfig(
                topics.prefix(),
                topic(topics.spans(), counts.spans()),
                topic(topics.tracesComplete(), counts.tracesComplete()),
                topic(topics.samplingDecisions(), counts.samplingDecisions()),
                new Topic(
                        topics.samplingControl().name(),
                        counts.samplingControl().partitions(),
                        topics.samplingControl().retention()),
                topic(topics.ledger(), counts.ledger()),
                topic(topics.dependencies(), counts.dependencies()),
                topic(topics.deadLetters(), counts.deadLetters()));
    }

    private static Topic topic(TopicConfig topic, Topic unset) {
        return new Topic(topic.name(), topic.partitionsOr(unset.partitions()), topic.retention());
    }

    /// Where Kafka is reached that somebody else has started.
    static String kafkaAddress(MillraceConfig config) {
        return config.kafka().embedded()
                ? config.broker().host() + ":" + config.broker().port()
                : String.join(",", config.kafka().bootstrapServers());
    }

    SinkConfig sink() {
        return new SinkConfig(
                switch (config.spans().keying()) {
                    case TRACE_ID -> Keying.TRACE_ID;
                    case PACKED -> Keying.PACKED;
                    case ROUND_ROBIN -> Keying.ROUND_ROBIN;
                },
                switch (config.spans().encoding()) {
                    case OTLP_PROTO -> Encoding.OTLP_PROTO;
                    case JAEGER_PROTO -> Encoding.JAEGER_PROTO;
                    case JAEGER_JSON -> Encoding.JAEGER_JSON;
                    case ZIPKIN_JSON -> Encoding.ZIPKIN_JSON;
                },
                config.sink().maxInFlight(),
                config.sink().maxWait(),
                config.sink().deliveryTimeout());
    }

    /// @param instance names this process among the ingesters
    IngesterConfig ingester(String instance) {
        var ingester = config.ingester();
        return new IngesterConfig(
                ingester.group(),
                instance,
                ingesterSource(),
                ingester.writers(),
                ingester.batchBytes(),
                ingester.batchDelay(),
                ingester.maxInFlight());
    }

    /// How figures get into the store.
    DependencyIngesterConfig dependencyIngester() {
        var dependencies = config.ingester().dependencies();
        return DependencyIngesterConfig.of(dependencies.group(), dependencies.writeInterval());
    }

    /// Where the spans are that are stored.
    IngesterConfig.Source ingesterSource() {
        var ingester = config.ingester();
        return new IngesterConfig.Source(
                switch (ingester.feed()) {
                    case TRACES -> IngesterConfig.Feed.TRACES;
                    case SPANS -> IngesterConfig.Feed.SPANS;
                },
                ingester.topic().isEmpty() ? null : ingester.topic(),
                ingester.encoding().isEmpty() ? null : encoding("encoding", ingester.encoding()));
    }

    /// @param instance names this process among the aggregators
    /// @param enrichment what complete traces go through
    AggregatorConfig aggregator(String instance, Path scratch, Enrichment enrichment) {
        var aggregator = config.aggregator();
        return new AggregatorConfig(
                aggregator.group(),
                instance,
                aggregator.threads(),
                aggregator.commitInterval(),
                aggregator.maxMemory(),
                scratch,
                assembly().with(enrichment),
                tail(),
                figures());
    }

    /// What is counted of complete traces.
    private FiguresConfig figures() {
        var dependencies = config.aggregator().dependencies();
        var red = config.aggregator().red();
        return new FiguresConfig(
                dependencies.enabled(),
                new AnalysisConfig(
                        dependencies.maxServices(),
                        dependencies.maxOperations(),
                        dependencies.maxLinks(),
                        dependencies.maxLinkedSpans(),
                        red.enabled()),
                new RedTotals.Bounds(red.maxOperations(), red.maxLinks()));
    }

    /// The policy file is read again whenever it is asked for.
    TailConfig tail() {
        var tail = config.sampling().tail();
        String preset = tailPreset();
        boolean keepsAll = preset.equals(KEEP_ALL) && tail.policyFile().isEmpty();
        if (config.mode() == MillraceConfig.Mode.DIRECT && !keepsAll) {
            throw new IllegalArgumentException(
                    (tail.policyFile().isEmpty()
                                    ? "preset: " + preset
                                    : "policy-file: " + tail.policyFile())
                            + " (expected: keep-all in direct mode, where there is no log that"
                            + " verdicts could stand on)");
        }
        var durations = DurationWindow.Settings.DEFAULT;
        return new TailConfig(
                tail.policyFile().isEmpty()
                        ? () -> "preset: " + preset
                        : () -> policyText(Path.of(tail.policyFile())),
                tail.interval(),
                new DurationWindow.Settings(
                        tail.window().toMillis(),
                        durations.slices(),
                        durations.maxOperations(),
                        durations.leastTraces(),
                        durations.accuracy()),
                tail.demandWindow(),
                load(),
                MACHINE);
    }

    /// The policy that a preset means where traces are complete.
    private String tailPreset() {
        var own = config.sampling().tail().preset();
        return switch (own) {
            case KEEP_ALL, TAIL, HYBRID -> own.toString();
            case SAME ->
                    switch (config.sampling().preset()) {
                        case KEEP_ALL, HEAD -> KEEP_ALL;
                        case TAIL -> "tail";
                        case HYBRID -> "hybrid";
                    };
        };
    }

    private static String policyText(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "sampling.tail.policy-file: " + file + " (expected: a file that can be read)",
                    e);
        }
    }

    AssemblyConfig assembly() {
        var aggregator = config.aggregator();
        return new AssemblyConfig(
                aggregator.quietPeriod(),
                aggregator.maxAge(),
                aggregator.lateWindow(),
                LATE_WINDOW_TRACES,
                aggregator.maxPartBytes(),
                aggregator.maxPartSpans());
    }

    static CollectorConfig collector(MillraceConfig config) {
        var collector = config.collector();
        return new CollectorConfig(
                collector.host(),
                ports(collector.receivers()),
                collector.datagramTenant().isEmpty()
                        ? null
                        : new Tenant(collector.datagramTenant()),
                collector.maxRequest(),
                collector.maxInFlight(),
                collector.requestTimeout(),
                collector.idleTimeout(),
                collector.shutdownTimeout(),
                collector.maxConnections(),
                new CollectorConfig.Limits(
                        new CollectorConfig.Limits.Time(
                                collector.limits().past(), collector.limits().future()),
                        collector.limits().attribute(),
                        collector.limits().attributes(),
                        collector.limits().depth(),
                        collector.limits().spans()),
                rates(collector.rates()));
    }

    private static Map<Receiver, Integer> ports(ReceiversConfig receivers) {
        var ports = new EnumMap<Receiver, Integer>(Receiver.class);
        for (var receiver : Receiver.values()) {
            var wanted =
                    switch (receiver) {
                        case OTLP_GRPC -> receivers.otlpGrpc();
                        case OTLP_HTTP -> receivers.otlpHttp();
                        case ZIPKIN -> receivers.zipkin();
                        case JAEGER_GRPC -> receivers.jaegerGrpc();
                        case JAEGER_HTTP -> receivers.jaegerHttp();
                        case JAEGER_UDP_COMPACT -> receivers.jaegerUdpCompact();
                        case JAEGER_UDP_BINARY -> receivers.jaegerUdpBinary();
                        case SAMPLING_HTTP -> receivers.samplingHttp();
                        case SAMPLING_GRPC -> receivers.samplingGrpc();
                    };
            if (wanted.enabled()) {
                ports.put(receiver, wanted.port());
            }
        }
        return ports;
    }

    private static Rates rates(RatesConfig rates) {
        var tenants = new HashMap<Tenant, Rate>();
        rates.tenants().forEach((name, text) -> tenants.put(new Tenant(name), rate(name, text)));
        return new Rates(new Rate(rates.bytes(), rates.spans()), tenants);
    }

    private static Rate rate(String tenant, String text) {
        var words = SPACES.splitAsStream(text.strip()).toList();
        try {
            if (words.size() == 2) {
                return new Rate(ByteSize.parse(words.getFirst()), Long.parseLong(words.getLast()));
            }
        } catch (IllegalArgumentException _) {
            // Told below, with the tenant it is for.
        }
        throw new IllegalArgumentException(
                "rates.tenants."
                        + tenant
                        + ": "
                        + text
                        + " (expected: bytes and spans a second, such as 10MiB 50000)");
    }

    /// What the head keeps.
    HeadConfig head() {
        var head = config.sampling().head();
        var rules = new ArrayList<HeadRule>();
        head.rules().forEach((names, share) -> rules.add(rule(names, share)));
        var usual =
                switch (config.sampling().preset()) {
                    case KEEP_ALL, TAIL -> HeadConfig.KEEP_ALL;
                    case HEAD -> HeadConfig.HEAD;
                    case HYBRID -> HeadConfig.HYBRID;
                };
        boolean enabled =
                switch (head.enabled()) {
                    case AUTO -> usual.enabled();
                    case ON -> true;
                    case OFF -> false;
                };
        return new HeadConfig(
                enabled,
                head.probability().isEmpty()
                        ? usual.defaultProbability()
                        : probability(head.probability()),
                rules,
                head.spansPerSecond(),
                head.spansPerSecondPerService(),
                head.rememberedTraces(),
                head.rememberedFor(),
                usual.maxServices());
    }

    private static double probability(String share) {
        try {
            return Double.parseDouble(share);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "probability: "
                            + share
                            + " (expected: a share from 0 to 1, or nothing for the preset's)",
                    e);
        }
    }

    private static HeadRule rule(String names, String share) {
        int space = names.indexOf(' ');
        try {
            return new HeadRule(
                    space < 0 ? names : names.substring(0, space),
                    space < 0 ? "*" : names.substring(space + 1).strip(),
                    Double.parseDouble(share));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "rules." + names + ": " + share + " (expected: a share from 0 to 1)", e);
        }
    }

    /// When head and tail give way to load.
    LoadFactor.Settings load() {
        var load = config.sampling().load();
        var usual = LoadFactor.Settings.DEFAULT;
        return new LoadFactor.Settings(
                load.highMark(), load.lowMark(), usual.least(), usual.holdNanos());
    }

    /// How strategies for SDKs are computed.
    AdaptiveStrategies.Settings adaptive() {
        var adaptive = config.sampling().remote().adaptive();
        return new AdaptiveStrategies.Settings(
                adaptive.targetPerSecond(),
                adaptive.tolerance(),
                adaptive.initial(),
                adaptive.minimum(),
                adaptive.lowerBoundPerSecond(),
                AdaptiveStrategies.Settings.DEFAULT.mostOperations());
    }

    /// Where Redis is; empty for none.
    Optional<RedisConfig> redis() {
        var redis = config.redis();
        if (redis.uri().isEmpty()) {
            return Optional.empty();
        }
        var usual =
                RedisConfig.of(
                        URI.create(redis.uri()),
                        redis.user(),
                        password(redis.password(), redis.passwordFile()));
        return Optional.of(
                new RedisConfig(
                        usual.uri(),
                        usual.user(),
                        usual.password(),
                        redis.timeout(),
                        usual.maxInFlight(),
                        redis.maxQueuedIds(),
                        config.sampling().head().rememberedFor(),
                        usual.pollInterval()));
    }

    static String password(String password, String file) {
        return secret("password", password, file);
    }

    /// What a setting or, if there is one, the file beside it says.
    static String secret(String name, String value, String file) {
        if (file.isEmpty()) {
            return value;
        }
        try {
            return Files.readString(Path.of(file)).strip();
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    name + "-file: " + file + " (expected: a file to be read)", e);
        }
    }

    /// The topics of others to read: a source for each encoding, and for each pattern.
    List<KafkaSourceConfig> kafkaSources() {
        var topics = new EnumMap<SourceEncoding, List<String>>(SourceEncoding.class);
        var sources = new ArrayList<KafkaSourceConfig>();
        config.sources()
                .kafka()
                .topics()
                .forEach((topic, word) -> {
                    var encoding = encoding("topics." + topic, word);
                    if (topic.length() > 2 && topic.startsWith("/") && topic.endsWith("/")) {
                        String pattern = topic.substring(1, topic.length() - 1);
                        sources.add(kafkaSource(topic, List.of(), pattern, encoding));
                    } else {
                        topics.computeIfAbsent(encoding, _ -> new ArrayList<>()).add(topic);
                    }
                });
        topics.forEach((encoding, named) ->
                sources.add(kafkaSource(encoding.word(), named, null, encoding)));
        return sources;
    }

    private KafkaSourceConfig kafkaSource(
            String name, List<String> topics, @Nullable String pattern, SourceEncoding encoding) {
        var kafka = config.sources().kafka();
        return new KafkaSourceConfig(
                name,
                kafka.bootstrapServers().isEmpty()
                        ? null
                        : String.join(",", kafka.bootstrapServers()),
                kafka.properties(),
                kafka.group(),
                topics,
                pattern,
                encoding,
                kafka.threads(),
                tenant(kafka.tenant()),
                kafka.tenantHeader().isEmpty() ? null : kafka.tenantHeader(),
                kafka.maxInFlight());
    }

    private static SourceEncoding encoding(String key, String word) {
        return SourceEncoding.of(word)
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                key
                                        + ": "
                                        + word
                                        + " (expected: one of "
                                        + SourceEncoding.words()
                                        + ")"));
    }

    private static Tenant tenant(String name) {
        return name.isEmpty() ? Tenant.DEFAULT : new Tenant(name);
    }

    /// The ActiveMQ queue to read; empty for none.
    Optional<ActiveMqConfig> activeMq() {
        var queue = config.sources().activemq();
        return queue.url().isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new ActiveMqConfig(
                                queue.url(),
                                queue.username(),
                                password(queue.password(), queue.passwordFile()),
                                queue.queue(),
                                queue.concurrency(),
                                ActiveMqConfig.DEFAULT.window(),
                                tenant(queue.tenant())));
    }

    /// The RabbitMQ queue to read; empty for none.
    Optional<RabbitMqConfig> rabbitMq() {
        var queue = config.sources().rabbitmq();
        return queue.addresses().isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new RabbitMqConfig(
                                queue.addresses(),
                                queue.virtualHost(),
                                queue.username(),
                                password(queue.password(), queue.passwordFile()),
                                queue.tls(),
                                queue.queue(),
                                queue.concurrency(),
                                RabbitMqConfig.DEFAULT.window(),
                                queue.connectionTimeout(),
                                tenant(queue.tenant())));
    }

    /// Who may come in.
    AccessConfig access() {
        var access = config.access();
        return new AccessConfig(
                access.tenants(),
                access.tenantHeader(),
                access.credentials().isEmpty() ? null : Path.of(access.credentials()),
                access.refresh());
    }

    /// The certificates of our ports; empty for plain text.
    Optional<TlsConfig> tls() {
        var tls = config.tls();
        return tls.wanted()
                ? Optional.of(
                        new TlsConfig(
                                Path.of(tls.certificate()),
                                Path.of(tls.key()),
                                tls.clientCa().stream().map(Path::of).toList(),
                                switch (tls.clientAuth()) {
                                    case NONE -> TlsConfig.ClientAuth.NONE;
                                    case OPTIONAL -> TlsConfig.ClientAuth.OPTIONAL;
                                    case REQUIRED -> TlsConfig.ClientAuth.REQUIRED;
                                },
                                tls.refresh()))
                : Optional.empty();
    }

    /// Which web pages may call.
    CorsConfig cors() {
        var none = CorsConfig.NONE;
        return new CorsConfig(config.cors().origins(), none.headers(), none.maxAge());
    }

    static QueryConfig query(MillraceConfig config) {
        var query = config.query();
        return new QueryConfig(
                query.host(),
                query.port(),
                query.requestTimeout(),
                query.maxTraces(),
                query.maxConcurrentRequests(),
                new ZipkinConfig(
                        query.zipkin().searchEnabled(),
                        query.zipkin().strictTraceId(),
                        query.zipkin().defaultLookback(),
                        query.zipkin().autocompleteKeys()));
    }
}
