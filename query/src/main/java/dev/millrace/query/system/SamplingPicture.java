package dev.millrace.query.system;

import java.time.Instant;
import java.util.List;

/// Which complete traces are kept just now, by which rules, and what came of it lately.
///
/// @param version the number that verdicts name
/// @param policyText the file, or the line that stands for a preset
/// @param choice which of several rules that hold gives the verdict: `first` or `strongest`
/// @param spansPerSecond of the budget; 0 for no limit
/// @param bytesPerSecond of the budget; 0 for no limit
/// @param loadFactor what chances are multiplied with because machines are busy
/// @param certainShare what the budget leaves of the traces that rules keep without chance
/// @param othersShare what it leaves of operations that are not limited one by one
/// @param limited operations of which the budget leaves a part, the least left first, so many at
///   most
/// @param slow from which duration on a trace is slower than most of its kind, the slowest first,
///   so many at most
public record SamplingPicture(
        long version,
        String policyText,
        String choice,
        List<RuleState> rules,
        double spansPerSecond,
        double bytesPerSecond,
        double loadFactor,
        double certainShare,
        double othersShare,
        List<LimitedOperation> limited,
        int limitedInAll,
        List<SlowBound> slow,
        int slowInAll,
        Counted counted) {

    public SamplingPicture {
        rules = List.copyOf(rules);
        limited = List.copyOf(limited);
        slow = List.copyOf(slow);
    }

    /// A rule of the policy.
    ///
    /// @param when it holds, in words
    /// @param keep the share it keeps of what it holds for, 0 to 1
    public record RuleState(String name, String when, double keep) {}

    /// A root operation whose traces are kept in part, by the budget.
    public record LimitedOperation(String tenant, String service, String operation, double share) {}

    /// From which duration on a trace counts as slow.
    public record SlowBound(
            String tenant, String service, String operation, double percentile, long nanos) {}

    /// What came of the verdicts between two moments.
    ///
    /// @param whole whether all of them are counted
    public record Counted(Instant since, Instant until, boolean whole, List<Outcome> outcomes) {

        public Counted {
            outcomes = List.copyOf(outcomes);
        }
    }

    /// What one rule kept or let go, in traces and late fragments.
    ///
    /// @param rule that gave the verdict
    /// @param errors how many of the spans failed
    public record Outcome(
            String rule, boolean kept, long traces, long spans, long errors, long bytes) {}
}
