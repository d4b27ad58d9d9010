package dev.millrace.broker;

import dev.millrace.broker.BrokerConfig.Listener;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Properties;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Kafka's server settings for one small, quick-starting node.
final class BrokerSettings {

    static final String CLIENT_LISTENER = "PLAINTEXT";
    static final String CONTROLLER_LISTENER = "CONTROLLER";
    static final int NODE_ID = 1;

    /// The largest record, 8 MiB, and room for its headers and its batch.
    private static final int MAX_BATCH_BYTES = (8 << 20) + (64 << 10);

    private BrokerSettings() {}

    static Properties of(BrokerConfig config, Path log, int controllerPort) {
        var settings = new Properties();
        put(settings, "process.roles", "broker,controller");
        put(settings, "node.id", NODE_ID);
        String plain = CLIENT_LISTENER + "://" + config.address() + ":" + config.port();
        put(
                settings,
                "listeners",
                plain
                        + ","
                        + CONTROLLER_LISTENER
                        + "://127.0.0.1:0"
                        + more(
                                config,
                                listener -> listener.name() + "://" + bound(config, listener)));
        // A port of 0 becomes the one that was taken, here too.
        put(
                settings,
                "advertised.listeners",
                plain
                        + more(
                                config,
                                listener ->
                                        listener.name() + "://" + advertised(config, listener)));
        put(
                settings,
                "listener.security.protocol.map",
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
                        + more(config, listener -> listener.name() + ":" + listener.protocol()));
        for (Listener listener : config.listeners()) {
            String prefix = "listener.name." + listener.name().toLowerCase(Locale.ROOT) + ".";
            listener.settings().forEach((name, value) -> put(settings, prefix + name, value));
        }
        put(settings, "inter.broker.listener.name", CLIENT_LISTENER);
        put(settings, "controller.listener.names", CONTROLLER_LISTENER);
        // A static quorum of one: its port may differ at every start.
        put(settings, "controller.quorum.voters", NODE_ID + "@127.0.0.1:" + controllerPort);
        put(settings, "log.dirs", log.toString());
        put(settings, "auto.create.topics.enable", false);
        singleReplica(settings);
        small(settings);
        prompt(settings);
        put(settings, "message.max.bytes", MAX_BATCH_BYTES);
        put(settings, "replica.fetch.max.bytes", MAX_BATCH_BYTES);
        put(settings, "server.max.startup.time.ms", 300_000);
        return settings;
    }

    private static String bound(BrokerConfig config, Listener listener) {
        return config.address(listener) + ":" + listener.port();
    }

    private static String advertised(BrokerConfig config, Listener listener) {
        return listener.advertised().isEmpty() ? bound(config, listener) : listener.advertised();
    }

    private static String more(BrokerConfig config, Function<Listener, String> entry) {
        return config.listeners().stream()
                .map(listener -> "," + entry.apply(listener))
                .collect(Collectors.joining());
    }

    private static void singleReplica(Properties settings) {
        for (String topic :
                new String[] {
                    "offsets.topic", "transaction.state.log", "share.coordinator.state.topic"
                }) {
            put(settings, topic + ".replication.factor", 1);
            put(settings, topic + ".num.partitions", 1);
        }
        put(settings, "transaction.state.log.min.isr", 1);
        put(settings, "share.coordinator.state.topic.min.isr", 1);
    }

    // Kafka's defaults are for a machine of its own; the cleaner's buffer alone is 128 MiB of heap.
    private static void small(Properties settings) {
        put(settings, "log.cleaner.dedupe.buffer.size", 2 << 20);
        put(settings, "log.cleaner.io.buffer.size", 64 << 10);
        put(settings, "log.index.size.max.bytes", 256 << 10);
        put(settings, "num.network.threads", 1);
        put(settings, "num.io.threads", 2);
        put(settings, "background.threads", 1);
        put(settings, "group.coordinator.threads", 1);
        put(settings, "share.coordinator.threads", 1);
        put(settings, "num.recovery.threads.per.data.dir", 1);
    }

    // Whoever died, broker, consumer or producer, should be known to be dead within seconds.
    private static void prompt(Properties settings) {
        // After a kill it is waited for at the next start. Shorter, and a broker that is starved
        // of processor time takes itself for dead, and lets go of every partition.
        put(settings, "broker.session.timeout.ms", 4_000);
        put(settings, "broker.heartbeat.interval.ms", 500);
        put(settings, "group.initial.rebalance.delay.ms", 0);
        put(settings, "group.streams.initial.rebalance.delay.ms", 0);
        put(settings, "group.min.session.timeout.ms", 1_000);
        put(settings, "group.consumer.min.session.timeout.ms", 1_000);
        put(settings, "group.consumer.session.timeout.ms", 6_000);
        put(settings, "group.consumer.min.heartbeat.interval.ms", 300);
        put(settings, "group.consumer.heartbeat.interval.ms", 2_000);
        put(settings, "transaction.abort.timed.out.transaction.cleanup.interval.ms", 2_000);
    }

    private static void put(Properties settings, String key, Object value) {
        settings.setProperty(key, value.toString());
    }
}
