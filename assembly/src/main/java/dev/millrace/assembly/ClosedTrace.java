package dev.millrace.assembly;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import java.util.List;

/// A trace, or a late fragment of one, that has received its last span.
///
/// @param fragment 0 for the trace itself, 1 and up for its late fragments
/// @param firstOffset the offset of its first record
/// @param lastOffset the offset of its last record
/// @param closedAt the log time at which it was closed, milliseconds since the epoch
/// @param decidedAt the log time of the trace's first verdict, which a late fragment inherits
/// @param parts how many parts it was cut into
/// @param digest of this fragment alone
/// @param minutes in which of the log's its spans came; what is read back from a decision has none
public record ClosedTrace(
        Tenant tenant,
        TraceId traceId,
        int fragment,
        long firstOffset,
        long lastOffset,
        long closedAt,
        long decidedAt,
        int parts,
        Digest digest,
        List<LogMinute> minutes) {

    public ClosedTrace {
        minutes = List.copyOf(minutes);
    }

    /// Whether it consists of spans that came after the trace was complete.
    public boolean late() {
        return fragment > 0;
    }
}
