package dev.millrace.server;

import dev.millrace.model.ByteSize;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.StorageConfig.StorageType;
import dev.millrace.server.config.StorageConfig.StoredTopic;
import dev.millrace.storage.kafka.Placement;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What the settings of `storage.kafka`, and the switches of what is asked of it, come to.
final class KafkaStoreConfigs {

    private static final String EVERYWHERE = "0.0.0.0";

    private KafkaStoreConfigs() {}

    /// How one process holds its share of the store.
    ///
    /// @param topic the full name of the one that traces are read from
    /// @param unnamed the encoding of its records that do not name theirs; null when those are ours
    /// @param placement where in it the records of a trace lie
    /// @param traces whether traces are held at all
    /// @param dependencies the full name of the topic that figures are read from; null for none
    /// @param dependenciesAreZipkins whether its records are links as zipkin-storage-kafka has them
    /// @param application the same for all processes of the store
    /// @param maxSize of what this process holds; 0 for no limit
    /// @param instance this process among those of the store, the same at every start
    record Settings(
            String topic,
            @Nullable SourceEncoding unnamed,
            Placement placement,
            boolean traces,
            @Nullable String dependencies,
            boolean dependenciesAreZipkins,
            String application,
            Path directory,
            Duration window,
            Duration retention,
            Duration dependencyRetention,
            ByteSize maxSize,
            int threads,
            int standbys,
            String instance,
            Peering peers,
            Duration hedgeAfter,
            Duration deadline) {}

    /// How the processes of the store ask one another.
    ///
    /// @param port 0 for any free one
    /// @param advertisedPort 0 for that which is listened on
    /// @param authorities certificates that sign those of the others; null for those that Java
    ///   trusts
    record Peering(
            String host,
            int port,
            String advertisedHost,
            int advertisedPort,
            String secret,
            boolean tls,
            @Nullable Path authorities) {

        /// Keeps the secret to itself.
        @Override
        public String toString() {
            return "Peering[" + advertisedHost + ":" + advertisedPort + "]";
        }
    }

    /// The settings, where the store is Kafka; what other stores leave unused is not looked at.
    ///
    /// @throws IllegalArgumentException when a setting is of no use
    static Optional<Settings> check(MillraceConfig config) {
        return config.storage().type() == StorageType.KAFKA
                ? Optional.of(of(config, "any"))
                : Optional.empty();
    }

    /// The full name of the topic that traces are read from.
    static String topic(MillraceConfig config) {
        return PipelineConfigs.topics(config).fullName(source(config));
    }

    private static Topic source(MillraceConfig config) {
        var topics = PipelineConfigs.topics(config);
        return switch (config.storage().kafka().source()) {
            case SPANS -> {
                if (!topics.sites().isEmpty()) {
                    throw new IllegalArgumentException(
                            "source: spans (expected: traces-complete where there are sites, whose"
                                    + " spans are in topics of their own)");
                }
                yield topics.spans();
            }
            case TRACES_COMPLETE -> topics.tracesComplete();
        };
    }

    /// @param instance what this process is called unless the settings say
    /// @throws IllegalArgumentException when a setting is of no use, or a secret cannot be read
    static Settings of(MillraceConfig config, String instance) {
        var wanted = config.storage().kafka();
        var query = config.query();
        var topics = PipelineConfigs.topics(config);
        var source = source(config);
        atMost("retention", wanted.retention(), topics.fullName(source), source);
        boolean figures = query.dependencies() && wanted.dependencyRetention().isPositive();
        var links = config.ingester().dependencies().topic();
        // How long others keep theirs is theirs to say.
        if (figures && links.isEmpty()) {
            atMost(
                    "dependency-retention",
                    wanted.dependencyRetention(),
                    topics.fullName(topics.dependencies()),
                    topics.dependencies());
        }
        if (wanted.deadline().compareTo(query.requestTimeout()) >= 0) {
            throw new IllegalArgumentException(
                    "deadline: "
                            + wanted.deadline()
                            + " (expected: less than query.request-timeout, "
                            + query.requestTimeout()
                            + ")");
        }
        if (!wanted.hedgeAfter().isPositive()
                || wanted.hedgeAfter().compareTo(wanted.deadline()) >= 0) {
            throw new IllegalArgumentException(
                    "hedge-after: "
                            + wanted.hedgeAfter()
                            + " (expected: more than nothing and less than deadline, "
                            + wanted.deadline()
                            + ")");
        }
        return new Settings(
                topics.fullName(source),
                wanted.source() == StoredTopic.SPANS ? topics.dialect().unnamed() : null,
                placement(wanted.source(), topics),
                query.traceById() || query.search(),
                !figures ? null : links.isEmpty() ? topics.fullName(topics.dependencies()) : links,
                !links.isEmpty(),
                wanted.application(),
                wanted.directoryBelow(config.dataDir()),
                wanted.window(),
                wanted.retention(),
                wanted.dependencyRetention(),
                wanted.maxSize(),
                wanted.threads(),
                wanted.standbys(),
                wanted.instance().isEmpty() ? instance : wanted.instance(),
                peers(config),
                wanted.hedgeAfter(),
                wanted.deadline());
    }

    private static Placement placement(StoredTopic source, TopicsConfig topics) {
        return switch (source) {
            case SPANS -> Placement.inSpans(topics);
            case TRACES_COMPLETE -> Placement.inTracesComplete(topics);
        };
    }

    // What has left the topic could not be made again.
    private static void atMost(String key, Duration kept, String name, Topic topic) {
        if (kept.compareTo(topic.retention()) > 0) {
            throw new IllegalArgumentException(
                    key
                            + ": "
                            + kept
                            + " (expected: at most the retention of the topic "
                            + name
                            + ", "
                            + topic.retention()
                            + ")");
        }
    }

    private static Peering peers(MillraceConfig config) {
        var wanted = config.storage().kafka().peers();
        var secret = Secrets.secret("peers.secret", wanted.secret(), wanted.secretFile());
        if (secret.isEmpty() && !isLoopback(wanted.host())) {
            throw new IllegalArgumentException(
                    "peers.secret: none (expected: one, or peers.secret-file, where peers.host is"
                            + " not this machine alone: "
                            + wanted.host()
                            + ")");
        }
        if (wanted.tls() && !config.tls().wanted()) {
            throw new IllegalArgumentException(
                    "peers.tls: true without tls.certificate (expected: both or none)");
        }
        return new Peering(
                wanted.host(),
                wanted.port(),
                wanted.advertisedHost().isEmpty()
                        ? advertised(wanted.host())
                        : wanted.advertisedHost(),
                wanted.advertisedPort(),
                secret,
                wanted.tls(),
                wanted.certificateAuthority().isEmpty()
                        ? null
                        : Path.of(wanted.certificateAuthority()));
    }

    // Only addresses and "localhost", so that nobody is asked for a name.
    private static boolean isLoopback(String host) {
        if (host.equals("localhost")) {
            return true;
        }
        try {
            return InetAddress.ofLiteral(host).isLoopbackAddress();
        } catch (IllegalArgumentException _) {
            return false;
        }
    }

    private static String advertised(String host) {
        if (!host.equals(EVERYWHERE) && !host.equals("::")) {
            return host;
        }
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(
                    "peers.advertised-host: none, and this machine has no name (expected: one)", e);
        }
    }
}
