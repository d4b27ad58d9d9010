package dev.millrace.sampling.tail;

import dev.millrace.sampling.Threshold;

/// A named reason to keep traces, and the share kept of those it holds for.
///
/// @param name stands on every verdict that it gives
/// @param when what it holds for
/// @param keep the share, 0 to 1
public record Rule(String name, Expression when, double keep) {

    public Rule {
        if (!name.matches("[A-Za-z0-9._-]{1,64}")) {
            throw new IllegalArgumentException(
                    "name: \"" + name + "\" (expected: 1 to 64 letters, digits, '-', '_' or '.')");
        }
        // Checks it.
        var _ = Threshold.ofProbability(keep);
    }
}
