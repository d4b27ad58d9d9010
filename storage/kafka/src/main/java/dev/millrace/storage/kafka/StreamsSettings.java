package dev.millrace.storage.kafka;

import dev.millrace.pipeline.KafkaClients;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.streams.StreamsConfig;

/// Makes the settings of Kafka Streams: the operator's where they are a matter of taste, ours where
/// correctness rests on them.
final class StreamsSettings {

    /// What has come is durable and seen after this; a standby follows as far as the owner has
    /// committed.
    static final Duration COMMIT_INTERVAL = Duration.ofSeconds(2);

    private StreamsSettings() {}

    static Properties of(KafkaStoreConfig config, KafkaClients clients) {
        var all = new Properties();
        all.putAll(clients.librarySettings(preferred(config, clients)));
        all.putAll(fixed(config));
        return all;
    }

    private static Map<String, Object> preferred(KafkaStoreConfig config, KafkaClients clients) {
        int sessionMillis = Math.toIntExact(clients.config().sessionTimeout().toMillis());
        var settings = new HashMap<String, Object>();
        settings.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, sessionMillis);
        settings.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, sessionMillis / 3);
        settings.put(
                StreamsConfig.COMMIT_INTERVAL_MS_CONFIG,
                Math.toIntExact(COMMIT_INTERVAL.toMillis()));
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, config.sharing().threads());
        settings.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, config.sharing().standbys());
        settings.put(
                StreamsConfig.ACCEPTABLE_RECOVERY_LAG_CONFIG, config.sharing().acceptableLag());
        // There is no global store; without a word about it, every start warns.
        settings.put("processing.exception.handler.global.enabled", true);
        // How soon a partition moves to an instance that has caught up with it: the least there is.
        settings.put(StreamsConfig.PROBING_REBALANCE_INTERVAL_MS_CONFIG, 60_000L);
        return settings;
    }

    private static Map<String, Object> fixed(KafkaStoreConfig config) {
        var settings = new HashMap<String, Object>();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, config.application());
        settings.put(StreamsConfig.APPLICATION_SERVER_CONFIG, config.instance().here().toString());
        settings.put(
                StreamsConfig.STATE_DIR_CONFIG,
                config.instance().directory().toAbsolutePath().toString());
        // With exactly-once, files would be deleted where a log has moved past them.
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
        // The newer protocol has no static membership, and takes partitions away before their new
        // owner has them.
        settings.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, "classic");
        String name = config.instance().name();
        if (name != null) {
            settings.put(
                    StreamsConfig.mainConsumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG),
                    name);
        }
        return settings;
    }
}
