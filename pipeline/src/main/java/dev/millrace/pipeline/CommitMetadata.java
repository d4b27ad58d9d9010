package dev.millrace.pipeline;

import dev.millrace.assembly.Resumption;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;

/// What stands beside the aggregator's committed offset: where a new owner resumes and what it has
/// to read of `sampling-decisions`.
///
/// The committed offset itself is the position, so lag means lag.
///
/// @param decisionsFrom no decision that the new owner needs lies before this offset
record CommitMetadata(Resumption resumption, long decisionsFrom) {

    private static final Pattern TEXT =
            Pattern.compile("v1 resume=(\\d+) time=(-?\\d+) decisions=(\\d+)");

    OffsetAndMetadata encode() {
        return new OffsetAndMetadata(
                resumption.position(),
                "v1 resume="
                        + resumption.resumeOffset()
                        + " time="
                        + resumption.logTime()
                        + " decisions="
                        + decisionsFrom);
    }

    /// @throws IllegalStateException when the metadata is not ours
    static CommitMetadata decode(OffsetAndMetadata committed) {
        var matcher = TEXT.matcher(committed.metadata());
        if (!matcher.matches()) {
            throw new IllegalStateException(
                    "commit metadata: \""
                            + committed.metadata()
                            + "\" (expected: v1 resume=… time=… decisions=…; was the group used by"
                            + " another program?)");
        }
        return new CommitMetadata(
                new Resumption(
                        committed.offset(),
                        Long.parseLong(matcher.group(1)),
                        Long.parseLong(matcher.group(2))),
                Long.parseLong(matcher.group(3)));
    }
}
