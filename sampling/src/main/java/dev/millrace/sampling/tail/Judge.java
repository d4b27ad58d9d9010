package dev.millrace.sampling.tail;

import dev.millrace.model.TraceId;
import dev.millrace.sampling.Randomness;
import dev.millrace.sampling.Threshold;
import dev.millrace.sampling.TraceState;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/// Gives one trace after another its [Verdict].
///
/// For each trace: [#begin], then [#observe] once for every part of it in the order of the log,
/// then [#verdict]. What is seen in parts gives the same as what is seen at once. Not safe for
/// threads.
///
/// Where a head kept only some of a trace's spans, what a rule sees depends on the randomness that
/// the verdict is compared with. A kept trace therefore gets the least threshold from which on it
/// would have been kept with the spans it would have had then. So every span that is stored stands
/// for as many as its [dev.millrace.sampling.Weight] says; but not by rules that hold for want of
/// spans (`not`, `at-most`), because what the head dropped cannot be known.
public final class Judge {

    private Version version;
    private List<SpanCondition> conditions = List.of();
    private final Strata strata = new Strata();
    private TraceId traceId = new TraceId(0, 1);
    private long randomness;
    private boolean seenFirst;

    public Judge(Version version) {
        this.version = version;
        turnTo(version);
    }

    /// Lets this version hold from the next trace on.
    public void turnTo(Version next) {
        version = next;
        var found = new ArrayList<SpanCondition>();
        for (var rule : next.policy().rules()) {
            collect(rule.when(), found);
        }
        conditions = List.copyOf(found);
    }

    private static void collect(Expression expression, List<SpanCondition> found) {
        switch (expression) {
            case Expression.All all -> all.operands().forEach(each -> collect(each, found));
            case Expression.Any any -> any.operands().forEach(each -> collect(each, found));
            case Expression.Not not -> collect(not.operand(), found);
            case Predicate.HasSpan span -> {
                if (!found.contains(span.span())) {
                    found.add(span.span());
                }
            }
            case Expression.Chance _, Predicate _ -> {}
        }
    }

    public Version version() {
        return version;
    }

    public void begin(TraceId id) {
        traceId = id;
        randomness = Randomness.of(id);
        seenFirst = false;
        strata.begin(conditions);
    }

    /// @param from the first of the part's spans in the order of the log
    /// @param spans the part's spans, duplicates left out
    public void observe(SpanIndex index, int from, int[] spans) {
        if (!seenFirst) {
            seenFirst = true;
            var state = index.traceState(from);
            if (state.length() > 0) {
                randomness = Randomness.of(traceId, TraceState.parse(state));
            }
        }
        strata.add(index, spans, randomness);
    }

    /// The least threshold that a span of the trace came with; the share that the trace arrives
    /// with.
    public long leastThreshold() {
        return strata.least();
    }

    /// Whether the head kept spans of the trace only because it failed, so that it may lack others.
    public boolean mayBeIncomplete() {
        return strata.hasHeadMark();
    }

    /// @param facts of the whole trace
    public Verdict verdict(TraceFacts facts) {
        var levels = strata.upToEach();
        if (levels.isEmpty()) {
            return verdict(facts, new Stratum(0, conditions.size()));
        }
        var verdict = verdict(facts, levels.getLast());
        if (!verdict.kept() || levels.size() == 1) {
            return verdict;
        }
        var below = new ArrayList<Verdict>();
        for (var level : levels.subList(0, levels.size() - 1)) {
            below.add(verdict(level.facts(facts), level));
        }
        below.add(verdict);
        return new Verdict(
                true,
                verdict.rule(),
                nested(levels, below, Verdict::ruleThreshold),
                nested(levels, below, Verdict::threshold));
    }

    /// From which randomness on the trace is kept without a gap up to its own.
    ///
    /// @param verdicts with the spans of each level, all of which would hold up to the next level
    private static long nested(
            List<Stratum> levels, List<Verdict> verdicts, ToLongFunction<Verdict> asked) {
        int level = levels.size() - 1;
        long threshold = asked.applyAsLong(verdicts.get(level));
        while (level > 0 && threshold <= levels.get(level).threshold()) {
            long edge = levels.get(level).threshold();
            long lower = asked.applyAsLong(verdicts.get(level - 1));
            if (lower >= edge) {
                return edge;
            }
            threshold = lower;
            level--;
        }
        return threshold;
    }

    private Verdict verdict(TraceFacts facts, Stratum seen) {
        Rule chosen = null;
        long least = Threshold.NEVER.value();
        for (var rule : version.policy().rules()) {
            long threshold = threshold(rule.when(), facts, seen);
            if (threshold == Threshold.NEVER.value()) {
                continue;
            }
            threshold = Math.max(threshold, chance(rule.keep()));
            if (chosen == null || threshold < least) {
                chosen = rule;
                least = threshold;
            }
            if (version.policy().choice() == Policy.Choice.FIRST) {
                break;
            }
        }
        if (chosen == null) {
            return new Verdict(false, Verdict.NO_RULE, least, least);
        }
        long afterBudget = withinBudget(least, facts.operation());
        return new Verdict(randomness >= afterBudget, chosen.name(), least, afterBudget);
    }

    private long threshold(Expression expression, TraceFacts facts, Stratum seen) {
        return switch (expression) {
            case Expression.All all -> {
                long threshold = Threshold.ALWAYS.value();
                for (var operand : all.operands()) {
                    threshold = Math.max(threshold, threshold(operand, facts, seen));
                }
                yield threshold;
            }
            case Expression.Any any -> {
                long threshold = Threshold.NEVER.value();
                for (var operand : any.operands()) {
                    threshold = Math.min(threshold, threshold(operand, facts, seen));
                }
                yield threshold;
            }
            case Expression.Not not ->
                    Threshold.NEVER.value() - threshold(not.operand(), facts, seen);
            case Expression.Chance chance -> chance(chance.probability());
            case Predicate predicate ->
                    (holds(predicate, facts, seen) ? Threshold.ALWAYS : Threshold.NEVER).value();
        };
    }

    /// Load lowers what is left to chance and nothing else.
    private long chance(double probability) {
        return probability == 1
                ? Threshold.ALWAYS.value()
                : Threshold.ofProbability(probability * version.loadFactor()).value();
    }

    private boolean holds(Predicate predicate, TraceFacts facts, Stratum seen) {
        return switch (predicate) {
            case Predicate.Always _ -> true;
            case Predicate.AnyError _ -> facts.errors() > 0;
            case Predicate.RootError _ -> seen.rootError();
            case Predicate.SlowerThanMost slower -> {
                var bound = version.slowBounds().nanos(slower.percentile(), facts.operation());
                yield bound.isPresent() && facts.durationNanos() > bound.getAsLong();
            }
            case Predicate.SlowerThan slower -> facts.durationNanos() >= slower.bound().toNanos();
            case Predicate.Root root ->
                    root.service().matches(facts.operation().service())
                            && root.operation().matches(facts.operation().operation());
            case Predicate.HasSpan span -> seen.isMet(conditions.indexOf(span.span()));
            case Predicate.SpanCount count ->
                    facts.spans() >= count.least() && facts.spans() <= count.most();
        };
    }

    /// Lowers the share that is kept of all traces, that of the head included: a threshold that the
    /// head has passed already would leave the budget without effect.
    private long withinBudget(long threshold, RootOperation operation) {
        var shares = version.shares();
        double share = threshold == 0 ? shares.certain() : shares.of(operation);
        if (share >= 1) {
            return threshold;
        }
        long before = Math.max(threshold, strata.least());
        double probability = new Threshold(before).probability() * share;
        return Math.max(threshold, Threshold.ofProbability(probability).value());
    }
}
