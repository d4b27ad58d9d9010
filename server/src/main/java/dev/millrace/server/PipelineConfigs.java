package dev.millrace.server;

import dev.millrace.analysis.AnalysisConfig;
import dev.millrace.analysis.RedTotals;
import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.assembly.Enrichment;
import dev.millrace.pipeline.AggregatorConfig;
import dev.millrace.pipeline.DependencyIngesterConfig;
import dev.millrace.pipeline.Encoding;
import dev.millrace.pipeline.FiguresConfig;
import dev.millrace.pipeline.IngesterConfig;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.pipeline.Keying;
import dev.millrace.pipeline.SinkConfig;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.MillraceConfig.TopicConfig;
import java.nio.file.Path;

/// What the settings of Kafka, its topics, and those who write and read them come to.
final class PipelineConfigs {

    private static final int LATE_WINDOW_TRACES = 4_000_000;

    private PipelineConfigs() {}

    /// The Kafka that somebody else has started.
    static KafkaConfig kafka(MillraceConfig config) {
        return kafka(config, kafkaAddress(config));
    }

    /// @param bootstrapServers where it is reached: the embedded broker, or those of the cluster
    static KafkaConfig kafka(MillraceConfig config, String bootstrapServers) {
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

    /// Where Kafka is reached that somebody else has started.
    static String kafkaAddress(MillraceConfig config) {
        return config.kafka().embedded()
                ? config.broker().host() + ":" + config.broker().port()
                : String.join(",", config.kafka().bootstrapServers());
    }

    static TopicsConfig topics(MillraceConfig config) {
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

    static SinkConfig sink(MillraceConfig config) {
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

    /// @param instance names this process among the aggregators
    /// @param enrichment what complete traces go through
    static AggregatorConfig aggregator(
            MillraceConfig config, String instance, Path scratch, Enrichment enrichment) {
        var aggregator = config.aggregator();
        return new AggregatorConfig(
                aggregator.group(),
                instance,
                aggregator.threads(),
                aggregator.commitInterval(),
                aggregator.maxMemory(),
                scratch,
                assembly(config).with(enrichment),
                SamplingConfigs.tail(config),
                figures(config));
    }

    /// What is counted of complete traces.
    private static FiguresConfig figures(MillraceConfig config) {
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

    static AssemblyConfig assembly(MillraceConfig config) {
        var aggregator = config.aggregator();
        return new AssemblyConfig(
                aggregator.quietPeriod(),
                aggregator.maxAge(),
                aggregator.lateWindow(),
                LATE_WINDOW_TRACES,
                aggregator.maxPartBytes(),
                aggregator.maxPartSpans());
    }

    /// @param instance names this process among the ingesters
    static IngesterConfig ingester(MillraceConfig config, String instance) {
        var ingester = config.ingester();
        return new IngesterConfig(
                ingester.group(),
                instance,
                ingesterSource(config),
                ingester.writers(),
                ingester.batchBytes(),
                ingester.batchDelay(),
                ingester.maxInFlight());
    }

    /// Where the spans are that are stored.
    static IngesterConfig.Source ingesterSource(MillraceConfig config) {
        var ingester = config.ingester();
        return new IngesterConfig.Source(
                switch (ingester.feed()) {
                    case TRACES -> IngesterConfig.Feed.TRACES;
                    case SPANS -> IngesterConfig.Feed.SPANS;
                },
                ingester.topic().isEmpty() ? null : ingester.topic(),
                ingester.encoding().isEmpty()
                        ? null
                        : SourceConfigs.encoding("encoding", ingester.encoding()));
    }

    /// How figures get into the store.
    static DependencyIngesterConfig dependencyIngester(MillraceConfig config) {
        var dependencies = config.ingester().dependencies();
        return DependencyIngesterConfig.of(dependencies.group(), dependencies.writeInterval());
    }
}
