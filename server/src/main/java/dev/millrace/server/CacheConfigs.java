package dev.millrace.server;

import dev.millrace.server.config.MillraceConfig;
import dev.millrace.storage.cached.CacheConfig;
import java.time.Duration;

/// What the settings of `cache` come to.
final class CacheConfigs {

    private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);

    private CacheConfigs() {}

    /// @throws IllegalArgumentException when a setting is of no use
    static CacheConfig cache(MillraceConfig config) {
        var cache = config.cache();
        if (!cache.redisWait().isPositive() || cache.redisWait().compareTo(LONGEST_WAIT) > 0) {
            throw new IllegalArgumentException(
                    "redis-wait: "
                            + cache.redisWait()
                            + " (expected: more than 0s, at most "
                            + LONGEST_WAIT
                            + ")");
        }
        return new CacheConfig(
                cache.traceExpiry(),
                cache.namesExpiry(),
                config.aggregator().lateWindow().plus(cache.ingestDelay()),
                cache.maxTrace(),
                config.query().requestTimeout());
    }
}
