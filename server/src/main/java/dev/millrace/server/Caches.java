package dev.millrace.server;

import dev.millrace.cache.LocalBytes;
import dev.millrace.cache.RedisBytes;
import dev.millrace.cache.RedisLink;
import dev.millrace.cache.SharedBytes;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.cached.CachedTraceStore;
import java.time.Clock;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/// What is remembered of the store's answers, opened, and the way to Redis that it goes.
final class Caches {

    private Caches() {}

    /// The way to Redis of all parts of a process with those roles that use one.
    static Optional<RedisLink> redis(Parts parts, Set<Role> roles, MillraceConfig config) {
        boolean remembers =
                config.cache().enabled()
                        && (roles.contains(Role.QUERY) || roles.contains(Role.INGESTER));
        var redis =
                SamplingConfigs.redis(config)
                        .filter(_ -> remembers || roles.contains(Role.COLLECTOR))
                        .map(address -> new RedisLink(address, System::nanoTime, parts.meters()));
        // Without it everything works, so it is no part of our health.
        redis.ifPresent(link -> parts.push("redis", link).start());
        return redis;
    }

    /// The store as those roles use it. Who only writes has nothing to remember, but makes others
    /// forget where all share a Redis.
    ///
    /// @param store stays the caller's to close
    static TraceStore before(
            TraceStore store,
            Set<Role> roles,
            Optional<RedisLink> redis,
            Parts parts,
            MillraceConfig config,
            Clock clock) {
        boolean asked = roles.contains(Role.QUERY);
        if (!config.cache().enabled() || (!asked && redis.isEmpty())) {
            return store;
        }
        return CachedTraceStore.over(
                store,
                redis.<SharedBytes>map(link -> redisBytes(link, parts, config))
                        .orElseGet(() ->
                                new LocalBytes(
                                        config.cache().maxSize(),
                                        System::nanoTime,
                                        parts.meters())),
                CacheConfigs.cache(config),
                clock,
                System::nanoTime,
                parts.meters());
    }

    private static RedisBytes redisBytes(RedisLink link, Parts parts, MillraceConfig config) {
        return new RedisBytes(
                link,
                config.cache().redisWait(),
                CachedTraceStore.largestEntry(config.cache().maxTrace()),
                UUID.randomUUID().toString(),
                System::nanoTime,
                parts.meters());
    }
}
