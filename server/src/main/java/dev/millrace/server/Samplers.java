package dev.millrace.server;

import dev.millrace.cache.LocalState;
import dev.millrace.cache.RedisIds;
import dev.millrace.cache.RedisLink;
import dev.millrace.cache.RedisState;
import dev.millrace.cache.SharedIds;
import dev.millrace.cache.SharedState;
import dev.millrace.collector.FileStrategies;
import dev.millrace.collector.HeadSampling;
import dev.millrace.collector.LoadWatch;
import dev.millrace.collector.Sampling;
import dev.millrace.collector.SharedStrategies;
import dev.millrace.collector.Strategies;
import dev.millrace.sampling.HeadSampler;
import dev.millrace.sampling.SamplingStrategy;
import dev.millrace.server.config.MillraceConfig;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// What is decided before spans reach the log, opened: the head, what it hears of other collectors
/// and of the machine, and the strategies for SDKs.
final class Samplers {

    private final Parts parts;
    private final MillraceConfig config;
    private final Clock clock;
    private final ScheduledExecutorService scheduler;
    // Lives as long as the process: what it says to others ends with it.
    private final String process = UUID.randomUUID().toString();
    private final Optional<RedisLink> redis;

    private Samplers(Parts parts, MillraceConfig config, Clock clock, Optional<RedisLink> redis) {
        this.parts = parts;
        this.config = config;
        this.clock = clock;
        this.redis = redis;
        scheduler =
                parts.push(
                        "sampling steps",
                        Executors.newSingleThreadScheduledExecutor(
                                Thread.ofPlatform().daemon().name("sampling-steps").factory()));
    }

    /// @param redis to share through, if any; open
    static Sampling open(
            Parts parts, MillraceConfig config, Clock clock, Optional<RedisLink> redis) {
        var samplers = new Samplers(parts, config, clock, redis);
        return new Sampling(samplers.head(), samplers.strategies());
    }

    private @Nullable HeadSampling head() {
        var head = SamplingConfigs.head(config);
        if (!head.enabled()) {
            return null;
        }
        var sampler = new HeadSampler(head);
        var ids = parts.push("shared errors", sharedIds());
        ids.start((tenant, failed) -> sampler.remember(tenant, failed, nowNanos()));
        parts.push(
                        "load watch",
                        new LoadWatch(
                                sampler,
                                SamplingConfigs.load(config),
                                SamplingConfigs.MACHINE,
                                scheduler,
                                System::nanoTime,
                                parts.meters()))
                .start();
        return new HeadSampling(sampler, ids::publish);
    }

    private SharedIds sharedIds() {
        return redis.<SharedIds>map(link ->
                        new RedisIds(
                                link,
                                SamplingConfigs.redis(config).orElseThrow(),
                                process,
                                clock::millis,
                                parts.meters()))
                .orElseGet(SharedIds::alone);
    }

    private Strategies strategies() {
        var remote = config.sampling().remote();
        if (remote.adaptive().enabled()) {
            var shared =
                    parts.push(
                            "strategies",
                            new SharedStrategies(
                                    SamplingConfigs.adaptive(config),
                                    remote.adaptive().interval(),
                                    sharedState(),
                                    scheduler,
                                    parts.meters()));
            shared.start();
            return shared;
        }
        if (remote.file().isEmpty()) {
            SamplingStrategy all = new SamplingStrategy.Probabilistic(remote.probability());
            return _ -> CompletableFuture.completedFuture(all);
        }
        var file =
                parts.push(
                        "strategies",
                        new FileStrategies(
                                Path.of(remote.file()),
                                remote.probability(),
                                remote.refresh(),
                                scheduler,
                                parts.meters()));
        file.start();
        return file;
    }

    private SharedState sharedState() {
        return redis.<SharedState>map(link -> new RedisState(link, process, clock::millis))
                .orElseGet(() -> new LocalState(System::nanoTime));
    }

    // The clock that the collector stamps its requests with.
    private long nowNanos() {
        return TimeUnit.MILLISECONDS.toNanos(clock.millis());
    }
}
