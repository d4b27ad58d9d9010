package dev.millrace.agent;

import dev.millrace.agent.AgentMetrics.Told;
import dev.millrace.agent.Upstreams.Upstream;
import dev.millrace.agent.spool.Packing;
import dev.millrace.collector.Strategies;
import dev.millrace.sampling.SamplingStrategy;
import dev.millrace.sampling.StrategyCodec;
import dev.millrace.wire.otlp.MalformedSpansException;
import io.grpc.Status;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a collector tells SDKs to sample, remembered for a while.
///
/// An answer is good for as long as it is fresh. After that a collector is asked again, once for
/// all who ask at the same time; where none answers, the old answer is given as long as there is
/// one. Safe for threads.
final class ProxiedStrategies implements Strategies {

    private static final Logger LOG = LoggerFactory.getLogger(ProxiedStrategies.class);

    static final Duration FRESH = Duration.ofSeconds(10);
    static final int MOST_SERVICES = 1_000;

    private static final String CALL = "jaeger.api_v2.SamplingManager/GetSamplingStrategy";

    private static final class Known {
        private @Nullable SamplingStrategy strategy;
        private long since;
        private @Nullable CompletableFuture<SamplingStrategy> asking;
    }

    private final Upstreams upstreams;
    private final CollectorClient client;
    private final AgentMetrics metrics;
    private final LongSupplier nanoTime;
    // Guarded by itself; the service that was not asked for the longest makes room.
    private final Map<String, Known> services =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
                    return size() > MOST_SERVICES;
                }
            };

    ProxiedStrategies(
            Upstreams upstreams,
            CollectorClient client,
            AgentMetrics metrics,
            LongSupplier nanoTime) {
        this.upstreams = upstreams;
        this.client = client;
        this.metrics = metrics;
        this.nanoTime = nanoTime;
    }

    @Override
    public CompletableFuture<SamplingStrategy> strategy(String service) {
        long now = nanoTime.getAsLong();
        var asked = new CompletableFuture<SamplingStrategy>();
        Known known;
        synchronized (services) {
            known = services.computeIfAbsent(service, _ -> new Known());
            var strategy = known.strategy;
            if (strategy != null && now - known.since < FRESH.toNanos()) {
                metrics.told(Told.CACHED);
                return CompletableFuture.completedFuture(strategy);
            }
            var asking = known.asking;
            if (asking != null) {
                metrics.told(Told.CACHED);
                return asking.copy();
            }
            known.asking = asked;
        }
        var _ =
                ask(service, new HashSet<>(), now)
                        .thenAccept(answer -> settle(known, answer, asked));
        return asked.copy();
    }

    private void settle(
            Known known,
            Optional<SamplingStrategy> answer,
            CompletableFuture<SamplingStrategy> asked) {
        SamplingStrategy strategy;
        synchronized (services) {
            known.asking = null;
            if (answer.isPresent()) {
                known.strategy = answer.get();
                known.since = nanoTime.getAsLong();
            }
            strategy = known.strategy;
        }
        if (strategy == null) {
            metrics.told(Told.NOTHING);
            asked.completeExceptionally(
                    new IllegalStateException("no collector says what to sample"));
            return;
        }
        metrics.told(answer.isPresent() ? Told.ASKED : Told.STALE);
        asked.complete(strategy);
    }

    /// Never fails; empty where no collector answers.
    private CompletableFuture<Optional<SamplingStrategy>> ask(
            String service, Set<Upstream> without, long now) {
        var upstream = upstreams.ask(without, null, now);
        if (upstream.isEmpty()) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        var chosen = upstream.get();
        without.add(chosen);
        return client.call(
                        chosen.address(),
                        CALL,
                        Packing.IDENTITY,
                        StrategyCodec.parameters(service),
                        null)
                .thenCompose(said -> {
                    if (said.code() == Status.Code.UNAVAILABLE) {
                        upstreams.failed(chosen, Duration.ZERO, nanoTime.getAsLong());
                        return ask(service, without, nanoTime.getAsLong());
                    }
                    upstreams.succeeded(chosen);
                    return CompletableFuture.completedFuture(read(said));
                });
    }

    private static Optional<SamplingStrategy> read(GrpcAnswer said) {
        if (said.code() != Status.Code.OK) {
            LOG.atWarn().addKeyValue("error", said.reason()).log("Question for sampling refused");
            return Optional.empty();
        }
        try {
            return Optional.of(StrategyCodec.strategy(said.message()));
        } catch (MalformedSpansException | IllegalArgumentException e) {
            LOG.atWarn().addKeyValue("error", e.getMessage()).log("Strategy cannot be read");
            return Optional.empty();
        }
    }
}
