package dev.millrace.assembly;

import dev.millrace.model.TraceId;
import org.jspecify.annotations.Nullable;

/// Where a new owner of a partition takes over.
///
/// @param position the offset of the first record whose effect is not yet recorded in full
/// @param resumeOffset the first record of the oldest trace open at `position`, or `position`
/// @param logTime the partition's time before the record at `resumeOffset`, milliseconds since the
///   epoch
/// @param begun the trace of which some parts are on record and others are not; null for none
public record Resumption(long position, long resumeOffset, long logTime, @Nullable Begun begun) {

    /// A trace that is being given out.
    ///
    /// @param parts how many of its parts are on record
    public record Begun(TraceId traceId, int parts) {}

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

    /// Between two traces.
    public Resumption(long position, long resumeOffset, long logTime) {
        this(position, resumeOffset, logTime, null);
    }

    /// A partition that nobody has read yet, from `offset`.
    public static Resumption fresh(long offset) {
        return new Resumption(offset, offset, Long.MIN_VALUE / 2);
    }
}
