package dev.millrace.server;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.collector.CollectorConfig;
import dev.millrace.pipeline.AggregatorConfig;
import dev.millrace.pipeline.IngesterConfig;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.SinkConfig;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.query.QueryConfig;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.MillraceConfig.TopicConfig;
import dev.millrace.storage.local.LocalStoreConfig;
import java.nio.file.Path;
import java.time.Duration;

/// What each component needs to know, taken from what the operator has set.
///
/// @param bootstrapServers where Kafka is reached, the embedded broker included
record ComponentConfig(MillraceConfig config, String bootstrapServers) {

    // Long enough for a busy store, short enough that a browser has not given up.
    private static final Duration QUERY_TIMEOUT = Duration.ofSeconds(30);
    private static final int QUERY_MAX_TRACES = 1_500;
    private static final int QUERY_MAX_REQUESTS = 64;
    private static final int LATE_WINDOW_TRACES = 4_000_000;

    KafkaConfig kafka() {
        var wanted = config.kafka();
        var defaults =
                wanted.embedded()
                        ? KafkaConfig.embedded(bootstrapServers)
                        : KafkaConfig.cluster(bootstrapServers);
        return new KafkaConfig(
                bootstrapServers,
                wanted.properties(),
                wanted.replication() == 0 ? defaults.replicationFactor() : wanted.replication(),
                defaults.durability(),
                defaults.sessionTimeout());
    }

    TopicsConfig topics() {
        var topics = config.topics().resolve(config.kafka().embedded());
        return new TopicsConfig(
                "",
                topic(topics.spans()),
                topic(topics.tracesComplete()),
                topic(topics.samplingDecisions()),
                topic(topics.deadLetters()));
    }

    private static Topic topic(TopicConfig topic) {
        return new Topic(topic.name(), topic.partitions(), topic.retention());
    }

    SinkConfig sink() {
        return new SinkConfig(
                config.collector().maxInFlight(), SinkConfig.defaults().deliveryTimeout());
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
                ingester.batchTime());
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
                collector.grpcPort(),
                collector.httpPort(),
                collector.maxRequest(),
                collector.maxInFlight(),
                // Kafka may take its whole delivery time-out to refuse a request.
                SinkConfig.defaults().deliveryTimeout().plusSeconds(5),
                CollectorConfig.DEFAULT.shutdownTimeout(),
                CollectorConfig.DEFAULT.maxConnections(),
                new CollectorConfig.Limits(
                        new CollectorConfig.Limits.Time(
                                collector.limits().past(), collector.limits().future()),
                        collector.limits().attribute()));
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
        return new QueryConfig(
                config.query().host(),
                config.query().port(),
                QUERY_TIMEOUT,
                QUERY_MAX_TRACES,
                QUERY_MAX_REQUESTS);
    }
}
