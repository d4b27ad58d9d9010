package dev.millrace.sampling;

import dev.millrace.model.Resource;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.sampling.HeadSample.Outcome;
import dev.millrace.wire.otlp.TraceChunk;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/// Decides at the collector which spans go on, before their traces are complete.
///
/// A span is kept when the randomness of its trace passes the threshold of its service and
/// operation, lowered by load and rate limits; what it was kept at is written into its trace state
/// unless everything passes. A threshold that a span arrives with is only ever raised. A chunk with
/// an error is kept whole, and so is what comes later of its trace: these spans carry threshold 0,
/// or the one they came with, and a [HeadMark].
///
/// Times are handed in and may count from anywhere. Safe for threads.
public final class HeadSampler {

    private static final byte[] NOTHING = new byte[0];
    private static final Slice UNKNOWN =
            Slice.of(Resource.UNKNOWN_SERVICE.getBytes(StandardCharsets.UTF_8));

    private final HeadConfig config;
    private final RememberedTraces remembered;
    private final RateLimit limit;
    private final RateLimit limitOfTheRest;
    private final ConcurrentHashMap<ServiceKey, ServiceRates> services = new ConcurrentHashMap<>();
    private final LongAdder servicesOverBound = new LongAdder();
    private volatile double loadFactor = 1;

    private record ServiceKey(Tenant tenant, Slice service) {}

    public HeadSampler(HeadConfig config) {
        this.config = config;
        this.remembered =
                new RememberedTraces(config.rememberedTraces(), config.rememberedFor().toNanos());
        this.limit = new RateLimit(config.spansPerSecond());
        this.limitOfTheRest = new RateLimit(config.spansPerSecondPerService());
    }

    /// @param chunks valid, as `TraceSplitter` leaves them, and of one tenant
    public HeadSample sample(Tenant tenant, List<TraceChunk> chunks, long nowNanos) {
        if (!config.enabled()) {
            return new HeadSample(chunks, Map.of(), List.of(), 0);
        }
        return new Pass(tenant, nowNanos).sample(chunks);
    }

    /// Remembers traces that failed elsewhere.
    public void remember(Tenant tenant, Collection<TraceId> errorTraces, long nowNanos) {
        for (var traceId : errorTraces) {
            remembered.add(tenant, traceId, nowNanos);
        }
    }

    /// Lowers every probability, see [LoadFactor].
    public void loadFactor(double factor) {
        if (!(factor > 0 && factor <= 1)) {
            throw new IllegalArgumentException(
                    "load factor: " + factor + " (expected: above 0, at most 1)");
        }
        loadFactor = factor;
    }

    /// How many error traces are remembered.
    public int rememberedTraces() {
        return remembered.size();
    }

    /// How many error traces were forgotten before their time, for want of room.
    public long evictedTraces() {
        return remembered.evicted();
    }

    /// How many chunks were of a service beyond those told apart.
    public long servicesOverBound() {
        return servicesOverBound.sum();
    }

    private ServiceRates rates(Tenant tenant, Slice service) {
        var rates = services.get(new ServiceKey(tenant, service));
        if (rates != null) {
            return rates;
        }
        if (services.size() >= config.maxServices()) {
            servicesOverBound.increment();
            // Rules go by name and hold for every service; only the limit is shared.
            return ServiceRates.of(service.toText(), config, limitOfTheRest);
        }
        var key = new ServiceKey(tenant, ServiceRates.copy(service));
        return services.computeIfAbsent(
                key,
                k ->
                        ServiceRates.of(
                                k.service().toText(),
                                config,
                                new RateLimit(config.spansPerSecondPerService())));
    }

    /// What is counted while one list of chunks goes through.
    private final class Pass {
        private final Tenant tenant;
        private final long nowNanos;
        private final double load = loadFactor;
        private final ChunkScan scan = new ChunkScan();
        private final Map<Outcome, Integer> spans = new EnumMap<>(Outcome.class);
        private final List<TraceId> errorTraces = new ArrayList<>();
        private int malformed;
        // Of the chunk: what the spans of one service run to.
        private double expected;
        private double serviceFactor = 1;
        private double overall = 1;
        private int passed;

        Pass(Tenant tenant, long nowNanos) {
            this.tenant = tenant;
            this.nowNanos = nowNanos;
        }

        HeadSample sample(List<TraceChunk> chunks) {
            var kept = new ArrayList<TraceChunk>();
            for (var chunk : chunks) {
                scan.read(chunk.body());
                boolean whole = keepsWhole(chunk.traceId());
                if (!whole) {
                    byChance(chunk.traceId());
                }
                if (scan.kept() > 0) {
                    kept.add(
                            scan.changed()
                                    ? new TraceChunk(
                                            chunk.traceId(),
                                            scan.write(whole ? HeadMark.bytes() : NOTHING),
                                            scan.kept())
                                    : chunk);
                }
            }
            return new HeadSample(kept, spans, errorTraces, malformed);
        }

        private boolean keepsWhole(TraceId traceId) {
            if (scan.error()) {
                if (remembered.add(tenant, traceId, nowNanos)) {
                    errorTraces.add(traceId);
                }
                count(Outcome.KEPT_ERROR, scan.size());
            } else if (remembered.contains(tenant, traceId, nowNanos)) {
                count(Outcome.KEPT_REMEMBERED, scan.size());
            } else {
                return false;
            }
            long own = Randomness.of(traceId);
            for (int span = 0; span < scan.size(); span++) {
                var state = state(span);
                long randomness = state.randomnessOrNone() < 0 ? own : state.randomnessOrNone();
                scan.keep(span, state.withThreshold(arrived(state, randomness)));
            }
            return true;
        }

        /// The threshold a span came with; one that its trace does not pass is no sampling.
        private long arrived(TraceState state, long randomness) {
            long threshold = state.thresholdOrNone();
            return threshold < 0 || threshold > randomness ? 0 : threshold;
        }

        private TraceState state(int span) {
            var state = scan.state(span);
            if (state.malformed()) {
                malformed++;
            }
            return state;
        }

        private void byChance(TraceId traceId) {
            long randomness = statedRandomness(traceId);
            // Taken once and recorded once, so that the limit over all tears no chunk.
            overall = limit.factor();
            double expectedInAll = 0;
            int passedInAll = 0;
            int span = 0;
            while (span < scan.size()) {
                int service = scan.service(span);
                Slice name = scan.serviceName(service);
                var rates = rates(tenant, name.length() == 0 ? UNKNOWN : name);
                serviceFactor = rates.limit().factor();
                expected = 0;
                passed = 0;
                while (span < scan.size() && scan.service(span) == service) {
                    decide(span, randomness, rates);
                    span++;
                }
                rates.limit().record(expected, passed, nowNanos);
                expectedInAll += expected;
                passedInAll += passed;
            }
            limit.record(expectedInAll, passedInAll, nowNanos);
        }

        /// That of the first span which states one, so that a chunk is never torn by it.
        private long statedRandomness(TraceId traceId) {
            for (int span = 0; span < scan.size(); span++) {
                if (scan.hasState(span)) {
                    long stated = scan.state(span).randomnessOrNone();
                    if (stated >= 0) {
                        return stated;
                    }
                }
            }
            return Randomness.of(traceId);
        }

        private void decide(int span, long randomness, ServiceRates rates) {
            double byRule = rates.probability(scan.name(span));
            double byLoad = byRule * load;
            double factor = serviceFactor * overall;
            var state = scan.hasState(span) ? state(span) : TraceState.EMPTY;
            long arrived = arrived(state, randomness);
            long threshold;
            if (arrived == 0) {
                expected += byLoad;
                threshold = Threshold.valueOf(byLoad * factor);
            } else {
                // A limit lowers what is left of those sampled before, not what they were sampled
                // at.
                double before = (double) (Threshold.RANGE - arrived) / Threshold.RANGE;
                expected += Math.min(1, byLoad / before);
                long limited = Threshold.valueOf(Math.min(byLoad, before) * factor);
                threshold = factor == 1 && byLoad >= before ? arrived : Math.max(arrived, limited);
            }
            if (randomness < threshold) {
                scan.drop(span);
                count(dropped(randomness, byRule, byLoad), 1);
                return;
            }
            passed++;
            count(Outcome.KEPT_CHANCE, 1);
            long known = state.thresholdOrNone();
            if (threshold == known || (threshold == 0 && known < 0)) {
                scan.keep(span);
            } else {
                scan.keep(span, state.withThreshold(threshold));
            }
        }

        private static Outcome dropped(long randomness, double byRule, double byLoad) {
            if (randomness < Threshold.valueOf(byRule)) {
                return Outcome.DROPPED_RULE;
            }
            return randomness < Threshold.valueOf(byLoad)
                    ? Outcome.DROPPED_LOAD
                    : Outcome.DROPPED_LIMIT;
        }

        private void count(Outcome outcome, int count) {
            spans.merge(outcome, count, Integer::sum);
        }
    }
}
