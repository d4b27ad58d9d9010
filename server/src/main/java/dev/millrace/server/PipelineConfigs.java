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
import dev.millrace.pipeline.SpansDialect;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.pipeline.ZipkinTopics;
import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.MillraceConfig.TopicConfig;
import dev.millrace.server.config.StorageConfig.StorageType;
import dev.millrace.server.config.StorageConfig.StoredTopic;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

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
        var spans = topic(topics.spans(), counts.spans());
        var tracesComplete = topic(topics.tracesComplete(), counts.tracesComplete());
        var dependencies = topic(topics.dependencies(), counts.dependencies());
        return new TopicsConfig(
                topics.prefix(),
                spans,
                config.storage().type() == StorageType.KAFKA
                        ? keptAsLongAs(spans, tracesComplete)
                        : tracesComplete,
                topic(topics.samplingDecisions(), counts.samplingDecisions()),
                new Topic(
                        topics.samplingControl().name(),
                        counts.samplingControl().partitions(),
                        topics.samplingControl().retention()),
                topic(topics.ledger(), counts.ledger()),
                dependencies,
                topic(topics.deadLetters(), counts.deadLetters()),
                dialect(config),
                new ZipkinTopics(
                        zipkins(topics.zipkinTraces(), tracesComplete),
                        zipkins(topics.zipkinDependencies(), dependencies)),
                config.sites());
    }

    /// Nobody else keeps them.
    private static Topic keptAsLongAs(Topic other, Topic topic) {
        return topic.retention().compareTo(other.retention()) >= 0
                ? topic
                : new Topic(topic.name(), topic.partitions(), other.retention());
    }

    private static @Nullable Topic zipkins(TopicConfig topic, Topic ours) {
        return topic.name().isEmpty() ? null : topic(topic, ours);
    }

    private static SpansDialect dialect(MillraceConfig config) {
        var unnamed = unnamedEncoding(config);
        boolean zipkins =
                unnamed != null
                        && switch (unnamed) {
                            case ZIPKIN, ZIPKIN_JSON, ZIPKIN_PROTO, ZIPKIN_THRIFT -> true;
                            case OTLP_PROTO, OTLP_JSON, JAEGER_PROTO, JAEGER_JSON -> false;
                        };
        return new SpansDialect(
                unnamed,
                zipkins || config.spans().encoding() == MillraceConfig.Encoding.ZIPKIN_PROTO);
    }

    private static @Nullable SourceEncoding unnamedEncoding(MillraceConfig config) {
        return switch (config.spans().unnamedEncoding()) {
            case OURS -> null;
            case OTLP_PROTO -> SourceEncoding.OTLP_PROTO;
            case OTLP_JSON -> SourceEncoding.OTLP_JSON;
            case JAEGER_PROTO -> SourceEncoding.JAEGER_PROTO;
            case JAEGER_JSON -> SourceEncoding.JAEGER_JSON;
            case ZIPKIN_JSON -> SourceEncoding.ZIPKIN_JSON;
            case ZIPKIN_PROTO -> SourceEncoding.ZIPKIN_PROTO;
            case ZIPKIN_THRIFT -> SourceEncoding.ZIPKIN_THRIFT;
            case ZIPKIN -> SourceEncoding.ZIPKIN;
        };
    }

    /// The topics that no role of this process needs, because aggregation is switched off here.
    static Set<Topic> unneededTopics(MillraceConfig config, TopicsConfig topics) {
        if (config.aggregator().enabled()) {
            return Set.of();
        }
        var unneeded =
                new HashSet<Topic>(Set.of(topics.samplingDecisions(), topics.samplingControl()));
        boolean storesTraces =
                config.storage().type() == StorageType.KAFKA
                        ? config.storage().kafka().source() == StoredTopic.TRACES_COMPLETE
                        : config.ingester().feed() == MillraceConfig.Feed.TRACES;
        if (!storesTraces) {
            unneeded.add(topics.tracesComplete());
        }
        boolean readsFigures =
                config.storage().type() == StorageType.KAFKA
                        ? config.query().dependencies()
                        : config.ingester().dependencies().enabled();
        if (!readsFigures || !config.ingester().dependencies().topic().isEmpty()) {
            unneeded.add(topics.dependencies());
        }
        topics.zipkin().all().forEach(unneeded::add);
        if (!ingesterSource(config).topicsIn(topics).equals(topics.sources())) {
            unneeded.addAll(topics.siteTopics());
        }
        return unneeded;
    }

    private static Topic topic(TopicConfig topic, Topic unset) {
        return new Topic(topic.name(), topic.partitionsOr(unset.partitions()), topic.retention());
    }

    /// @throws IllegalArgumentException when spans cannot be written so
    static SinkConfig sink(MillraceConfig config) {
        var keying =
                switch (config.spans().keying()) {
                    case TRACE_ID -> Keying.TRACE_ID;
                    case PACKED -> Keying.PACKED;
                    case ROUND_ROBIN -> Keying.ROUND_ROBIN;
                };
        dialect(config).check(keying);
        return new SinkConfig(
                keying,
                switch (config.spans().encoding()) {
                    case OTLP_PROTO -> Encoding.OTLP_PROTO;
                    case JAEGER_PROTO -> Encoding.JAEGER_PROTO;
                    case JAEGER_JSON -> Encoding.JAEGER_JSON;
                    case ZIPKIN_JSON -> Encoding.ZIPKIN_JSON;
                    case ZIPKIN_PROTO -> Encoding.ZIPKIN_PROTO;
                },
                config.sink().maxInFlight(),
                config.sink().maxWait(),
                config.sink().deliveryTimeout(),
                new SinkConfig.Markers(
                        config.spans().markers().interval(), config.spans().markers().lasting()));
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
        var topic = ingester.topic().isEmpty() ? null : ingester.topic();
        return switch (ingester.feed()) {
            case TRACES ->
                    new IngesterConfig.Source(
                            IngesterConfig.Feed.TRACES, topic, encoding(ingester.encoding()));
            case SPANS -> {
                var encoding = encoding(ingester.encoding());
                // What our own topic holds is said once, for all who read it.
                yield new IngesterConfig.Source(
                        IngesterConfig.Feed.SPANS,
                        topic,
                        encoding == null && topic == null ? unnamedEncoding(config) : encoding);
            }
        };
    }

    private static @Nullable SourceEncoding encoding(String word) {
        return word.isEmpty() ? null : SourceConfigs.encoding("encoding", word);
    }

    /// How figures get into the store.
    static DependencyIngesterConfig dependencyIngester(MillraceConfig config) {
        var dependencies = config.ingester().dependencies();
        return DependencyIngesterConfig.of(dependencies.group(), dependencies.writeInterval())
                .withZipkinLinks(dependencies.topic().isEmpty() ? null : dependencies.topic());
    }
}
