package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.assembly.ClosedTrace;
import dev.millrace.assembly.ClosedTraces;
import dev.millrace.assembly.Fate;
import dev.millrace.assembly.LogMinute;
import dev.millrace.assembly.PartitionAssembler;
import dev.millrace.assembly.Refusal;
import dev.millrace.assembly.Resumption;
import dev.millrace.assembly.TableSpace;
import dev.millrace.assembly.TraceSink;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.WeightedTraffic.Shape;
import dev.millrace.sampling.HeadConfig;
import dev.millrace.sampling.HeadRule;
import dev.millrace.sampling.HeadSampler;
import dev.millrace.sampling.Randomness;
import dev.millrace.sampling.TraceState;
import dev.millrace.sampling.Weight;
import dev.millrace.sampling.tail.Judge;
import dev.millrace.sampling.tail.PolicyFile;
import dev.millrace.sampling.tail.RootOperation;
import dev.millrace.sampling.tail.Shares;
import dev.millrace.sampling.tail.SlowBounds;
import dev.millrace.sampling.tail.TraceFacts;
import dev.millrace.sampling.tail.Version;
import dev.millrace.wire.otlp.SpanIndex;
import dev.millrace.wire.otlp.TraceChunk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Sums of weights over what is stored against what there was: through the real head, the real
/// assembler and the real judge.
///
/// It covers heads that keep the same or different shares of operations, lowered by load or by a
/// rate limit; SDKs that sampled before; failed traces whose first record the head may have dropped
/// before it knew; and policies with errors, durations, attributes, and, or, not, chances, budgets
/// and load. It leaves out what cannot be estimated: rules that hold for want of spans behind a
/// head that keeps different shares of one trace, and traces that a late error brought back, which
/// are stored besides those that stand for them.
class WeightTest {

    private static final int SEEDS = 200;
    private static final int TRACES = 400;
    private static final double FARTHEST = 4;
    private static final double LEAST_P_VALUE = 0.001;

    private static final long ALL_BITS = (1L << 56) - 1;
    private static final long SECOND = 1_000_000_000;
    private static final AssemblyConfig ASSEMBLY =
            new AssemblyConfig(
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(10),
                    Duration.ofMinutes(1),
                    10_000,
                    ByteSize.ofMebibytes(4),
                    10_000);

    /// What is decided before and behind the log.
    ///
    /// @param traceState what spans come with; `RV` in it stands for the trace's randomness
    record Mix(String name, HeadConfig head, String traceState, Version version) {

        static Mix of(
                String name,
                HeadConfig head,
                String traceState,
                String policy,
                Shares shares,
                double load) {
            var bounds = new HashMap<RootOperation, Long>();
            WeightedTraffic.OPERATIONS.forEach(root -> bounds.put(operation(root), 500_000_000L));
            return new Mix(
                    name,
                    head,
                    traceState,
                    new Version(
                            1,
                            policy,
                            PolicyFile.read("policy", policy),
                            new SlowBounds(Map.of(95.0, bounds)),
                            shares,
                            load));
        }

        /// The share of traces that SDKs do not send is known from the trace states of the others.
        long sampledBefore() {
            return traceState.isEmpty() ? 0 : 1L << 55;
        }

        HeadSampler sampler() {
            var sampler = new HeadSampler(head);
            sampler.loadFactor(version.loadFactor());
            return sampler;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static List<Mix> mixes() {
        return List.of(
                Mix.of(
                        "one share at the head then errors slow and a rest",
                        head(0.4, Map.of(), 0),
                        "",
                        """
                        rules:
                          - {name: errors, when: {error: any}}
                          - {name: slow, when: {slower-than: p95}}
                          - {name: rest, keep: 20%}
                        """,
                        Shares.ALL,
                        1),
                Mix.of(
                        "shares by operation at the head then attributes slow and a rest",
                        head(0.9, Map.of("db", 0.3, "cart", 0.5), 0),
                        "",
                        """
                        rules:
                          - {name: rows, when: {span: {service: db, attributes: {rows: {at-least: 1000}}}}}
                          - {name: slow, when: {slower-than: p95}}
                          - {name: wide, when: {span-count: {at-least: 4}}, keep: 60%}
                          - {name: rest, keep: 25%}
                        """,
                        Shares.ALL,
                        1),
                Mix.of(
                        "a rate limit at the head then a budget",
                        head(1, Map.of(), 500_000),
                        "",
                        """
                        rules:
                          - {name: errors, when: {error: any}}
                          - {name: orders, when: {root: {operation: POST /orders}}, keep: 80%}
                          - {name: rest, keep: 50%}
                        budget: {spans-per-second: 1000}
                        """,
                        new Shares(0.7, Map.of(operation("GET /cart"), 0.4), 0.6),
                        1),
                Mix.of(
                        "load at both with and or not and chances",
                        head(1, Map.of(), 0),
                        "",
                        """
                        rules:
                          - name: either
                            when:
                              any:
                                - {all: [{chance: 90%}, {span: {service: db, attributes: {rows: {at-least: 1000}}}}]}
                                - {all: [{chance: 60%}, {root: {operation: GET /rare}}]}
                          - {name: small, when: {not: {attributes: {rows: {at-least: 1000}}}}, keep: 40%}
                          - {name: failed, when: {all: [{error: any}, {chance: 80%}]}}
                          - {name: slow, when: {slower-than: 500ms}}
                        """,
                        Shares.ALL,
                        0.5),
                Mix.of(
                        "SDKs that sampled and state randomness then the first rule",
                        head(0.4, Map.of(), 0),
                        "ot=th:8;rv:RV",
                        """
                        choice: first
                        rules:
                          - {name: errors, when: {error: any}}
                          - {name: rare, when: {root: {operation: GET /rare}}, keep: 60%}
                          - {name: rest, keep: 20%}
                        """,
                        Shares.ALL,
                        1));
    }

    private static HeadConfig head(double share, Map<String, Double> services, double limit) {
        var rules = new ArrayList<HeadRule>();
        new TreeMap<>(services).forEach((name, each) -> rules.add(new HeadRule(name, "*", each)));
        return new HeadConfig(true, share, rules, limit, 0, 500_000, Duration.ofHours(1), 100);
    }

    private static RootOperation operation(String name) {
        return new RootOperation(Tenant.DEFAULT, "shop", name);
    }

    /// How a shape is sampled.
    ///
    /// @param thresholds of each span, by its id: it is to be stored exactly when the randomness of
    ///   its trace is not below it
    /// @param spanVariance of the estimated number of a trace's spans
    /// @param traceVariance of the estimate of one, the trace itself
    private record Expected(Map<Long, Long> thresholds, double spanVariance, double traceVariance) {

        static Expected of(Map<Long, Long> thresholds) {
            double sum = 0;
            long least = Long.MAX_VALUE;
            for (long one : thresholds.values()) {
                for (long other : thresholds.values()) {
                    sum += Weight.of(Math.min(one, other)) - 1;
                }
                least = Math.min(least, one);
            }
            return new Expected(thresholds, sum, Weight.of(least) - 1);
        }

        Map<Long, Long> passedBy(long randomness) {
            var passed = new TreeMap<>(thresholds);
            passed.values().removeIf(threshold -> threshold > randomness);
            return passed;
        }
    }

    /// @param shape its number
    private record Made(TraceId id, int shape, long randomness) {}

    /// What there was, what it is estimated to have been, and the variance of that.
    private static final class Sum {
        private double truth;
        private double estimate;
        private double variance;

        void add(double moreTruth, double moreEstimate, double moreVariance) {
            truth += moreTruth;
            estimate += moreEstimate;
            variance += moreVariance;
        }

        double z() {
            return (estimate - truth) / Math.sqrt(variance);
        }
    }

    @ParameterizedTest
    @MethodSource("mixes")
    void weightsOfWhatIsStoredAddUpToWhatThereWas(Mix mix) {
        // Given
        var shapes = WeightedTraffic.shapes(mix.traceState);
        // One for all where a limit has to settle first.
        var shared = mix.sampler();
        boolean settles = mix.head.spansPerSecond() > 0;
        if (settles) {
            settle(shared);
        }
        var expected =
                shapes.stream()
                        .map(shape -> expected(mix, settles ? shared : mix.sampler(), shape))
                        .toList();
        var spansZ = new double[SEEDS];
        var tracesZ = new double[SEEDS];
        Map<String, Sum> byOperation = new LinkedHashMap<>();

        for (int seed = 1; seed <= SEEDS; seed++) {
            // When
            var random = new Random(seed);
            var sampler = settles ? shared : mix.sampler();
            var store = new Store(sampler, mix.version);
            var made = new ArrayList<Made>();
            var spans = new Sum();
            var traces = new Sum();
            for (int i = 0; i < TRACES; i++) {
                int number = random.nextInt(shapes.size());
                var id = new TraceId(random.nextLong(), random.nextLong() | 1L << 62);
                long stated = random.nextLong() & ALL_BITS;
                long randomness = mix.traceState.isEmpty() ? Randomness.of(id) : stated;
                made.add(new Made(id, number, randomness));
                if (randomness >= mix.sampledBefore()) {
                    store.take(shapes.get(number).trace(id, stated));
                }
            }
            store.close();

            // Then
            for (var trace : made) {
                var known = expected.get(trace.shape());
                var states = store.stored.getOrDefault(trace.id(), Map.of());
                if (!thresholds(states).equals(known.passedBy(trace.randomness()))) {
                    assertThat(thresholds(states))
                            .as("seed %s, %s", seed, trace)
                            .isEqualTo(known.passedBy(trace.randomness()));
                }
                double ofSpans = states.values().stream().mapToDouble(Weight::ofSpan).sum();
                double ofTrace = Weight.ofTrace(states.values());
                var shape = shapes.get(trace.shape());
                for (var sum : List.of(spans, of(byOperation, shape, "spans"))) {
                    sum.add(shape.spans(), ofSpans, known.spanVariance());
                }
                for (var sum : List.of(traces, of(byOperation, shape, "traces"))) {
                    sum.add(1, ofTrace, known.traceVariance());
                }
            }
            spansZ[seed - 1] = spans.z();
            tracesZ[seed - 1] = traces.z();
        }
        check(mix + ", spans", spansZ);
        check(mix + ", traces", tracesZ);
        byOperation.forEach((name, sum) ->
                assertThat(sum.z())
                        .as("%s, %s of seeds 1 to %s together", mix, name, SEEDS)
                        .isBetween(-FARTHEST, FARTHEST));
    }

    private static Sum of(Map<String, Sum> sums, Shape shape, String what) {
        return sums.computeIfAbsent(shape.operation() + " " + what, _ -> new Sum());
    }

    private static void check(String what, double[] z) {
        for (int i = 0; i < z.length; i++) {
            assertThat(z[i]).as("z of %s, seed %s", what, i + 1).isBetween(-FARTHEST, FARTHEST);
        }
        assertThat(StandardNormal.pValue(z))
                .as("p of %s, seeds 1 to %s", what, z.length)
                .isGreaterThan(LEAST_P_VALUE);
    }

    /// Offers four times its limit for a second, so that from there on it keeps a quarter.
    private static void settle(HeadSampler sampler) {
        var shape = WeightedTraffic.shapes("").getFirst();
        var many = new ArrayList<TraceChunk>();
        for (int i = 0; i < 2_000; i++) {
            many.addAll(shape.trace(new TraceId(9, i + 1), 0));
        }
        for (int i = 0; i < 250; i++) {
            var _ = sampler.sample(Tenant.DEFAULT, many, i * SECOND / 250);
        }
        var _ = sampler.sample(Tenant.DEFAULT, many.subList(0, 1), SECOND);
    }

    private static Expected expected(Mix mix, HeadSampler sampler, Shape shape) {
        var store = new Store(sampler, mix.version);
        store.take(shape.trace(new TraceId(shape.hashCode(), ALL_BITS), ALL_BITS));
        store.close();
        var states = store.stored.values().iterator().next();
        assertThat(states).as("%s", shape).hasSize(shape.spans());
        return Expected.of(thresholds(states));
    }

    private static Map<Long, Long> thresholds(Map<Long, Slice> states) {
        var thresholds = new TreeMap<Long, Long>();
        states.forEach((span, state) -> thresholds.put(span, Weight.threshold(state)));
        return thresholds;
    }

    /// The head and everything behind it as far as it is pure: what it stores, by trace and span
    /// id, with the trace states it writes.
    private static final class Store implements TraceSink {

        private final HeadSampler head;
        private final Judge judge;
        private final PartitionAssembler assembler;
        private final Map<TraceId, Map<Long, Slice>> stored = new HashMap<>();
        private final List<TraceChunk> later = new ArrayList<>();
        private long offset;

        Store(HeadSampler head, Version version) {
            this.head = head;
            judge = new Judge(version);
            assembler =
                    new PartitionAssembler(
                            ASSEMBLY,
                            Resumption.fresh(0),
                            new ClosedTraces(ASSEMBLY, TableSpace.memory()),
                            (_, _) -> {
                                throw new IllegalStateException("nothing was let go");
                            },
                            this);
        }

        /// The first record of a trace goes through the head at once, the others after those of
        /// other traces.
        void take(List<TraceChunk> records) {
            append(records.getFirst());
            if (!later.isEmpty()) {
                append(later.removeFirst());
            }
            later.addAll(records.subList(1, records.size()));
        }

        private void append(TraceChunk record) {
            var sample = head.sample(Tenant.DEFAULT, List.of(record), SECOND);
            for (var chunk : sample.chunks()) {
                assembler.accept(offset++, 0, Tenant.DEFAULT, chunk.traceId(), chunk.body());
            }
        }

        void close() {
            later.forEach(this::append);
            assembler.mark(offset, 2_000);
            assembler.close();
        }

        @Override
        public void begin(Tenant tenant, TraceId traceId) {
            judge.begin(traceId);
        }

        @Override
        public void poison(
                Tenant tenant, TraceId traceId, long at, long minute, Slice body, String reason) {
            throw new IllegalStateException(reason);
        }

        @Override
        public void observe(SpanIndex index, int from, int[] spans) {
            judge.observe(index, from, spans);
        }

        @Override
        public Fate judge(ClosedTrace trace, ClosedTraces.@Nullable Entry earlier) {
            var digest = trace.digest();
            var verdict =
                    judge.verdict(
                            new TraceFacts(
                                    new RootOperation(
                                            trace.tenant(),
                                            digest.rootService(),
                                            digest.rootOperation()),
                                    digest.spans(),
                                    digest.errors(),
                                    digest.durationNanos()));
            return new Fate(verdict.kept(), verdict.threshold());
        }

        @Override
        public Slice traceState(Slice before, Fate fate) {
            return TraceState.kept(before, fate.threshold());
        }

        @Override
        public void part(ClosedTrace trace, int part, Slice body, List<LogMinute> minutes) {
            var index = new SpanIndex();
            index.add(trace.traceId(), body);
            var states = stored.computeIfAbsent(trace.traceId(), _ -> new TreeMap<>());
            for (int i = 0; i < index.size(); i++) {
                states.put(index.id(i), index.traceState(i));
            }
        }

        @Override
        public void refused(ClosedTrace trace, Refusal refusal) {
            throw new IllegalStateException("nothing is enriched: " + refusal);
        }

        @Override
        public void putAside(ClosedTrace trace, long at, Slice body, Refusal refusal) {
            throw new IllegalStateException("nothing is enriched: " + refusal);
        }

        @Override
        public void partPutAside(
                ClosedTrace trace, Slice body, List<LogMinute> minutes, Refusal refusal) {
            throw new IllegalStateException("nothing is enriched: " + refusal);
        }

        @Override
        public void committable() {}

        @Override
        public void closed(ClosedTrace trace, Fate fate) {}
    }
}
