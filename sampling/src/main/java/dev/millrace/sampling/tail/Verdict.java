package dev.millrace.sampling.tail;

/// What becomes of a trace, and why.
///
/// @param kept whether it is stored
/// @param rule the name of the rule that said so, or [#NO_RULE]
/// @param ruleThreshold what the rule alone asks of the trace's randomness
/// @param threshold the same after the budget, at least `ruleThreshold`; 0 to 2^56
public record Verdict(boolean kept, String rule, long ruleThreshold, long threshold) {

    /// Of traces that no rule holds for.
    public static final String NO_RULE = "none";
}
