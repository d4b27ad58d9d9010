package dev.millrace.server;

import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.LogLook.Reading;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.StorageConfig.StorageType;
import dev.millrace.server.config.StorageConfig.StoredTopic;
import java.util.ArrayList;

/// Which topics and groups there are to look at, by the settings of this process: the roles of
/// others are taken to have the same.
final class SystemLogs {

    private SystemLogs() {}

    static SystemLook.Log of(MillraceConfig config, KafkaClients clients) {
        var topics = PipelineConfigs.topics(config);
        var source = PipelineConfigs.ingesterSource(config);
        var names = SystemLook.names(topics);
        var readings = new ArrayList<Reading>();
        if (config.aggregator().enabled()) {
            for (String topic : topics.sources()) {
                readings.add(new Reading("aggregator", config.aggregator().group(), topic));
            }
        }
        if (config.storage().type() == StorageType.KAFKA) {
            var kafka = config.storage().kafka();
            readings.add(
                    new Reading(
                            "store",
                            kafka.application(),
                            topics.fullName(
                                    kafka.source() == StoredTopic.TRACES_COMPLETE
                                            ? topics.tracesComplete()
                                            : topics.spans())));
        } else {
            for (String topic : source.topicsIn(topics)) {
                readings.add(new Reading("ingester", config.ingester().group(), topic));
            }
            if (config.ingester().dependencies().enabled()) {
                var figures = PipelineConfigs.dependencyIngester(config);
                readings.add(new Reading("figures", figures.group(), figures.topicIn(topics)));
            }
        }
        readings.forEach(reading -> names.putIfAbsent(reading.topic(), reading.topic()));
        return new SystemLook.Log(clients, topics, source, names, readings);
    }
}
