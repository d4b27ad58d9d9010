package dev.millrace.sampling.tail;

/// Everything that a verdict depends on besides its trace.
///
/// @param number grows from version to version
/// @param policyText the file that `policy` was read from
/// @param loadFactor what chances are multiplied with because the machines are busy, above 0 to 1
public record Version(
        long number,
        String policyText,
        Policy policy,
        SlowBounds slowBounds,
        Shares shares,
        double loadFactor) {

    public Version {
        if (!(loadFactor > 0 && loadFactor <= 1)) {
            throw new IllegalArgumentException(
                    "load factor: " + loadFactor + " (expected: above 0, at most 1)");
        }
    }

    /// Of a policy of whose traffic nothing is known.
    ///
    /// @throws IllegalArgumentException when the text is no policy
    public static Version first(String policyText) {
        return new Version(
                0,
                policyText,
                PolicyFile.read("policy", policyText),
                SlowBounds.NONE,
                Shares.ALL,
                1);
    }

    public Version numbered(long newNumber) {
        return new Version(newNumber, policyText, policy, slowBounds, shares, loadFactor);
    }

    /// Whether verdicts are the same under both.
    public boolean decidesAs(Version other) {
        return numbered(0).equals(other.numbered(0));
    }
}
