package dev.millrace.server;

import dev.millrace.collector.ActiveMqConfig;
import dev.millrace.collector.KafkaSourceConfig;
import dev.millrace.collector.RabbitMqConfig;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.server.config.MillraceConfig;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What the settings of `sources` come to: the topics and queues of others.
final class SourceConfigs {

    private SourceConfigs() {}

    /// The topics of others to read: a source for each encoding, and for each pattern.
    static List<KafkaSourceConfig> kafkaSources(MillraceConfig config) {
        var topics = new EnumMap<SourceEncoding, List<String>>(SourceEncoding.class);
        var sources = new ArrayList<KafkaSourceConfig>();
        config.sources()
                .kafka()
                .topics()
                .forEach((topic, word) -> {
                    var encoding = encoding("topics." + topic, word);
                    if (topic.length() > 2 && topic.startsWith("/") && topic.endsWith("/")) {
                        String pattern = topic.substring(1, topic.length() - 1);
                        sources.add(kafkaSource(config, topic, List.of(), pattern, encoding));
                    } else {
                        topics.computeIfAbsent(encoding, _ -> new ArrayList<>()).add(topic);
                    }
                });
        topics.forEach((encoding, named) ->
                sources.add(kafkaSource(config, encoding.word(), named, null, encoding)));
        return sources;
    }

    private static KafkaSourceConfig kafkaSource(
            MillraceConfig config,
            String name,
            List<String> topics,
            @Nullable String pattern,
            SourceEncoding encoding) {
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

    /// The encoding of a name.
    ///
    /// @param key of the setting that names it
    static SourceEncoding encoding(String key, String word) {
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
    static Optional<ActiveMqConfig> activeMq(MillraceConfig config) {
        var queue = config.sources().activemq();
        return queue.url().isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new ActiveMqConfig(
                                queue.url(),
                                queue.username(),
                                Secrets.password(queue.password(), queue.passwordFile()),
                                queue.queue(),
                                queue.concurrency(),
                                ActiveMqConfig.DEFAULT.window(),
                                tenant(queue.tenant())));
    }

    /// The RabbitMQ queue to read; empty for none.
    static Optional<RabbitMqConfig> rabbitMq(MillraceConfig config) {
        var queue = config.sources().rabbitmq();
        return queue.addresses().isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new RabbitMqConfig(
                                queue.addresses(),
                                queue.virtualHost(),
                                queue.username(),
                                Secrets.password(queue.password(), queue.passwordFile()),
                                queue.tls(),
                                queue.queue(),
                                queue.concurrency(),
                                RabbitMqConfig.DEFAULT.window(),
                                queue.connectionTimeout(),
                                tenant(queue.tenant())));
    }
}
