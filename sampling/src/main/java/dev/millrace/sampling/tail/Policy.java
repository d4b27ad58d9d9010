package dev.millrace.sampling.tail;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Which complete traces are stored.
///
/// @param choice which rule counts when several hold
/// @param rules in order; a trace that none holds for is dropped
/// @param budget for all that is kept
public record Policy(Choice choice, List<Rule> rules, Budget budget) {

    /// Which of several rules that hold gives the verdict.
    public enum Choice {
        /// The one that stands first.
        FIRST,
        /// The one that keeps the largest share; of equal ones the first.
        STRONGEST
    }

    /// Stores everything as it came.
    public static final Policy KEEP_ALL = of(new Rule("keep-all", new Predicate.Always(), 1));

    private static final Rule ERRORS = new Rule("errors", new Predicate.AnyError(), 1);
    private static final Rule SLOW = new Rule("slow", new Predicate.SlowerThanMost(95), 1);

    /// Errors and what is slower than 95 % of its kind; nothing of the rest.
    public static final Policy TAIL = of(ERRORS, SLOW);

    /// As [#TAIL], and 1 % of the rest.
    public static final Policy HYBRID =
            of(ERRORS, SLOW, new Rule("rest", new Predicate.Always(), 0.01));

    public Policy {
        rules = List.copyOf(rules);
        if (rules.isEmpty()) {
            throw new IllegalArgumentException("rules: [] (expected: at least one rule)");
        }
        var names = new HashSet<String>();
        for (var rule : rules) {
            if (!names.add(rule.name())) {
                throw new IllegalArgumentException(
                        "rules: two of the name \"" + rule.name() + "\" (expected: one)");
            }
        }
    }

    private static Policy of(Rule... rules) {
        return new Policy(Choice.STRONGEST, List.of(rules), Budget.NONE);
    }

    /// Whether every trace is kept whatever it is, so that nothing needs to be found out about it.
    public boolean keepsEverything() {
        var first = rules.getFirst();
        return budget.isUnlimited()
                && first.keep() == 1
                && first.when() instanceof Predicate.Always;
    }

    /// Whether chance has a part in any verdict, so that there is something for load to lower.
    public boolean hasChance() {
        return rules.stream().anyMatch(rule -> rule.keep() < 1 || !rule.when().isCertain());
    }

    /// The percentiles of duration that verdicts depend on, ascending.
    public Set<Double> percentiles() {
        var percentiles = new TreeSet<Double>();
        for (var rule : rules) {
            collect(rule.when(), percentiles);
        }
        return percentiles;
    }

    private static void collect(Expression expression, Set<Double> percentiles) {
        switch (expression) {
            case Expression.All all -> all.operands().forEach(each -> collect(each, percentiles));
            case Expression.Any any -> any.operands().forEach(each -> collect(each, percentiles));
            case Expression.Not not -> collect(not.operand(), percentiles);
            case Predicate.SlowerThanMost slower -> percentiles.add(slower.percentile());
            case Expression.Chance _, Predicate _ -> {}
        }
    }
}
