package dev.millrace.server;

import dev.millrace.access.AccessConfig;
import dev.millrace.access.CorsConfig;
import dev.millrace.access.TlsConfig;
import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.cache.RedisConfig;
import dev.millrace.collector.CollectorConfig;
import dev.millrace.collector.CollectorConfig.Rate;
import dev.millrace.collector.CollectorConfig.Rates;
import dev.millrace.collector.Receiver;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.AggregatorConfig;
import dev.millrace.pipeline.IngesterConfig;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.Keying;
import dev.millrace.pipeline.SinkConfig;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.query.QueryConfig;
import dev.millrace.sampling.AdaptiveStrategies;
import dev.millrace.sampling.HeadConfig;
import dev.millrace.sampling.HeadRule;
import dev.millrace.sampling.LoadFactor;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.MillraceConfig.RatesConfig;
import dev.millrace.server.config.MillraceConfig.ReceiversConfig;
import dev.millrace.server.config.MillraceConfig.TopicConfig;
import dev.millrace.storage.local.LocalStoreConfig;
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

/// What each component needs to know, taken from what the operator has set.
///
/// @param bootstrapServers where Kafka is reached, the embedded broker included
record ComponentConfig(MillraceConfig config, String bootstrapServers) {

    private static final int LATE_WINDOW_TRACES = 4_000_000;
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
        note(problems, "sampling.head", any::load);
        note(problems, "sampling.remote.adaptive", any::adaptive);
        note(problems, "redis", any::redis);
        note(problems, "collector", () -> collector(config));
        note(problems, "sink", any::sink);
        note(problems, "aggregator", () -> any.aggregator("any", config.dataDir()));
        note(problems, "ingester", any::ingester);
        note(problems, "storage.local", () -> store(config));
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
                topic(topics.deadLetters(), counts.deadLetters()));
    }

    private static Topic topic(TopicConfig topic, Topic unset) {
        return new Topic(topic.name(), topic.partitionsOr(unset.partitions()), topic.retention());
    }

    SinkConfig sink() {
        return new SinkConfig(
                switch (config.spans().keying()) {
                    case TRACE_ID -> Keying.TRACE_ID;
                    case PACKED -> Keying.PACKED;
                    case ROUND_ROBIN -> Keying.ROUND_ROBIN;
                },
                config.sink().maxInFlight(),
                config.sink().deliveryTimeout());
    }

    IngesterConfig ingester() {
        var ingester = config.ingester();
        return new IngesterConfig(
                ingester.group(),
                switch (ingester.feed()) {
                    case TRACES -> IngesterConfig.Feed.TRACES;
                    case SPANS -> IngesterConfig.Feed.SPANS;
                },
                ingester.batchBytes(),
                ingester.batchDelay());
    }

    /// @param instance names this process among the aggregators
    AggregatorConfig aggregator(String instance, Path scratch) {
        var aggregator = config.aggregator();
        return new AggregatorConfig(
                aggregator.group(),
                instance,
                aggregator.threads(),
                aggregator.commitInterval(),
                aggregator.maxMemory(),
                scratch,
                assembly());
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
        return new HeadConfig(
                head.enabled(),
                head.probability(),
                rules,
                head.spansPerSecond(),
                head.spansPerSecondPerService(),
                head.rememberedTraces(),
                head.rememberedFor(),
                HeadConfig.HEAD.maxServices());
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

    /// When the head gives way to load.
    LoadFactor.Settings load() {
        var head = config.sampling().head();
        var usual = LoadFactor.Settings.DEFAULT;
        return new LoadFactor.Settings(
                head.highMark(), head.lowMark(), usual.least(), usual.holdNanos());
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
        var usual = RedisConfig.of(URI.create(redis.uri()), redis.user(), password(redis));
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

    private static String password(MillraceConfig.RedisConfig redis) {
        if (redis.passwordFile().isEmpty()) {
            return redis.password();
        }
        try {
            return Files.readString(Path.of(redis.passwordFile())).strip();
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "password-file: " + redis.passwordFile() + " (expected: a file to be read)", e);
        }
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

    static LocalStoreConfig store(MillraceConfig config) {
        var local = config.storage().local();
        return new LocalStoreConfig(
                local.directoryBelow(config.dataDir()),
                local.window(),
                local.retention(),
                local.maxSize());
    }

    static QueryConfig query(MillraceConfig config) {
        var query = config.query();
        return new QueryConfig(
                query.host(),
                query.port(),
                query.requestTimeout(),
                query.maxTraces(),
                query.maxConcurrentRequests());
    }
}
