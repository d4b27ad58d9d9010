package dev.millrace.pipeline;

import dev.millrace.assembly.Resumption;
import dev.millrace.model.TraceId;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;

/// What stands beside the aggregator's committed offset: where a new owner resumes and what it has
/// to read of `sampling-decisions`.
///
/// The committed offset itself is the position, so lag means lag.
///
/// @param decisionsFrom no decision that the new owner needs lies before this offset
/// @param version the number of the version that holds at the position; 0 for the first, where
///   nothing was decided yet
/// @param entry the number of the newest entry of this partition in `ledger`; 0 for none
record CommitMetadata(Resumption resumption, long decisionsFrom, long version, long entry) {

    private static final Pattern TEXT =
            Pattern.compile(
                    "v3 resume=(\\d+) time=(-?\\d+) decisions=(\\d+) version=(\\d+)"
                            + " entry=(\\d+)(?: trace=([0-9a-f]{32}) parts=(\\d+))?");

    OffsetAndMetadata encode() {
        var begun = resumption.begun();
        return new OffsetAndMetadata(
                resumption.position(),
                "v3 resume="
                        + resumption.resumeOffset()
                        + " time="
                        + resumption.logTime()
                        + " decisions="
                        + decisionsFrom
                        + " version="
                        + version
                        + " entry="
                        + entry
                        + (begun == null
                                ? ""
                                : " trace=" + begun.traceId() + " parts=" + begun.parts()));
    }

    /// @throws IllegalStateException when the metadata is not ours
    static CommitMetadata decode(OffsetAndMetadata committed) {
        var matcher = TEXT.matcher(committed.metadata());
        if (!matcher.matches()) {
            throw new IllegalStateException(
                    "commit metadata: \""
                            + committed.metadata()
                            + "\" (expected: v3 resume=… time=… decisions=… version=… entry=…; was the group used by"
                            + " another program?)");
        }
        return new CommitMetadata(
                new Resumption(
                        committed.offset(),
                        Long.parseLong(matcher.group(1)),
                        Long.parseLong(matcher.group(2)),
                        matcher.group(6) == null
                                ? null
                                : new Resumption.Begun(
                                        TraceId.parse(matcher.group(6)),
                                        Integer.parseInt(matcher.group(7)))),
                Long.parseLong(matcher.group(3)),
                Long.parseLong(matcher.group(4)),
                Long.parseLong(matcher.group(5)));
    }
}
