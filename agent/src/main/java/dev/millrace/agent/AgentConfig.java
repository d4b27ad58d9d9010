package dev.millrace.agent;

import dev.millrace.agent.spool.Packing;
import dev.millrace.agent.spool.SpoolLimits;
import dev.millrace.model.ByteSize;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where an agent forwards spans to, and what it does while that cannot be had.
///
/// @param collectors at least one
/// @param tls whether they are reached by TLS
/// @param token shown to them; empty for none
/// @param tenantHeader names the tenant to them; null where tenants are not told apart
/// @param attributes given to every resource that does not have them
/// @param packing how spans are compressed
/// @param batch when gathered spans leave
/// @param maxPending the bytes that were taken in and are neither forwarded nor on disk; over it
///   clients are asked to come back
/// @param concurrency how many batches of fresh spans may be on their way at a time
/// @param timeout how long a collector may take to answer
/// @param patience how long fresh spans wait for a collector before they go to disk
/// @param bandwidth bytes a second towards all collectors together; 0 for any number
/// @param spool null for none: spans are then only taken in while a collector takes them
public record AgentConfig(
        List<Address> collectors,
        boolean tls,
        String token,
        @Nullable String tenantHeader,
        Map<String, String> attributes,
        Packing packing,
        Batch batch,
        ByteSize maxPending,
        int concurrency,
        Duration timeout,
        Duration patience,
        ByteSize bandwidth,
        @Nullable Disk spool) {

    private static final ByteSize LEAST_BATCH = ByteSize.parse("1KiB");
    private static final ByteSize MOST_BATCH = ByteSize.parse("8MiB");
    private static final ByteSize LEAST_BANDWIDTH = ByteSize.parse("1KiB");

    public AgentConfig {
        collectors = List.copyOf(collectors);
        attributes = Map.copyOf(attributes);
        check(!collectors.isEmpty(), "collectors", "nothing", "host:port of at least one");
        check(
                maxPending.bytes() >= 2 * batch.bytes().bytes(),
                "max-in-flight",
                maxPending,
                "at least twice batch-bytes, " + new ByteSize(2 * batch.bytes().bytes()));
        check(concurrency >= 1, "concurrency", concurrency, "at least 1");
        check(timeout.isPositive(), "timeout", timeout, "more than 0");
        check(!patience.isNegative(), "patience", patience, "0 or more");
        check(
                bandwidth.bytes() == 0 || bandwidth.bytes() >= LEAST_BANDWIDTH.bytes(),
                "bandwidth",
                bandwidth,
                "0, or at least " + LEAST_BANDWIDTH + " a second");
    }

    /// Keeps the token to itself.
    @Override
    public String toString() {
        return "AgentConfig[collectors=" + collectors + ", tls=" + tls + "]";
    }

    /// When gathered spans leave.
    ///
    /// @param bytes at this size, uncompressed
    /// @param delay or after this time
    public record Batch(ByteSize bytes, Duration delay) {
        public Batch {
            check(
                    bytes.bytes() >= LEAST_BATCH.bytes() && bytes.bytes() <= MOST_BATCH.bytes(),
                    "batch-bytes",
                    bytes,
                    LEAST_BATCH + " to " + MOST_BATCH);
            check(!delay.isNegative(), "batch-delay", delay, "0 or more");
        }
    }

    /// Where spans are kept while nobody takes them.
    public record Disk(Path directory, SpoolLimits limits) {}

    private static void check(boolean valid, String key, Object value, String expected) {
        if (!valid) {
            throw new IllegalArgumentException(
                    key + ": " + value + " (expected: " + expected + ")");
        }
    }
}
