package dev.millrace.server;

import dev.millrace.access.Tls;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.storage.kafka.DependencyFormat;
import dev.millrace.storage.kafka.KafkaStore;
import dev.millrace.storage.kafka.KafkaStoreConfig;
import dev.millrace.storage.kafka.Peer;
import dev.millrace.storage.kafka.PeerConfig;
import dev.millrace.storage.kafka.SharedSecret;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/// Makes this process's share of the store that is in Kafka's topics.
final class KafkaStores {

    // Kafka Streams groups of the two applications; they cannot be one, for each has topics and
    // partitions of its own.
    private static final String FIGURES = "-figures";

    private KafkaStores() {}

    /// @param tls the certificates that it shows the others; null for none
    /// @return to be started, and the caller's to close
    static KafkaStore of(
            KafkaStoreConfigs.Settings settings,
            @Nullable Tls tls,
            KafkaClients clients,
            MeterRegistry meters,
            InstantSource clock) {
        var peers = settings.peers();
        int port = peers.advertisedPort() == 0 ? peers.port() : peers.advertisedPort();
        if (port == 0) {
            throw new IllegalArgumentException(
                    "peers.port: 0 (expected: one that others can be told before it is opened, or"
                            + " peers.advertised-port)");
        }
        var here = new Peer(peers.advertisedHost(), port);
        String figures = settings.dependencies();
        return new KafkaStore(
                settings.traces()
                        ? new KafkaStore.Traces(
                                config(
                                        settings,
                                        "",
                                        new KafkaStoreConfig.Source(
                                                settings.topic(), settings.unnamed()),
                                        here,
                                        settings.retention()),
                                settings.placement())
                        : null,
                figures == null
                        ? null
                        : new KafkaStore.Figures(
                                config(
                                        settings,
                                        FIGURES,
                                        new KafkaStoreConfig.Source(figures, null),
                                        here,
                                        settings.dependencyRetention()),
                                settings.dependenciesAreZipkins()
                                        ? DependencyFormat.ZIPKIN
                                        : DependencyFormat.MILLRACE),
                here,
                new PeerConfig(
                        peers.host(),
                        peers.port(),
                        peers.secret().isEmpty() ? null : new SharedSecret(peers.secret()),
                        peers.tls(),
                        peers.authorities(),
                        settings.hedgeAfter(),
                        settings.deadline(),
                        PeerConfig.DEFAULT_MAX_QUESTIONS),
                peers.tls() ? tls : null,
                clients,
                meters,
                clock);
    }

    private static KafkaStoreConfig config(
            KafkaStoreConfigs.Settings settings,
            String suffix,
            KafkaStoreConfig.Source source,
            Peer here,
            Duration retention) {
        return new KafkaStoreConfig(
                settings.application() + suffix,
                source,
                new KafkaStoreConfig.Instance(here, settings.instance(), settings.directory()),
                new KafkaStoreConfig.Keeping(settings.window(), retention, settings.maxSize()),
                new KafkaStoreConfig.Sharing(
                        settings.threads(),
                        settings.standbys(),
                        KafkaStoreConfig.Sharing.DEFAULT.acceptableLag()),
                KafkaStoreConfig.DEFAULT_BUFFER,
                KafkaStoreConfig.DEFAULT_PATIENCE);
    }
}
