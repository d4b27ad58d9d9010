package dev.millrace.server.config;

import dev.millrace.model.ByteSize;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Everything an operator can set, checked.
///
/// A component `quietPeriod` of the record in `aggregator` is the key `aggregator.quiet-period`.
/// The defaults and what each key means stand in `millrace-defaults.yaml`.
public record MillraceConfig(
        Mode mode,
        Path dataDir,
        String instance,
        Duration stopDeadline,
        List<String> sites,
        KafkaConfig kafka,
        BrokerConfig broker,
        TopicsConfig topics,
        SpansConfig spans,
        AccessConfig access,
        TlsConfig tls,
        CorsConfig cors,
        CollectorConfig collector,
        SourcesConfig sources,
        AgentConfig agent,
        SamplingConfig sampling,
        RedisConfig redis,
        SinkConfig sink,
        AggregatorConfig aggregator,
        EnrichmentConfig enrichment,
        IngesterConfig ingester,
        StorageConfig storage,
        CacheConfig cache,
        QueryConfig query,
        EndpointConfig health,
        EndpointConfig metrics,
        LogConfig log) {

    /// Whether Kafka stands between the collector and the store.
    public enum Mode {
        STREAMING,
        DIRECT
    }

    /// What to do about a cluster that cannot keep as many copies as asked for.
    public enum Durability {
        LENIENT,
        STRICT
    }

    /// What the ingester reads: finished traces, or every span as it arrives.
    public enum Feed {
        TRACES,
        SPANS
    }

    /// The least severe log line that is written.
    public enum LogLevel {
        ERROR,
        WARN,
        INFO,
        DEBUG,
        TRACE
    }

    /// How a log line looks.
    public enum LogFormat {
        TEXT,
        JSON
    }

    /// The cluster to use. No bootstrap servers means the embedded broker, at the address of
    /// [BrokerConfig].
    public record KafkaConfig(
            List<String> bootstrapServers,
            @Between(min = 0, max = 32) int replicationFactor,
            Durability durability,
            Duration sessionTimeout,
            Map<String, String> properties) {

        public boolean embedded() {
            return bootstrapServers.isEmpty();
        }

        /// Names the properties and keeps their values, which may be secret, to itself.
        @Override
        public String toString() {
            return "KafkaConfig[bootstrapServers=%s, replicationFactor=%s, properties=%s]"
                    .formatted(bootstrapServers, replicationFactor, properties.keySet());
        }
    }

    /// Where the embedded broker listens.
    public record BrokerConfig(
            String host, @Between(min = 0, max = 65_535) int port, BrokerTlsConfig tls) {}

    /// Where the embedded broker listens for those of other machines, who show a certificate. No
    /// certificate of its own means nowhere.
    public record BrokerTlsConfig(
            String host,
            @Between(min = 0, max = 65_535) int port,
            String advertised,
            String certificate,
            String key,
            List<String> clientCa) {

        public BrokerTlsConfig {
            if (certificate.isEmpty() != key.isEmpty()
                    || certificate.isEmpty() != clientCa.isEmpty()) {
                throw new IllegalArgumentException(
                        "client-ca: %s with certificate: \"%s\" and key: \"%s\" (expected: all or none)"
                                .formatted(clientCa, certificate, key));
            }
        }

        public boolean wanted() {
            return !certificate.isEmpty();
        }
    }

    /// The topics.
    public record TopicsConfig(
            String prefix,
            TopicConfig spans,
            TopicConfig tracesComplete,
            TopicConfig samplingDecisions,
            NarrowTopicConfig samplingControl,
            TopicConfig ledger,
            TopicConfig dependencies,
            TopicConfig deadLetters,
            TopicConfig zipkinTraces,
            TopicConfig zipkinDependencies) {}

    /// One topic: its name, its partition count and how long it keeps a record.
    public record TopicConfig(
            String name, @Between(min = 0, max = 10_000) int partitions, Duration retention) {

        /// The count to create the topic with.
        ///
        /// @param unset the count where the configuration leaves it open
        public int partitionsOr(int unset) {
            return partitions == 0 ? unset : partitions;
        }
    }

    /// A topic of one partition.
    public record NarrowTopicConfig(String name, Duration retention) {}

    /// How the collector writes spans into their topic, and what others write there.
    public record SpansConfig(
            Keying keying,
            Encoding encoding,
            UnnamedEncoding unnamedEncoding,
            MarkersConfig markers) {}

    /// Which markers the collector appends where no spans come.
    public record MarkersConfig(Duration interval, Duration lasting) {}

    /// Which record, and so which partition, a span goes into.
    public enum Keying {
        TRACE_ID("trace-id"),
        PACKED("packed"),
        ROUND_ROBIN("round-robin");

        private final String word;

        Keying(String word) {
            this.word = word;
        }

        @Override
        public String toString() {
            return word;
        }
    }

    /// What the value of a record is written in.
    public enum Encoding {
        OTLP_PROTO,
        JAEGER_PROTO,
        JAEGER_JSON,
        ZIPKIN_JSON,
        ZIPKIN_PROTO
    }

    /// What the value of a record is written in that does not say so.
    public enum UnnamedEncoding {
        /// As our collectors write it.
        OURS,
        OTLP_PROTO,
        OTLP_JSON,
        JAEGER_PROTO,
        JAEGER_JSON,
        ZIPKIN_JSON,
        ZIPKIN_PROTO,
        ZIPKIN_THRIFT,
        /// Any of Zipkin's.
        ZIPKIN
    }

    /// Who may come in. No file of credentials lets everybody in.
    public record AccessConfig(
            boolean tenants, String tenantHeader, String credentials, Duration refresh) {}

    /// The certificates of our ports. No certificate means plain text.
    public record TlsConfig(
            String certificate,
            String key,
            List<String> clientCa,
            ClientAuth clientAuth,
            Duration refresh) {

        public TlsConfig {
            if (certificate.isEmpty() != key.isEmpty()) {
                throw new IllegalArgumentException(
                        "key: \"%s\" with certificate: \"%s\" (expected: both or none)"
                                .formatted(key, certificate));
            }
            if (certificate.isEmpty() && clientAuth != ClientAuth.NONE) {
                throw new IllegalArgumentException(
                        "client-auth: %s without certificate (expected: none)"
                                .formatted(clientAuth.name().toLowerCase(Locale.ROOT)));
            }
        }

        public boolean wanted() {
            return !certificate.isEmpty();
        }
    }

    /// Whether clients show a certificate.
    public enum ClientAuth {
        NONE,
        OPTIONAL,
        REQUIRED
    }

    /// Which web pages may send spans and ask for traces.
    public record CorsConfig(List<String> origins) {}

    /// Where spans are taken in, and how much of them.
    public record CollectorConfig(
            boolean enabled,
            String host,
            ReceiversConfig receivers,
            String datagramTenant,
            ByteSize maxRequest,
            ByteSize maxInFlight,
            Duration requestTimeout,
            Duration idleTimeout,
            Duration shutdownTimeout,
            @Between(min = 1, max = 1_000_000) int maxConnections,
            LimitsConfig limits,
            RatesConfig rates) {

        public CollectorConfig {
            if (maxInFlight.bytes() < maxRequest.bytes()) {
                throw new IllegalArgumentException(
                        "max-in-flight: %s (expected: at least max-request, %s)"
                                .formatted(maxInFlight, maxRequest));
            }
        }
    }

    /// The ports that spans come in by.
    public record ReceiversConfig(
            ReceiverConfig otlpGrpc,
            ReceiverConfig otlpHttp,
            ReceiverConfig zipkin,
            ReceiverConfig jaegerGrpc,
            ReceiverConfig jaegerHttp,
            ReceiverConfig jaegerUdpCompact,
            ReceiverConfig jaegerUdpBinary,
            ReceiverConfig samplingHttp,
            ReceiverConfig samplingGrpc) {}

    /// One port, and whether it is opened.
    public record ReceiverConfig(boolean enabled, @Between(min = 0, max = 65_535) int port) {}

    /// Which requests and spans are refused or cut.
    public record LimitsConfig(
            Duration past,
            Duration future,
            ByteSize attribute,
            @Between(min = 1, max = 100_000) int attributes,
            @Between(min = 1, max = 32) int depth,
            @Between(min = 1, max = 10_000_000) int spans) {}

    /// What each tenant may send in a second; 0 is any number.
    ///
    /// @param tenants bytes and spans of single tenants, such as `10MiB 50000`
    public record RatesConfig(
            ByteSize bytes,
            @Between(min = 0, max = Integer.MAX_VALUE) int spans,
            Map<String, String> tenants) {}

    /// Where the collector fetches spans that others have put down.
    public record SourcesConfig(
            KafkaSourceConfig kafka, ActiveMqConfig activemq, RabbitMqConfig rabbitmq) {}

    /// Topics to read. No topics means none.
    ///
    /// @param topics encodings by topic, or by a pattern for topics between slashes
    public record KafkaSourceConfig(
            Map<String, String> topics,
            List<String> bootstrapServers,
            Map<String, String> properties,
            String group,
            @Between(min = 1, max = 1_000) int threads,
            String tenant,
            String tenantHeader,
            ByteSize maxInFlight) {

        /// Names the properties and keeps their values, which may be secret, to itself.
        @Override
        public String toString() {
            return "KafkaSourceConfig[topics=%s, bootstrapServers=%s, properties=%s]"
                    .formatted(topics, bootstrapServers, properties.keySet());
        }
    }

    /// The ActiveMQ queue to read. No address means none.
    public record ActiveMqConfig(
            String url,
            String username,
            String password,
            String passwordFile,
            String queue,
            @Between(min = 1, max = 1_000) int concurrency,
            String tenant) {

        /// Keeps the password to itself.
        @Override
        public String toString() {
            return "ActiveMqConfig[url=%s, queue=%s]".formatted(url, queue);
        }
    }

    /// The RabbitMQ queue to read. No addresses means none.
    public record RabbitMqConfig(
            List<String> addresses,
            String virtualHost,
            String username,
            String password,
            String passwordFile,
            boolean tls,
            String queue,
            @Between(min = 1, max = 1_000) int concurrency,
            Duration connectionTimeout,
            String tenant) {

        /// Keeps the password to itself.
        @Override
        public String toString() {
            return "RabbitMqConfig[addresses=%s, queue=%s]".formatted(addresses, queue);
        }
    }

    /// What complete traces go through before it is decided which are stored.
    ///
    /// @param enrichers the names of those that plugins bring, in their order
    /// @param settings of enrichers, each key after the enricher's name and a dot
    public record EnrichmentConfig(
            String rulesFile,
            String hashKeyFile,
            List<String> enrichers,
            Map<String, String> settings,
            String pluginsDir) {}

    /// Which spans and traces are kept, before the log and behind it.
    public record SamplingConfig(
            Preset preset,
            LoadConfig load,
            HeadConfig head,
            TailConfig tail,
            RemoteConfig remote) {}

    /// One word for head and tail together.
    public enum Preset {
        KEEP_ALL("keep-all"),
        HEAD("head"),
        TAIL("tail"),
        HYBRID("hybrid");

        private final String word;

        Preset(String word) {
            this.word = word;
        }

        @Override
        public String toString() {
            return word;
        }
    }

    /// When a machine is busy, as shares of CPU and memory in use.
    public record LoadConfig(double highMark, double lowMark) {}

    /// Which complete traces are stored.
    public record TailConfig(
            TailPreset preset,
            String policyFile,
            Duration interval,
            Duration window,
            Duration demandWindow) {}

    /// A policy that needs no file.
    public enum TailPreset {
        /// That of the preset for all.
        SAME("same"),
        KEEP_ALL("keep-all"),
        TAIL("tail"),
        HYBRID("hybrid");

        private final String word;

        TailPreset(String word) {
            this.word = word;
        }

        @Override
        public String toString() {
            return word;
        }
    }

    /// Whether something is done at all.
    public enum Switch {
        /// As the preset says.
        AUTO("auto"),
        ON("true"),
        OFF("false");

        private final String word;

        Switch(String word) {
            this.word = word;
        }

        @Override
        public String toString() {
            return word;
        }
    }

    /// Which spans the collector lets go on.
    ///
    /// @param probability a number; empty for that of the preset
    /// @param rules probabilities by service, or by service and operation with a space between
    public record HeadConfig(
            Switch enabled,
            String probability,
            Map<String, String> rules,
            double spansPerSecond,
            double spansPerSecondPerService,
            @Between(min = 1, max = 100_000_000) int rememberedTraces,
            Duration rememberedFor) {}

    /// What SDKs are told to sample. No file means one probability for all, unless it is adaptive.
    public record RemoteConfig(
            String file, double probability, Duration refresh, AdaptiveConfig adaptive) {}

    /// Probabilities computed from what arrives.
    public record AdaptiveConfig(
            boolean enabled,
            double targetPerSecond,
            double tolerance,
            double initial,
            double minimum,
            double lowerBoundPerSecond,
            Duration interval) {}

    /// The Redis that processes share what they remember through. No address means none.
    public record RedisConfig(
            String uri,
            String user,
            String password,
            String passwordFile,
            Duration timeout,
            @Between(min = 1, max = 10_000_000) int maxQueuedIds) {

        /// Keeps the password to itself.
        @Override
        public String toString() {
            return "RedisConfig[uri=%s, user=%s]".formatted(uri, user);
        }
    }

    /// How much may wait for Kafka's acknowledgement, and for how long.
    public record SinkConfig(ByteSize maxInFlight, Duration maxWait, Duration deliveryTimeout) {}

    /// When a trace is complete, and how much of it is held meanwhile.
    public record AggregatorConfig(
            boolean enabled,
            String group,
            @Between(min = 1, max = 256) int threads,
            Duration quietPeriod,
            Duration maxAge,
            Duration lateWindow,
            ByteSize maxPartBytes,
            @Between(min = 1, max = 1_000_000) int maxPartSpans,
            ByteSize maxMemory,
            Duration commitInterval,
            DependenciesConfig dependencies,
            RedConfig red) {

        public AggregatorConfig {
            if (maxAge.compareTo(quietPeriod) < 0) {
                throw new IllegalArgumentException(
                        "max-age: %s (expected: at least quiet-period, %s)"
                                .formatted(Durations.text(maxAge), Durations.text(quietPeriod)));
            }
            var longestOpen = maxAge.plus(quietPeriod);
            if (lateWindow.compareTo(longestOpen) < 0) {
                throw new IllegalArgumentException(
                        "late-window: %s (expected: at least max-age and quiet-period together, %s)"
                                .formatted(
                                        Durations.text(lateWindow), Durations.text(longestOpen)));
            }
        }
    }

    /// Which services call which, and what they do.
    public record DependenciesConfig(
            boolean enabled,
            @Between(min = 1, max = 100_000) int maxServices,
            @Between(min = 1, max = 10_000) int maxOperations,
            @Between(min = 1, max = 1_000_000) int maxLinks,
            @Between(min = 0, max = 10_000_000) int maxLinkedSpans) {}

    /// The same as metrics.
    public record RedConfig(
            boolean enabled,
            @Between(min = 1, max = 1_000_000) int maxOperations,
            @Between(min = 1, max = 1_000_000) int maxLinks) {}

    /// What is written to the store, and in what batches.
    public record IngesterConfig(
            String group,
            Feed feed,
            String topic,
            String encoding,
            @Between(min = 1, max = 256) int writers,
            ByteSize batchBytes,
            Duration batchDelay,
            ByteSize maxInFlight,
            IngesterDependenciesConfig dependencies) {}

    /// How the figures of services get into the store.
    public record IngesterDependenciesConfig(
            boolean enabled, String topic, String group, Duration writeInterval) {}

    /// What is remembered of the store's answers: in Redis where one is configured, in the process
    /// otherwise.
    public record CacheConfig(
            boolean enabled,
            ByteSize maxSize,
            ByteSize maxTrace,
            Duration traceExpiry,
            Duration namesExpiry,
            Duration ingestDelay,
            Duration redisWait) {}

    /// Where questions are answered and the user interface is served.
    public record QueryConfig(
            String host,
            @Between(min = 0, max = 65_535) int port,
            @Between(min = -1, max = 65_535) int grpcPort,
            Duration requestTimeout,
            @Between(min = 1, max = 10_000) int maxTraces,
            @Between(min = 1, max = 10_000) int maxConcurrentRequests,
            boolean traceById,
            boolean search,
            boolean dependencies,
            List<String> alsoRead,
            boolean partialAnswers,
            @Between(min = 1, max = 10_000_000) int maxSpans,
            QueryRatesConfig rates,
            Duration maxClockSkew,
            String archive,
            List<String> processes,
            ZipkinConfig zipkin) {}

    /// How many questions each tenant may ask in a second; 0 is any number.
    ///
    /// @param tenants questions of single tenants
    public record QueryRatesConfig(
            @Between(min = 0, max = 1_000_000) int requests, Map<String, String> tenants) {}

    /// How Zipkin's API behaves, and whether its UI is served.
    public record ZipkinConfig(
            boolean searchEnabled,
            boolean strictTraceId,
            Duration defaultLookback,
            List<String> autocompleteKeys,
            boolean ui) {}

    /// An address to listen on.
    public record EndpointConfig(String host, @Between(min = 0, max = 65_535) int port) {}

    /// What is logged, and how.
    public record LogConfig(LogLevel level, LogFormat format) {

        /// The same with no line less severe than `limit`.
        public LogConfig atMost(LogLevel limit) {
            return level.compareTo(limit) > 0 ? new LogConfig(limit, format) : this;
        }
    }
}
