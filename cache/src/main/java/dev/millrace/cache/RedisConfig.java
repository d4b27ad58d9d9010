package dev.millrace.cache;

import java.net.URI;
import java.time.Duration;

/// Where Redis is and how long it is waited for.
///
/// @param uri `redis://host:port/database`, or `rediss://` for TLS
/// @param user empty for the default user
/// @param password empty for none; not shown
/// @param timeout of every command
/// @param maxInFlight commands that wait for an answer at once; more are refused
/// @param maxQueuedIds traces waiting to be published; more are given up
/// @param rememberedFor how long published traces are kept
/// @param pollInterval how often new traces are asked for
public record RedisConfig(
        URI uri,
        String user,
        String password,
        Duration timeout,
        int maxInFlight,
        int maxQueuedIds,
        Duration rememberedFor,
        Duration pollInterval) {

    public RedisConfig {
        if (!"redis".equals(uri.getScheme()) && !"rediss".equals(uri.getScheme())) {
            throw new IllegalArgumentException(
                    "uri: scheme "
                            + uri.getScheme()
                            + " (expected: redis://host:port or rediss://host:port)");
        }
        if (uri.getHost() == null) {
            throw new IllegalArgumentException("uri: no host (expected: redis://host:port)");
        }
        if (uri.getUserInfo() != null) {
            throw new IllegalArgumentException(
                    "uri: holds a user or password (expected: user and password set apart)");
        }
        requireWithin("timeout", timeout, Duration.ofMillis(1), Duration.ofSeconds(10));
        requireWithin("remembered-for", rememberedFor, Duration.ofSeconds(1), Duration.ofDays(7));
        requireWithin("poll-interval", pollInterval, Duration.ofMillis(10), Duration.ofMinutes(1));
        if (maxInFlight < 1) {
            throw new IllegalArgumentException(
                    "max-in-flight: " + maxInFlight + " (expected: at least 1)");
        }
        if (maxQueuedIds < 1) {
            throw new IllegalArgumentException(
                    "max-queued-ids: " + maxQueuedIds + " (expected: at least 1)");
        }
    }

    /// Everything but the address and the credentials as recommended.
    public static RedisConfig of(URI uri, String user, String password) {
        return new RedisConfig(
                uri,
                user,
                password,
                Duration.ofMillis(100),
                1_000,
                100_000,
                Duration.ofHours(1),
                Duration.ofMillis(500));
    }

    private static void requireWithin(String name, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: " + least + " to " + most + ")");
        }
    }

    @Override
    public String toString() {
        return "RedisConfig["
                + uri
                + ", user="
                + user
                + ", password="
                + (password.isEmpty() ? "none" : "***")
                + "]";
    }
}
