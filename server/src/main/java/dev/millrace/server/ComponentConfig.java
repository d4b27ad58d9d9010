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
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.MillraceConfig.TopicConfig;
import dev.millrace.storage.local.LocalStoreConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// What each component needs to know, taken from what the operator has set.
///
/// @param bootstrapServers where Kafka is reached, the embedded broker included
record ComponentConfig(MillraceConfig config, String bootstrapServers) {

    private static final int LATE_WINDOW_TRACES = 4_000_000;

    /// Has every component look at its settings before any of them is opened.
    ///
    /// @throws ConfigException naming each value that a component refuses
    static void check(MillraceConfig config) throws ConfigException {
        var any = new ComponentConfig(config, "any:9092");
        var problems = new ArrayList<String>();
        note(problems, "kafka", any::kafka);
        note(problems, "topics", any::topics);
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
        return new SinkConfig(config.sink().maxInFlight(), config.sink().deliveryTimeout());
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
                collector.grpcPort(),
                collector.httpPort(),
                collector.maxRequest(),
                collector.maxInFlight(),
                collector.requestTimeout(),
                collector.shutdownTimeout(),
                collector.maxConnections(),
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
        var query = config.query();
        return new QueryConfig(
                query.host(),
                query.port(),
                query.requestTimeout(),
                query.maxTraces(),
                query.maxConcurrentRequests());
    }
}
