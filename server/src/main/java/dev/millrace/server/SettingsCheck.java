package dev.millrace.server;

import dev.millrace.assembly.Enrichment;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.MillraceConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// Has every component look at its settings before any of them is opened.
final class SettingsCheck {

    private SettingsCheck() {}

    /// @throws ConfigException naming each value that a component refuses
    static void run(MillraceConfig config) throws ConfigException {
        var problems = new ArrayList<String>();
        note(problems, "kafka", () -> PipelineConfigs.kafka(config, "any:9092"));
        note(problems, "broker", () -> BrokerConfigs.of(config));
        note(problems, "topics", () -> PipelineConfigs.topics(config));
        note(problems, "access", () -> DoorConfigs.access(config));
        note(problems, "tls", () -> DoorConfigs.tls(config));
        note(problems, "cors", () -> DoorConfigs.cors(config));
        note(problems, "sampling.head", () -> SamplingConfigs.head(config));
        note(problems, "sampling.load", () -> SamplingConfigs.load(config));
        note(problems, "sampling.tail", () -> SamplingConfigs.tail(config));
        note(problems, "sampling.remote.adaptive", () -> SamplingConfigs.adaptive(config));
        note(problems, "redis", () -> SamplingConfigs.redis(config));
        note(problems, "sources.kafka", () -> SourceConfigs.kafkaSources(config));
        note(problems, "sources.activemq", () -> SourceConfigs.activeMq(config));
        note(problems, "sources.rabbitmq", () -> SourceConfigs.rabbitMq(config));
        note(problems, "collector", () -> CollectorConfigs.collector(config));
        note(problems, "agent", () -> AgentConfigs.check(config));
        note(problems, "sink", () -> PipelineConfigs.sink(config));
        note(
                problems,
                "aggregator",
                () -> PipelineConfigs.aggregator(config, "any", config.dataDir(), Enrichment.NONE));
        note(problems, "enrichment", () -> Enrichers.check(config));
        note(problems, "ingester", () -> PipelineConfigs.ingester(config, "any"));
        note(problems, "ingester.dependencies", () -> PipelineConfigs.dependencyIngester(config));
        note(problems, "storage.local", () -> StoreConfigs.local(config));
        note(problems, "storage.elasticsearch", () -> StoreConfigs.elasticsearch(config));
        note(problems, "storage.elasticsearch.roll-over", () -> StoreConfigs.rollover(config));
        note(problems, "storage.cassandra", () -> StoreConfigs.cassandra(config));
        note(problems, "storage.kafka", () -> KafkaStoreConfigs.check(config));
        note(problems, "cache", () -> CacheConfigs.cache(config));
        note(problems, "query", () -> QueryConfigs.query(config));
        note(problems, "query", () -> QueryConfigs.alsoRead(config));
        note(problems, "query", () -> QueryConfigs.archive(config));
        note(problems, "query", () -> OtherProcesses.addresses(config.query().processes()));
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
}
