package dev.millrace.assembly;

/// Where a new owner of a partition takes over.
///
/// @param position the offset of the first record whose effect is not yet recorded
/// @param resumeOffset the first record of the oldest trace open at `position`, or `position`
/// @param logTime the partition's time before the record at `resumeOffset`, milliseconds since the
///   epoch
public record Resumption(long position, long resumeOffset, long logTime) {

    public Resumption {
        if (resumeOffset > position) {
            throw new IllegalArgumentException(
                    "resume offset: "
                            + resumeOffset
                            + " (expected: at most the position, "
                            + position
                            + ")");
        }
    }

    /// A partition that nobody has read yet, from `offset`.
    public static Resumption fresh(long offset) {
        return new Resumption(offset, offset, Long.MIN_VALUE / 2);
    }
}
