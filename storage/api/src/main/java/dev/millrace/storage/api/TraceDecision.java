package dev.millrace.storage.api;

import java.time.Instant;
import java.util.List;

/// What was decided about a trace when it was complete, or about spans of it that came later, and
/// why.
///
/// @param policy the rule that said so
/// @param threshold of consistent sampling, 56 bits: what has less randomness was dropped; 0 for a
///   certain rule
/// @param ruleThreshold what the rule alone asks, before a budget takes its part
/// @param leastThreshold the least that a span came with from a head before
/// @param incomplete whether the head kept spans only because the trace failed, so that others may
///   be missing
/// @param version of everything the verdict depends on besides the trace
/// @param fragment 0 for the trace itself, 1 and up for spans that came after it was complete
/// @param upgrade whether the verdict supersedes one that had dropped the trace
/// @param closedAt the time of the log at which the spans were complete
/// @param decidedAt the time of the log of the trace's first verdict, which late spans inherit
/// @param digest of these spans alone
/// @param spans where they lie in the log
/// @param record where the decision itself is
public record TraceDecision(
        Verdict verdict,
        String policy,
        long threshold,
        long ruleThreshold,
        long leastThreshold,
        boolean incomplete,
        long version,
        int fragment,
        Upgrade upgrade,
        Instant closedAt,
        Instant decidedAt,
        Digest digest,
        Stretch spans,
        Stretch record) {

    /// What became of the spans.
    public enum Verdict {
        KEEP,
        DROP,
        /// They could not be enriched and lie in the dead letters.
        REFUSED
    }

    /// How far a trace that had been dropped is on its way back.
    public enum Upgrade {
        /// It is not.
        NONE,
        /// From these late spans on it is kept; the earlier ones are to be read back.
        ASKED,
        /// These are its earlier spans, or what was left of them.
        DONE
    }

    /// The spans in a few figures.
    ///
    /// @param rootService the service of the root, or of the earliest span when no root has come
    /// @param rootOperation the name of that span
    /// @param hasRoot whether a span without a parent has come
    /// @param startNanos the earliest start, nanoseconds since the epoch
    /// @param durationNanos from the earliest start to the latest end
    /// @param spans how many, duplicates left out
    /// @param errors how many of them failed
    /// @param duplicates how many copies were left out
    /// @param bytes what they take
    /// @param services the distinct services, sorted
    public record Digest(
            String rootService,
            String rootOperation,
            boolean hasRoot,
            long startNanos,
            long durationNanos,
            int spans,
            int errors,
            int duplicates,
            long bytes,
            List<String> services) {

        public Digest {
            services = List.copyOf(services);
        }
    }

    /// Some records of the log, among others that lie between them.
    ///
    /// @param lastOffset that of the last of them
    public record Stretch(String topic, int partition, long firstOffset, long lastOffset) {}
}
