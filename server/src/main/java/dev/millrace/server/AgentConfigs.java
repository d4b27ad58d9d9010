package dev.millrace.server;

import dev.millrace.access.ClientTlsConfig;
import dev.millrace.agent.Address;
import dev.millrace.agent.AgentConfig;
import dev.millrace.agent.spool.Packing;
import dev.millrace.agent.spool.SpoolLimits;
import dev.millrace.collector.CollectorConfig;
import dev.millrace.server.config.MillraceConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What the settings of `agent` come to.
final class AgentConfigs {

    private AgentConfigs() {}

    /// The settings, where there are collectors; a process that is no agent has none.
    ///
    /// @throws IllegalArgumentException when a setting is of no use
    static Optional<AgentConfig> check(MillraceConfig config) {
        if (config.agent().collectors().isEmpty()) {
            return Optional.empty();
        }
        var _ = receivers(config);
        var _ = tls(config);
        return Optional.of(agent(config));
    }

    static AgentConfig agent(MillraceConfig config) {
        var agent = config.agent();
        // Another collector is asked until half of the timeout is over, and may take all of it.
        var longest = agent.patience().plus(agent.timeout().multipliedBy(3).dividedBy(2));
        if (longest.compareTo(config.collector().requestTimeout()) >= 0) {
            throw new IllegalArgumentException(
                    "patience: "
                            + words(agent.patience())
                            + " and timeout "
                            + words(agent.timeout())
                            + " (expected: patience and one and a half times timeout to be less than"
                            + " collector.request-timeout, "
                            + words(config.collector().requestTimeout())
                            + ", so that clients get an answer)");
        }
        return new AgentConfig(
                agent.collectors().stream().map(Address::parse).toList(),
                agent.tls().enabled(),
                Secrets.secret("token", agent.token(), agent.tokenFile()),
                config.access().tenants() ? config.access().tenantHeader() : null,
                attributes(config),
                switch (agent.compression()) {
                    case ZSTD -> Packing.ZSTD;
                    case GZIP -> Packing.GZIP;
                    case NONE -> Packing.IDENTITY;
                },
                new AgentConfig.Batch(agent.batchBytes(), agent.batchDelay()),
                agent.maxInFlight(),
                agent.concurrency(),
                agent.timeout(),
                agent.patience(),
                agent.bandwidth(),
                disk(config));
    }

    private static String words(Duration duration) {
        return duration.toMillis() + " ms";
    }

    private static AgentConfig.@Nullable Disk disk(MillraceConfig config) {
        var spool = config.agent().spool();
        return spool.enabled()
                ? new AgentConfig.Disk(
                        spool.directoryIn(config.dataDir()),
                        limits(spool.maxSize(), spool.maxAge()))
                : null;
    }

    private static SpoolLimits limits(dev.millrace.model.ByteSize size, Duration age) {
        try {
            return new SpoolLimits(size, age);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("spool." + e.getMessage(), e);
        }
    }

    // As OpenTelemetry names them.
    private static Map<String, String> attributes(MillraceConfig config) {
        var resource = config.agent().resource();
        var attributes = new HashMap<>(resource.attributes());
        Map.of(
                        "k8s.node.name", resource.node(),
                        "k8s.cluster.name", resource.cluster(),
                        "k8s.namespace.name", resource.namespace(),
                        "k8s.pod.name", resource.pod())
                .forEach((key, value) -> {
                    if (!value.isEmpty()) {
                        attributes.put(key, value);
                    }
                });
        return attributes;
    }

    /// Whom of the collectors to trust; empty for plain text.
    static Optional<ClientTlsConfig> tls(MillraceConfig config) {
        var tls = config.agent().tls();
        if (!tls.enabled()) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new ClientTlsConfig(
                            path(tls.ca()),
                            path(tls.certificate()),
                            path(tls.key()),
                            tls.refresh()));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("tls." + e.getMessage(), e);
        }
    }

    private static @Nullable Path path(String text) {
        return text.isEmpty() ? null : Path.of(text);
    }

    /// How the agent listens: as a collector would, with less room.
    static CollectorConfig receivers(MillraceConfig config) {
        var agent = config.agent();
        var collector = CollectorConfigs.collector(config);
        return new CollectorConfig(
                collector.host(),
                collector.ports(),
                collector.datagramTenant(),
                agent.maxRequest(),
                agent.maxInFlight(),
                collector.requestTimeout(),
                collector.idleTimeout(),
                collector.shutdownTimeout(),
                collector.maxConnections(),
                collector.limits(),
                collector.rates());
    }
}
