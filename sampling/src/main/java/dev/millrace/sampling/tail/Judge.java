package dev.millrace.sampling.tail;

import dev.millrace.model.TraceId;
import dev.millrace.sampling.Randomness;
import dev.millrace.sampling.Threshold;
import dev.millrace.sampling.TraceState;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.ArrayList;
import java.util.List;

/// Gives one trace after another its [Verdict].
///
/// For each trace: [#begin], then [#observe] once for every part of it in the order of the log,
/// then [#verdict]. What is seen in parts gives the same as what is seen at once. Not safe for
/// threads.
public final class Judge {

    private Version version;
    private List<SpanCondition> conditions = List.of();
    private boolean[] met = new boolean[0];
    private TraceId traceId = new TraceId(0, 1);
    private boolean rootError;
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
        met = new boolean[conditions.size()];
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
        rootError = false;
        randomness = Randomness.of(id);
        seenFirst = false;
        for (int i = 0; i < met.length; i++) {
            met[i] = false;
        }
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
        for (int span : spans) {
            rootError |= index.error(span) && index.parent(span) == 0;
        }
        for (int i = 0; i < met.length; i++) {
            if (!met[i]) {
                met[i] = SpanMatch.any(conditions.get(i), index, spans);
            }
        }
    }

    public Verdict verdict(TraceFacts facts) {
        Rule chosen = null;
        long least = Threshold.NEVER.value();
        for (var rule : version.policy().rules()) {
            long threshold = threshold(rule.when(), facts);
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

    private long threshold(Expression expression, TraceFacts facts) {
        return switch (expression) {
            case Expression.All all -> {
                long threshold = Threshold.ALWAYS.value();
                for (var operand : all.operands()) {
                    threshold = Math.max(threshold, threshold(operand, facts));
                }
                yield threshold;
            }
            case Expression.Any any -> {
                long threshold = Threshold.NEVER.value();
                for (var operand : any.operands()) {
                    threshold = Math.min(threshold, threshold(operand, facts));
                }
                yield threshold;
            }
            case Expression.Not not -> Threshold.NEVER.value() - threshold(not.operand(), facts);
            case Expression.Chance chance -> chance(chance.probability());
            case Predicate predicate ->
                    (holds(predicate, facts) ? Threshold.ALWAYS : Threshold.NEVER).value();
        };
    }

    /// Load lowers what is left to chance and nothing else.
    private long chance(double probability) {
        return probability == 1
                ? Threshold.ALWAYS.value()
                : Threshold.ofProbability(probability * version.loadFactor()).value();
    }

    private boolean holds(Predicate predicate, TraceFacts facts) {
        return switch (predicate) {
            case Predicate.Always _ -> true;
            case Predicate.AnyError _ -> facts.errors() > 0;
            case Predicate.RootError _ -> rootError;
            case Predicate.SlowerThanMost slower -> {
                var bound = version.slowBounds().nanos(slower.percentile(), facts.operation());
                yield bound.isPresent() && facts.durationNanos() > bound.getAsLong();
            }
            case Predicate.SlowerThan slower -> facts.durationNanos() >= slower.bound().toNanos();
            case Predicate.Root root ->
                    root.service().matches(facts.operation().service())
                            && root.operation().matches(facts.operation().operation());
            case Predicate.HasSpan span -> met[conditions.indexOf(span.span())];
            case Predicate.SpanCount count ->
                    facts.spans() >= count.least() && facts.spans() <= count.most();
        };
    }

    private long withinBudget(long threshold, RootOperation operation) {
        var shares = version.shares();
        double share = threshold == 0 ? shares.certain() : shares.of(operation);
        if (share >= 1) {
            return threshold;
        }
        double probability = new Threshold(threshold).probability() * share;
        return Math.max(threshold, Threshold.ofProbability(probability).value());
    }
}
