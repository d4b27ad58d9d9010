package dev.millrace.server.config;

import dev.millrace.model.ByteSize;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Where the agent forwards spans to, what it adds to them, and what it keeps meanwhile.
public record AgentConfig(
        List<String> collectors,
        TlsConfig tls,
        String token,
        String tokenFile,
        ResourceConfig resource,
        Compression compression,
        ByteSize batchBytes,
        Duration batchDelay,
        ByteSize maxRequest,
        ByteSize maxInFlight,
        @Between(min = 1, max = 1_000) int concurrency,
        Duration timeout,
        Duration patience,
        ByteSize bandwidth,
        SpoolConfig spool) {

    /// Keeps the token to itself.
    @Override
    public String toString() {
        return "AgentConfig[collectors=%s]".formatted(collectors);
    }

    /// How spans are compressed on their way.
    public enum Compression {
        ZSTD,
        GZIP,
        NONE
    }

    /// Whom of the collectors to trust, and what to show them.
    public record TlsConfig(
            boolean enabled, String ca, String certificate, String key, Duration refresh) {}

    /// What every resource is given that does not say it of itself. Empty means nothing.
    ///
    /// @param attributes others, by name
    public record ResourceConfig(
            String node,
            String cluster,
            String namespace,
            String pod,
            Map<String, String> attributes) {}

    /// Where spans wait that no collector takes.
    public record SpoolConfig(
            boolean enabled, String directory, ByteSize maxSize, Duration maxAge) {

        /// The directory, given that of all data.
        public Path directoryIn(Path dataDir) {
            return directory.isEmpty() ? dataDir.resolve("spool") : Path.of(directory);
        }
    }
}
